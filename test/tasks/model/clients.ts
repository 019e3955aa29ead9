/* What clients ask, and what they may be answered. */
import { erasedName, nameHash } from "../../../src/signing/name-hash.ts";
import { isTerminal } from "../../../src/tasks/state.ts";
import { REQUESTS, VIDEO } from "../../support/client.ts";
import { CAR, type Json } from "../../support/gateway.ts";
import { must, type Row, type World } from "./world.ts";

export type Submission = { owner: string; sessionId: string | undefined; key: string | undefined; alone: boolean };

/** Posts it; the answer is judged when it comes. */
export function post(world: World, submission: Submission, body: Json): void {
  const { owner, sessionId, key } = submission;
  const answered = world
    .call("POST", VIDEO, owner, {
      headers: { "content-type": "application/json", ...(key && { "idempotency-key": key }) },
      body: JSON.stringify({ ...CAR, ...body, ...(sessionId && { session_id: sessionId }) }),
    })
    .then(async (response) => judge(world, submission, response))
    .catch((error: unknown) => void world.complaints.push(String(error)))
    .finally(() => world.open.delete(answered));
  world.open.add(answered);
}

async function judge(world: World, submission: Submission, response: Response): Promise<void> {
  const { owner, sessionId, alone } = submission;
  const answer = await response.json<Json>();
  if (world.excused(response)) return;
  const id = String(answer.request_id);
  const text = () => `${response.status} ${JSON.stringify(answer)}`;
  const { rows, inObject, claims } = await world.books();
  const row = rows.get(id) ?? inObject.get(id);
  must(row?.owner === owner, () => `an answer names a task that its owner does not have: ${text()}`);
  const replayed = response.headers.get("idempotent-replayed") === "true";
  switch (response.status) {
    case 200:
      must(row !== undefined && (await isNamed(row, sessionId)), () => `the answer is another request's: ${text()}`);
      must(replayed || !world.known.has(id), () => `two submissions got one task: ${text()}`);
      if (!replayed) {
        world.known.add(id);
        if (row) world.tell(row, Number(answer.queue_position));
      }
      return;
    case 409:
      must(
        answer.code === "duplicate_session_id" && row !== undefined && (await isNamed(row, sessionId)),
        () => `not the same session: ${text()}`,
      );
      must(
        !alone || claims.get(`${owner}/${row?.session_id}`) === id,
        () => `refused for a session_id that was given back: ${text()}`,
      );
      return;
    default:
      must(
        answer.code === "idempotency_key_reused" || row?.status === "failed",
        () => `a submission was answered with ${text()}, its task is ${row?.status}`,
      );
  }
}

/** Whether a task has this session_id, or what stands for it since its content was removed. */
async function isNamed({ owner, session_id: stored }: Row, sessionId: string | undefined): Promise<boolean> {
  if (sessionId === undefined) return stored === null;
  return stored === sessionId || stored === erasedName(await nameHash(owner, sessionId));
}

/** Reads as a task's client does, and compares with what is stored. */
export async function read(world: World, id: string, owner: string): Promise<void> {
  const row = await world.row(id);
  if (!row) throw new Error("It was there a moment ago.");
  const response = await world.call("GET", `${REQUESTS}/${id}/status`, owner);
  const status = await response.json<Json>();
  if (world.excused(response)) return;
  const over = isTerminal(row.status);
  must(
    (status.status === "COMPLETED") === over,
    () => `${id} is ${row.status}, its client reads ${JSON.stringify(status)}`,
  );
  if (status.status === "IN_QUEUE") world.tell(row, Number(status.queue_position));
  await readResult(world, row);
}

async function readResult(world: World, row: Row): Promise<void> {
  const result = await world.call("GET", `${REQUESTS}/${row.id}`, row.owner);
  const answer = await result.json<Json>();
  if (world.excused(result)) return;
  const text = () => `${row.id} is ${row.status}, its result ${result.status} ${JSON.stringify(answer)}`;
  if (row.deleted_at !== null) return must(result.status === 410, text);
  must(isTerminal(row.status) || result.status === 400, text);
  must((result.status === 200) === (row.status === "succeeded"), text);
  if (row.status !== "succeeded") return;
  const made = JSON.parse(row.result ?? "null") as { Output: { FileInfos: { FileUrl: string }[] } };
  must((answer.video as Json).url === made.Output.FileInfos[0]?.FileUrl, text);
  must(answer.session_id === (row.session_id ?? ""), text);
}
