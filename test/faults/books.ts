import type { GatewayTask, PaidTask } from "./both-sides.ts";
import { changedPrompt } from "./client.ts";
import { isExcused, isWhileDown } from "./excuses.ts";
import { FORGED_MARK } from "./forge.ts";
import type { Journal, ServerError, SubmissionAnswer } from "./journal.ts";
import type { Order } from "./plan.ts";
import type { Queue } from "./queue.ts";
import { judgeStores } from "./stores.ts";
import type { Holdings } from "./trouble.ts";
import { isTerminal, NO_ROOM, realOnes, requestIdOf, type Violation, type ViolationKind } from "./verdict.ts";

/** What a task may be refused for in a soak: its own fault, what the plan has the vendor say, and signatures that expire one after another. */
const REFUSALS: ReadonlySet<string> = new Set([
  "UnknownParameter",
  "LimitExceeded",
  "InvalidParameterValue",
  "ResourceNotFound",
  "AuthFailure.SignatureExpire",
]);

export type Books = {
  violations: Violation[];
  totals: {
    accepted: number;
    refused: number;
    canceled: number;
    vendorTasks: number;
    /** Without those the vendor ended for lack of room. */
    paid: number;
    lostCallbacks: number;
    healSecondsMedian: number | null;
    healSecondsMax: number | null;
    forgedTried: number;
    forgedAccepted: number;
  };
};

export type BooksInput = {
  orders: readonly Order[];
  journal: Journal;
  gateway: readonly GatewayTask[];
  vendor: readonly PaidTask[];
  /** What the stores hold when all is over. */
  holdings: Holdings;
  /** What the dispatcher says of itself then. */
  queue: Queue | undefined;
};

/** Compares what the gateway took, what the vendor was paid for, and what clients were told. */
export function checkBooks({ orders, journal, gateway, vendor, holdings, queue }: BooksInput): Books {
  const attempts = Map.groupBy(vendor, ({ sessionId }) => requestIdOf(sessionId));
  const tasks = new Map(gateway.map((task) => [task.requestId, task]));
  const verdicts = gateway.map((task) => judgeTask(task, attempts.get(task.requestId) ?? []));
  const orphans = vendor
    .filter(({ sessionId }) => !tasks.has(requestIdOf(sessionId)))
    .map((paid): Violation => ({
      kind: "lost",
      text: `${paid.vendorTaskId} is paid, and the gateway has no such task`,
    }));
  const forgedSeen = gateway.filter(({ result }) => result.includes(FORGED_MARK));
  const forgedTaken = journal.forged.filter(({ mustBeRefused, status }) => mustBeRefused && status < 300);
  const heals = healSeconds(journal, gateway, vendor);
  const paid = vendor.filter(({ errorCode }) => errorCode !== NO_ROOM);

  return {
    violations: [
      ...verdicts.flat(),
      ...orphans,
      ...judgeStores({ holdings, queue, journal, gateway, vendor }),
      ...judgeAnswers(orders, journal, tasks, attempts),
      ...judgeSessions(gateway, attempts),
      ...judgeKeys(orders, journal, tasks, attempts),
      ...forgedSeen.map(({ requestId }): Violation => ({ kind: "forged", requestId, text: "shows a forged result" })),
      ...forgedTaken.map((event): Violation => ({ kind: "forged", text: `${event.kind}: HTTP ${event.status}` })),
      ...journal.serverErrors.filter((error) => !isExcused(error, journal)).map(serverErrorViolation),
      ...journal.timeouts
        .filter((timeout) => !isWhileDown(timeout, journal))
        .map(({ what }): Violation => ({ kind: "strange", text: `no answer to ${what}` })),
      ...journal.strange.map(({ requestId, text }): Violation => ({ kind: "strange", requestId, text })),
      ...journal.gaveUp.map((order): Violation => ({ kind: "lost", text: `order ${order} was never answered` })),
    ],
    totals: {
      accepted: gateway.length,
      refused: gateway.filter((task) => isRefused(task, attempts.get(task.requestId) ?? [])).length,
      canceled: gateway.filter(({ state }) => state === "canceled").length,
      vendorTasks: vendor.length,
      paid: paid.length,
      lostCallbacks: heals.length,
      healSecondsMedian: heals[Math.floor(heals.length / 2)] ?? null,
      healSecondsMax: heals.at(-1) ?? null,
      forgedTried: journal.forged.length,
      forgedAccepted: forgedTaken.length + forgedSeen.length,
    },
  };
}

