/* The books of both sides: what holds after every step, and what holds at rest. */
import { env } from "cloudflare:workers";
import { isTerminal } from "../../../src/tasks/state.ts";
import { createVodClient } from "../../../src/vod/client.ts";
import { storableTask } from "../../../src/vod/stored-task.ts";
import { taskOf } from "../../../src/vod/tasks.ts";
import { emulator, type EmulatorTask, type Json } from "../../support/gateway.ts";
import { read } from "./clients.ts";
import { VENDOR_FAILURE } from "./outcomes.ts";
import { type Books, CONCURRENCY, must, type Row, type World } from "./world.ts";

/** At rest: longer than most pauses of the object, and in all far less than the three days the vendor remembers. */
export const REST_STEP_SECONDS = 11 * 60;
const REST_STEPS_MAX = 80;
/** The others do not wait longer for a task that nobody finds; what is found or sent then is one too many for a while. */
const DOUBT_HOLDS_SLOT_MS = 30 * 60 * 1000;
/** Faults that were never met are used up by asking so often. */
const ASKS_MAX = 40;

const taskIdOf = ({ SessionId }: EmulatorTask) => SessionId.replace(/-\d+$/, "");
const attemptOf = ({ SessionId }: EmulatorTask) => Number(SessionId.split("-").at(-1));

/** What holds after every step. */
export async function checkBooks(world: World): Promise<void> {
  must(world.complaints.length === 0, () => world.complaints.join("; "));
  const { rows, inObject, inRecord, claims, paid } = await world.books();
  for (const task of paid) if (!world.outcomes.has(task.TaskId)) world.outcomes.set(task.TaskId, world.outcome);
  const orphan = paid.find((task) => !rows.has(taskIdOf(task)));
  must(orphan === undefined, () => `${orphan?.SessionId} is paid, and the gateway has no such task`);
  must(new Set(paid.map(({ SessionId }) => SessionId)).size === paid.length, () => "a SessionId was accepted twice");
  const working = paid.filter(({ Status }) => Status !== "FINISH").length;
  must(working <= slotsOf(world, rows), () => `the vendor works on ${working} tasks at once`);
  for (const { id, told, rev } of inObject.values())
    must(told === 0 || (inRecord.get(id)?.rev ?? -1) >= rev, () => `${id} counts as told, and the record lacks it`);

  const attempts = Map.groupBy(paid, taskIdOf);
  for (const row of rows.values()) checkTask(world, row, attempts.get(row.id) ?? [], claims);
  await checkReport(world, rows);
}

function slotsOf(world: World, rows: Books["rows"]): number {
  const old = world.nowMs - DOUBT_HOLDS_SLOT_MS;
  const sentLongAgo = Array.from(rows.values()).filter(
    ({ status, submitted_at: sentAt }) => !isTerminal(status) && sentAt !== null && sentAt < old,
  );
  return CONCURRENCY + sentLongAgo.length;
}

async function checkReport(world: World, byId: Books["rows"]): Promise<void> {
  const rows = Array.from(byId.values());
  const report = await world.gateway.services.dispatcher.report();
  // One of which an event speaks does not wait until that is known to be so or not.
  const waiting = rows.filter(({ status, hint }) => status === "queued" && !hint).length;
  const running = rows.filter(({ status }) => status !== "queued" && !isTerminal(status)).length;
  const told = () => `the object says ${JSON.stringify(report)}, its rows ${rows.map(inShort).join(", ")}`;
  must(report.running <= slotsOf(world, byId), told);
  must(report.waiting === waiting && report.running === running, told);
}

function inShort({ id, status, attempt, submitted_at: sentAt, vendor_task_id: vendorTaskId }: Row): string {
  return [id.slice(-4), status, `attempt ${attempt}`, sentAt ?? "not sent", vendorTaskId?.slice(-5) ?? "-"].join(" ");
}

