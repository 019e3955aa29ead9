/*
 * A world in balance, for the tests of the books: each changes one thing.
 */
import { type BooksInput, checkBooks } from "./books.ts";
import type { GatewayTask, PaidTask } from "./both-sides.ts";
import { newJournal, type SubmissionAnswer } from "./journal.ts";
import type { Order } from "./plan.ts";
import type { Holdings } from "./trouble.ts";

export const ID = "01a1fc51-1105-7441-9e2b-e0af13e8b7b1";
export const OTHER_ID = "01a1fc51-1105-7441-9e2b-e0af13e8b7b2";
const URL = "http://vendor.test/1.mp4";

export const order: Order = {
  number: 1,
  owner: "ann",
  dialect: "aigc-video",
  prompt: "a cat",
  body: { prompt: "a cat" },
  sessionId: "s",
  idempotencyKey: "k",
  pauseMs: 0,
  copies: 1,
  follow: false,
  erase: false,
  large: false,
};
export const task: GatewayTask = {
  owner: "ann",
  requestId: ID,
  state: "succeeded",
  sessionId: "s",
  errorCode: "",
  urls: [URL],
  result: "{}",
  finishedAt: 9_000,
  erased: false,
};
export const paid: PaidTask = {
  vendorTaskId: "v1",
  sessionId: `${ID}-1`,
  prompt: "a cat",
  finished: true,
  errorCode: "",
  urls: [URL],
  finishedAt: 5_000,
};
export const answer: SubmissionAnswer = {
  order: 1,
  owner: "ann",
  sent: "first",
  status: 200,
  requestId: ID,
  replayed: false,
};

export const idle = { waiting: 0, running: 0, untold: 0, holdingUntil: null };

type Row = Holdings["record"][number];

/** D1's row of a task that is there as it is shown. */
export function rowOf(
  { requestId, owner, state, errorCode, erased, urls }: GatewayTask,
  vendorTaskId: string | null,
): Row {
  const result = JSON.stringify({ Output: { FileInfos: urls.map((FileUrl) => ({ FileUrl })) } });
  return {
    id: requestId,
    owner,
    action: "CreateAigcVideoTask",
    model_name: "Kling",
    status: state,
    error_code: errorCode || null,
    result: erased ? null : result,
    outline: null,
    request: null,
    vendor_task_id: vendorTaskId,
    finished_at: 9_000,
    deleted_at: erased ? 10_000 : null,
  };
}

/** Stores that hold what is shown, as it is at the vendor. */
export function holdingsOf(gateway: readonly GatewayTask[], vendor: readonly PaidTask[]): Holdings {
  const vendorIdOf = ({ requestId }: GatewayTask) =>
    vendor.find(({ sessionId, errorCode }) => sessionId.startsWith(requestId) && errorCode !== "RequestLimitExceeded")
      ?.vendorTaskId ?? null;
  const record = gateway.map((one) => rowOf(one, vendorIdOf(one)));
  const hourly = Array.from(Map.groupBy(record, ({ owner, status }) => `${owner} ${status}`).values(), (rows) => ({
    hour: 0,
    owner: rows[0]?.owner ?? "",
    action: "CreateAigcVideoTask",
    model_name: "Kling",
    status: rows[0]?.status ?? "",
    tasks: rows.length,
  }));
  return { record, hourly, files: [], untold: [], told: 0, lives: 1 };
}

export type Changed = Partial<Omit<BooksInput, "journal" | "holdings">> & {
  journal?: object;
  holdings?: Partial<Holdings>;
};

/** A world in balance, but for what is given. */
export function kinds({ journal, holdings, gateway = [task], vendor = [paid], ...changed }: Changed): string[] {
  const whole = { ...newJournal(), submissions: [answer], ...journal };
  const stores = { ...holdingsOf(gateway, vendor), ...holdings };
  const world = { orders: [order], gateway, vendor, queue: idle, ...changed };
  return checkBooks({ ...world, holdings: stores, journal: whole }).violations.map(({ kind }) => kind);
}