function isRefused(task: GatewayTask, attempts: readonly PaidTask[]): boolean {
  return task.state === "failed" && realOnes(attempts).length === 0;
}

/** Whether `session_id` and Idempotency-Key were given back: no work was done. */
function isGivenBack(task: GatewayTask, attempts: readonly PaidTask[]): boolean {
  return task.state === "canceled" || isRefused(task, attempts);
}

/** One task of the gateway against its attempts at the vendor. */
function judgeTask(task: GatewayTask, attempts: readonly PaidTask[]): Violation[] {
  const { requestId, state } = task;
  const real = realOnes(attempts);
  const [one] = real;
  const violation = (kind: ViolationKind, text: string): Violation[] => [{ kind, requestId, text }];
  if (real.length > 1) {
    return violation("duplicate", `paid ${real.length} times: ${real.map(({ sessionId }) => sessionId).join(", ")}`);
  }
  if (!isTerminal(state)) return violation("not_terminal", `is ${state}; the vendor has ${describe(attempts)}`);
  if (state === "expired") return violation("lost", `expired within minutes; the vendor has ${describe(attempts)}`);
  if (state === "canceled") return one ? violation("lost", `canceled, but paid as ${one.vendorTaskId}`) : [];
  if (!one) {
    if (state === "failed" && REFUSALS.has(task.errorCode)) return [];
    return violation("lost", `${state} ${task.errorCode}, but the vendor never did it`);
  }
  const asAtVendor = state === (one.errorCode === "" ? "succeeded" : "failed") && task.errorCode === one.errorCode;
  if (!asAtVendor) return violation("wrong_result", `is ${state} ${task.errorCode}; the vendor has ${describe(real)}`);
  if (!task.erased && task.urls.join() !== one.urls.join()) {
    return violation("wrong_result", `shows ${task.urls.join()}; the vendor has ${one.urls.join()}`);
  }
  return [];
}

function describe(attempts: readonly PaidTask[]): string {
  if (attempts.length === 0) return "nothing";
  return attempts
    .map((task) => `${task.sessionId} ${task.finished ? task.errorCode || "success" : "in progress"}`)
    .join(", ");
}

/** What clients were told against what is there. */
function judgeAnswers(
  orders: readonly Order[],
  { submissions, canceled }: Journal,
  tasks: ReadonlyMap<string, GatewayTask>,
  attempts: ReadonlyMap<string, PaidTask[]>,
): Violation[] {
  const byNumber = new Map(orders.map((order) => [order.number, order]));
  const violations: Violation[] = [];
  for (const answer of submissions) {
    const order = byNumber.get(answer.order);
    if (!order) continue;
    if (answer.requestId === undefined) {
      if (answer.status === 200 || answer.status === 409) {
        violations.push({ kind: "strange", text: `order ${answer.order}: HTTP ${answer.status} names no task` });
      }
      continue;
    }
    const text = wrongAnswer(order, answer, tasks.get(answer.requestId), attempts.get(answer.requestId) ?? []);
    if (text) violations.push({ ...text, requestId: answer.requestId });
  }
  for (const requestId of canceled) {
    const state = tasks.get(requestId)?.state;
    if (state !== "canceled")
      violations.push({ kind: "lost", requestId, text: `its cancellation was confirmed; it is ${state}` });
  }
  return violations;
}