/** One task against its attempts at the vendor. */
function checkTask(world: World, row: Row, attempts: EmulatorTask[], claims: Map<string, string>): void {
  const outcomeOf = (task: EmulatorTask) => world.outcomes.get(task.TaskId);
  const real = attempts.filter((task) => outcomeOf(task) !== "no_room");
  const [one] = real;
  const text = (problem: string) => () =>
    `${row.id} (${row.status} ${row.error_code ?? ""}, attempt ${row.attempt}): ${problem}; the vendor has ${
      attempts.map((task) => `${task.SessionId.slice(-1)} ${outcomeOf(task)} ${task.Status}`).join(", ") || "nothing"
    }`;

  must(real.length <= 1, text("paid twice"));
  must(
    attempts.every((task) => attemptOf(task) <= row.attempt),
    text("an attempt that was never begun"),
  );
  must(
    real.every((task) => attemptOf(task) === row.attempt),
    text("an attempt was given up that the vendor works on"),
  );
  must(row.status !== "expired", text("nobody found out what became of it"));
  if (row.status === "canceled") must(!one, text("canceled, and paid"));
  if (row.status === "succeeded") {
    const same = one?.TaskId === row.vendor_task_id && one?.Status === "FINISH" && outcomeOf(one) === "success";
    must(same, text("not what the vendor has"));
  }
  if (row.status === "failed") {
    const byVendor = one?.Status === "FINISH" && outcomeOf(one) === "failure" && row.error_code === VENDOR_FAILURE;
    must(byVendor || !one, text("not what the vendor has"));
  }
  checkEnd(world, row, text);
  checkSession(row, attempts, claims, text);
}

function checkEnd(world: World, row: Row, text: (problem: string) => () => string): void {
  if (world.erased.has(row.id)) must(row.result === null && row.deleted_at !== null, text("its content is back"));
  const last = world.ends.get(row.id);
  const content = world.erased.has(row.id) ? null : row.result;
  const end = JSON.stringify([row.status, row.error_code, row.vendor_task_id, row.finished_at]);
  must(last === undefined || last === end, text(`was ${last} before`));
  if (!isTerminal(row.status)) return;
  world.ends.set(row.id, end);
  must(row.status !== "succeeded" || world.erased.has(row.id) || content !== null, text("its result is gone"));
}

function checkSession(
  row: Row,
  attempts: EmulatorTask[],
  claims: Map<string, string>,
  text: (problem: string) => () => string,
): void {
  if (row.session_id === null) return;
  // An attempt that the vendor took and then had no room for counts: it reached the vendor.
  const keeps = attempts.length > 0 || !isTerminal(row.status);
  const holder = claims.get(`${row.owner}/${row.session_id}`);
  must(!keeps || holder === row.id, text(`its session_id belongs to ${holder}`));
  must(keeps || holder !== row.id, text("its session_id was not given back"));
}

/** Faults stop; nobody tells the gateway anything more. It must find out by itself. */
export async function driveToRest(world: World): Promise<void> {
  world.network.holdNext = undefined;
  world.outcome = "success";
  world.record.mode = "there";
  await emulator.call("PUT", "config", { outcome: "success", task_seconds: 60 });
  world.network.giveUpAll();
  await world.quiet();
  for (let passed = 0; passed < REST_STEPS_MAX; passed++) {
    await world.advance(REST_STEP_SECONDS);
    await world.quiet();
    await checkBooks(world);
    const books = await world.books();
    const active = Array.from(books.rows.values()).filter(({ status }) => !isTerminal(status));
    const { untold } = await world.gateway.services.dispatcher.report();
    if (active.length + untold + world.open.size > 0) continue;
    await checkRest(world, books);
    return;
  }
  const left = (await world.tasks()).filter(({ status }) => !isTerminal(status));
  throw new Error(
    `never over: ${left.map(({ id, status }) => `${id} ${status}`).join(", ")}; unanswered: ${world.open.size}`,
  );
}

async function checkRest(world: World, { rows, inRecord, paid }: Books): Promise<void> {
  must(
    paid.every((task) => task.Status === "FINISH"),
    () => "the vendor works on a task nobody waits for",
  );
  must(inRecord.size === rows.size, () => `the record has ${inRecord.size} of ${rows.size} tasks`);
  const counted = await env.DB.prepare("SELECT coalesce(sum(tasks), 0) AS n FROM hourly_counts").first<Json>();
  must(counted?.n === rows.size, () => `${String(counted?.n)} of ${rows.size} tasks are counted`);
  for (const row of rows.values()) await checkResult(world, row);
}

async function checkResult(world: World, row: Row): Promise<void> {
  await read(world, row.id, row.owner);
  if (row.status !== "succeeded" || world.erased.has(row.id)) return;
  const deps = { fetch: (request: Request) => env.EMULATOR.fetch(request), now: () => Date.now() };
  const vod = createVodClient(world.gateway.services.config.vod, { ...world.gateway.services.deps, ...deps });
  let answer = await vod.describeTask(row.vendor_task_id ?? "");
  for (let tries = 0; !answer.ok && tries < ASKS_MAX; tries++)
    answer = await vod.describeTask(row.vendor_task_id ?? "");
  const task = answer.ok ? taskOf(answer.value) : undefined;
  must(
    task !== undefined && storableTask(task) === row.result,
    () => `${row.id} has another result than the vendor: ${row.result}`,
  );
}
