import { inputsKeptFrom } from "../tasks/input-retention.ts";
import { createSessionToken, verifySessionToken } from "../signing/session-token.ts";
import { log } from "../log.ts";
import type { ObjectServices } from "../services.ts";
import type { CreateAction } from "../vod/requests.ts";
import { storableTask } from "../vod/stored-task.ts";
import { originOf, taskOf, verdictOf } from "../vod/tasks.ts";
import { producedIds } from "../vod/vendor-ids.ts";
import { attemptOf, vendorSessionId } from "./session-id.ts";
import type { CreateOutcome, Effect, LookOutcome, ReadOutcome } from "./effects.ts";

type Of<Kind extends Effect["kind"]> = Extract<Effect, { kind: Kind }>;

/** Calls the vendor for a task. Never throws. */
export async function runCreate({ config, store, vod }: ObjectServices, effect: Of<"create">): Promise<CreateOutcome> {
  const { id, owner, attempt, request } = effect;
  let sessionContext: string;
  try {
    sessionContext = await createSessionToken({ taskId: id, attempt, owner, roots: config.roots });
  } catch {
    // An owner whose name fits no token: nothing of it can ever be sent.
    return { kind: "unsent", gone: true };
  }
  const stored =
    "inline" in request
      ? request.inline
      : { size: request.bytes, open: async () => (await store.blobs.open(request.blob))?.body ?? null };
  const session = { sessionId: vendorSessionId(id, attempt), sessionContext };
  const result = await vod.createTask(effect.action as CreateAction, stored, session);
  if (result.ok) return { kind: "accepted", vendorTaskId: result.value.TaskId };
  const { error } = result;
  if (error.kind !== "refused") return error;
  return { kind: "refused", code: error.code, message: error.message, vendorRequestId: error.requestId };
}

/** Reads a task at the vendor; the reading counts only if it carries our token for this task. */
export async function runRead({ config, vod }: ObjectServices, effect: Of<"read">): Promise<ReadOutcome> {
  const answer = await vod.describeTask(effect.vendorTaskId);
  if (!answer.ok) {
    const { error } = answer;
    if (error.kind === "silent") return error;
    return error.rule.fault === "client"
      ? { kind: "absent", code: error.code }
      : { kind: "silent", reason: error.code };
  }
  const detail = answer.value;
  const task = taskOf(detail);
  const verdict = verdictOf(detail);
  if (!task) {
    const aborted = verdict.state === "failed" && verdict.code === "aborted";
    return aborted ? { kind: "aborted", message: verdict.message } : { kind: "foreign" };
  }
  const token = await verifySessionToken({ token: task.SessionContext, roots: config.roots });
  if (!token.ok || token.taskId !== effect.id) return { kind: "foreign" };
  const result = verdict.state === "processing" ? "" : storableTask(task);
  return { kind: "read", attempt: token.attempt, verdict, result, origin: originOf(detail) };
}

/** Looks for what was sent and not answered. */
export async function runLook({ vod }: ObjectServices, effect: Of<"look">): Promise<LookOutcome> {
  const { sessionIds, everyAttemptOf, from, to } = effect;
  const ids = new Set(everyAttemptOf);
  const isWanted = ids.size > 0 ? (sessionId: string) => ids.has(attemptOf(sessionId).id) : undefined;
  const { found, complete, answered } = await vod.findTasks({ sessionIds, isWanted, createdFrom: from, createdTo: to });
  return { found: Object.fromEntries(found), complete, answered };
}

/** D1 that takes longer counts as away. What it does all the same is no harm: a batch may be repeated. */
const TELL_TIMEOUT_MS = 20_000;

/** Gives finished tasks to the record. @returns whether it is sure to have them */
export async function runTell({ store, config, deps }: ObjectServices, effect: Of<"tell">): Promise<boolean> {
  const keptFrom = inputsKeptFrom(config, deps.now());
  const tasks = effect.tasks.map((task) => (task.created_at < keptFrom ? { ...task, request: null } : task));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      log("warn", "record.no_answer", { count: effect.tasks.length });
      resolve(false);
    }, TELL_TIMEOUT_MS);
  });
  try {
    const told = store.record.tell(tasks, ({ result }) => (result === null ? [] : producedIds(result)));
    return await Promise.race([told.then(() => true), late]);
  } finally {
    clearTimeout(timer ?? null);
  }
}