function wrongAnswer(
  order: Order,
  answer: SubmissionAnswer,
  task: GatewayTask | undefined,
  attempts: readonly PaidTask[],
): Violation | undefined {
  // It may have been taken: only asking for it can tell.
  if (!task && answer.status >= 500) return undefined;
  if (task?.owner !== order.owner) {
    return { kind: "lost", text: `order ${order.number} was told of it; its owner has no such task` };
  }
  if (answer.code === "duplicate_session_id" && !task.erased && task.sessionId !== order.sessionId) {
    return { kind: "wrong_session", text: `refused order ${order.number}, whose session_id it does not have` };
  }
  if (answer.status !== 200) return undefined;
  if (answer.sent === "other_body" && answer.replayed) {
    return { kind: "wrong_key", text: `was the answer to another request under order ${order.number}'s key` };
  }
  const prompt = answer.sent === "other_body" ? changedPrompt(order) : order.prompt;
  const foreign = attempts.find((attempt) => attempt.prompt !== prompt);
  return foreign && { kind: "wrong_result", text: `order ${order.number} became "${foreign.prompt}" at the vendor` };
}

/** Of one owner's tasks with one `session_id` at most one may keep it. */
function judgeSessions(gateway: readonly GatewayTask[], attempts: ReadonlyMap<string, PaidTask[]>): Violation[] {
  const keeping = gateway.filter(
    (task) => task.sessionId !== "" && !isGivenBack(task, attempts.get(task.requestId) ?? []),
  );
  const groups = Map.groupBy(keeping, ({ owner, sessionId }) => JSON.stringify([owner, sessionId]));
  return Array.from(groups).flatMap(([name, group]): Violation[] =>
    group.length === 1
      ? []
      : group.map(({ requestId }) => ({ kind: "wrong_session", requestId, text: `one of ${group.length} of ${name}` })),
  );
}

/** Of the tasks that were the answer to one owner's Idempotency-Key at most one may keep it. */
function judgeKeys(
  orders: readonly Order[],
  { submissions }: Journal,
  tasks: ReadonlyMap<string, GatewayTask>,
  attempts: ReadonlyMap<string, PaidTask[]>,
): Violation[] {
  const keyOf = new Map(orders.map((order) => [order.number, order.idempotencyKey]));
  const accepted = submissions.filter(({ status, order }) => status === 200 && keyOf.get(order) !== undefined);
  const groups = Map.groupBy(accepted, ({ owner, order }) => JSON.stringify([owner, keyOf.get(order)]));
  return Array.from(groups).flatMap(([name, group]): Violation[] => {
    const ids = Array.from(new Set(group.map(({ requestId }) => requestId ?? "")));
    const keeping = ids.filter((id) => {
      const task = tasks.get(id);
      return !task || !isGivenBack(task, attempts.get(id) ?? []);
    });
    return keeping.length <= 1
      ? []
      : keeping.map((requestId) => ({ kind: "wrong_key", requestId, text: `one of ${keeping.length} of ${name}` }));
  });
}

function serverErrorViolation({ at, status, what, code }: ServerError): Violation {
  return { kind: "server_error", text: `${new Date(at).toISOString()} HTTP ${status} ${code ?? ""} to ${what}` };
}

/**
 * How long after the vendor's end each task was over whose event never arrived, in ascending order. Tasks that a
 * forged event spoke of are left out: it had the gateway look.
 */
function healSeconds(journal: Journal, gateway: readonly GatewayTask[], vendor: readonly PaidTask[]): number[] {
  const hinted = new Set(journal.forged.map(({ vendorTaskId }) => vendorTaskId));
  const finished = new Map(gateway.map((task) => [task.requestId, task.finishedAt]));
  return vendor
    .filter(({ vendorTaskId, errorCode }) => {
      return errorCode !== NO_ROOM && !journal.delivered.has(vendorTaskId) && !hinted.has(vendorTaskId);
    })
    .map((paid) => ((finished.get(requestIdOf(paid.sessionId)) ?? Number.NaN) - paid.finishedAt) / 1000)
    .filter((seconds) => Number.isFinite(seconds))
    .toSorted((a, b) => a - b);
}
