import { call } from "../../scripts/lib/http.ts";
import { allOver as waitUntilOver } from "./all-over.ts";
import { readStatus } from "./client.ts";
import type { GatewayLab } from "./counted-gateway.ts";
import { hold, release } from "./lab.ts";

/** What a task goes through, in this order; of `poll` as many as its client likes. */
export const PHASES = ["submit", "poll", "event", "result", "again", "deletion"] as const;
export type Phase = (typeof PHASES)[number];

export const PHASE_TITLES: Record<Phase, string> = {
  submit: "submission, the vendor's call included",
  poll: "poll of its status while it runs",
  event: "the vendor's event and the re-read",
  result: "result, read for the first time",
  again: "poll of its status when it is over",
  deletion: "deletion after the retention time",
};

/** How much a client names of its task. */
export const NAMINGS = ["none", "session", "session-and-key"] as const;
export type Naming = (typeof NAMINGS)[number];

export const NAMING_TITLES: Record<Naming, string> = {
  none: "no name",
  session: "session_id",
  "session-and-key": "session_id and Idempotency-Key",
};

const EVENTS_TIMEOUT_MS = 60_000;

/** Ids begin with their time: this makes them the oldest there are. */
const MAKE_OLD = [
  "UPDATE tasks SET id = '00000000' || substr(id, 9) WHERE finished_at IS NOT NULL",
  "UPDATE task_requests SET task_id = '00000000' || substr(task_id, 9)",
  "UPDATE events SET received_at = 0, id = '00000000' || substr(id, 9), task_id = '00000000' || substr(task_id, 9)",
  "UPDATE session_claims SET expires_at = 0, task_id = '00000000' || substr(task_id, 9)",
  "UPDATE idempotency_keys SET expires_at = 0, task_id = '00000000' || substr(task_id, 9)",
];

/**
 * Leads `count` tasks through their whole life, all of them through a phase before any enters the next.
 * @param observed does a phase's work, between whatever it measures
 */
export async function livePhases<Figures>(
  lab: GatewayLab,
  { naming, count, prefix }: { naming: Naming; count: number; prefix: string },
  observed: (work: () => Promise<void>) => Promise<Figures>,
): Promise<Record<Phase, Figures>> {
  const { gateway } = lab;
  let ids: string[] = [];
  const each = (work: (id: string) => Promise<unknown>) => async () => {
    for (const id of ids) await work(id);
  };
  await hold(lab);
  const submit = await observed(async () => {
    for (let index = 0; index < count; index++)
      ids.push(await submitNamed(lab, naming, `${prefix}-${naming}-${index}`));
  });
  const poll = await observed(each((id) => readStatus(lab, id)));
  const event = await observed(async () => {
    await release(lab, 0);
    await allOver(lab);
  });
  const result = await observed(each((id) => readResult(lab, id)));
  const again = await observed(each((id) => readStatus(lab, id)));
  await gateway.database.batch(MAKE_OLD.map((sql) => gateway.database.prepare(sql)));
  ids = [];
  const deletion = await observed(() => gateway.fireCron());
  const left = await gateway.database.prepare("SELECT count(*) AS count FROM tasks").first<number>("count");
  if (left !== 0) throw new Error(`${left} tasks are left after their retention time`);
  return { submit, poll, event, result, again, deletion };
}

/** Size of the database. */
export async function storedBytes({ gateway }: GatewayLab): Promise<number> {
  return (await gateway.database.prepare("SELECT 1").run()).meta.size_after;
}

/** @throws when it is not accepted */
export async function submitNamed(lab: GatewayLab, naming: Naming, name: string): Promise<string> {
  const answer = await call(`${lab.gatewayUrl}/tencent-vod/v1/aigc-video`, {
    apiKey: lab.apiKey,
    headers: naming === "session-and-key" ? { "idempotency-key": name } : {},
    json: {
      model_name: "Kling",
      model_version: "1.6",
      prompt: "A paper boat drifts down a rain-soaked street at dusk, neon reflections, slow dolly shot.",
      ...(naming !== "none" && { session_id: name }),
    },
  });
  const id = (answer.body as { request_id?: unknown }).request_id;
  if (answer.status !== 200 || typeof id !== "string") {
    throw new Error(`HTTP ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  return id;
}

/** @throws when there is none */
async function readResult({ gatewayUrl, apiKey }: GatewayLab, id: string): Promise<void> {
  const { status, body } = await call(`${gatewayUrl}/tencent-vod/v1/requests/${id}`, { apiKey });
  if (status !== 200) throw new Error(`HTTP ${status}: ${JSON.stringify(body)}`);
}

/** Waits until no more than `running` tasks go on. */
export function allOver({ gateway }: GatewayLab, running = 0): Promise<void> {
  return waitUntilOver(gateway, EVENTS_TIMEOUT_MS, running);
}
