/*
 * The books find what they are for: each case is a world that balances, with one thing changed.
 */
import { describe, expect, it } from "vitest";
import { type BooksInput, checkBooks } from "./books.ts";
import type { GatewayTask, PaidTask } from "./both-sides.ts";
import { FORGED_MARK } from "./forge.ts";
import { newJournal, type SubmissionAnswer } from "./journal.ts";
import type { Order } from "./plan.ts";

const ID = "01a1fc51-1105-7441-9e2b-e0af13e8b7b1";
const OTHER_ID = "01a1fc51-1105-7441-9e2b-e0af13e8b7b2";
const URL = "http://vendor.test/1.mp4";

const order: Order = {
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
};
const task: GatewayTask = {
  owner: "ann",
  requestId: ID,
  state: "succeeded",
  sessionId: "s",
  errorCode: "",
  urls: [URL],
  result: "{}",
  finishedAt: 9_000,
};
const paid: PaidTask = {
  vendorTaskId: "v1",
  sessionId: `${ID}-1`,
  prompt: "a cat",
  finished: true,
  errorCode: "",
  urls: [URL],
  finishedAt: 5_000,
};
const answer: SubmissionAnswer = {
  order: 1,
  owner: "ann",
  sent: "first",
  status: 200,
  requestId: ID,
  replayed: false,
};

/** A world in balance, but for what is given. */
function kinds({ journal, ...changed }: Partial<Omit<BooksInput, "journal">> & { journal?: object }): string[] {
  const whole = { ...newJournal(), submissions: [answer], ...journal };
  const { violations } = checkBooks({ orders: [order], gateway: [task], vendor: [paid], ...changed, journal: whole });
  return violations.map(({ kind }) => kind);
}

const other = { ...task, requestId: OTHER_ID, sessionId: "t" };
const otherPaid = { ...paid, vendorTaskId: "v2", sessionId: `${OTHER_ID}-1` };

describe("balanced", () => {
  it.each<[string, Parameters<typeof kinds>[0]]>([
    ["one task, one payment", {}],
    [
      "an attempt for which there was no room",
      {
        vendor: [
          { ...paid, errorCode: "RequestLimitExceeded" },
          { ...paid, sessionId: `${ID}-2` },
        ],
      },
    ],
    [
      "canceled and not paid",
      { gateway: [{ ...task, state: "canceled", urls: [] }], vendor: [], journal: { canceled: new Set([ID]) } },
    ],
    ["refused", { gateway: [{ ...task, state: "failed", errorCode: "UnknownParameter", urls: [] }], vendor: [] }],
    [
      "failed as at the vendor",
      {
        gateway: [{ ...task, state: "failed", errorCode: "X", urls: [] }],
        vendor: [{ ...paid, errorCode: "X", urls: [] }],
      },
    ],
    ["a session_id that was given back", { gateway: [task, { ...other, sessionId: "s", state: "canceled" }] }],
    [
      "a 5xx from a gateway that is being killed",
      { journal: { serverErrors: [{ at: 5, sentAt: 4, status: 500, what: "" }], down: [{ from: 5, to: 6 }] } },
    ],
    [
      "a forged hint that changed nothing",
      { journal: { forged: [{ kind: "", vendorTaskId: "v1", mustBeRefused: false, status: 200 }] } },
    ],
  ])("%s", (_, world) => {
    expect(kinds(world)).toEqual([]);
  });
});

describe("not balanced", () => {
  it.each<[string, string, Parameters<typeof kinds>[0]]>([
    ["duplicate", "paid twice", { vendor: [paid, { ...paid, sessionId: `${ID}-2` }] }],
    ["lost", "succeeded and not paid", { vendor: [] }],
    ["lost", "paid and unknown", { vendor: [paid, otherPaid] }],
    ["lost", "canceled and paid", { gateway: [{ ...task, state: "canceled", urls: [] }] }],
    ["lost", "its cancellation was confirmed", { journal: { canceled: new Set([ID]) } }],
    ["lost", "accepted and not there", { gateway: [], vendor: [] }],
    [
      "lost",
      "failed for no known reason",
      { gateway: [{ ...task, state: "failed", errorCode: "Y", urls: [] }], vendor: [] },
    ],
    ["lost", "expired", { gateway: [{ ...task, state: "expired", urls: [] }] }],
    ["lost", "never answered", { journal: { gaveUp: [1] } }],
    ["not_terminal", "still running", { gateway: [{ ...task, state: "running", urls: [] }] }],
    ["wrong_result", "another file", { gateway: [{ ...task, urls: ["http://vendor.test/2.mp4"] }] }],
    ["wrong_result", "failed, but the vendor made it", { gateway: [{ ...task, state: "failed", errorCode: "X" }] }],
    ["wrong_result", "another request", { vendor: [{ ...paid, prompt: "a dog" }] }],
    [
      "wrong_session",
      "refused for a task with another session_id",
      {
        gateway: [{ ...task, sessionId: "t" }],
        journal: { submissions: [{ ...answer, status: 409, code: "duplicate_session_id" }] },
      },
    ],
    [
      "forged",
      "a refusable event was taken",
      { journal: { forged: [{ kind: "", vendorTaskId: "v1", mustBeRefused: true, status: 200 }] } },
    ],
    ["forged", "a forged result is shown", { gateway: [{ ...task, result: FORGED_MARK }] }],
    [
      "server_error",
      "500 while it was up",
      { journal: { serverErrors: [{ at: 5, sentAt: 4, status: 500, what: "" }] } },
    ],
    ["strange", "silence while it was up", { journal: { timeouts: [{ at: 5, sentAt: 4, what: "" }] } }],
    [
      "strange",
      "accepted without an id",
      { journal: { submissions: [{ order: 1, owner: "ann", sent: "first", status: 200, replayed: false }] } },
    ],
  ])("%s: %s", (kind, _, world) => {
    expect(kinds(world)).toEqual([kind]);
  });

  it("two tasks that keep one session_id", () => {
    const world = { gateway: [task, { ...other, sessionId: "s" }], vendor: [paid, otherPaid] };
    expect(kinds(world)).toEqual(["wrong_session", "wrong_session"]);
  });

  it("two tasks for one Idempotency-Key", () => {
    const submissions = [answer, { ...answer, requestId: OTHER_ID }];
    expect(kinds({ gateway: [task, other], vendor: [paid, otherPaid], journal: { submissions } })).toEqual([
      "wrong_key",
      "wrong_key",
    ]);
  });
});

it("measures how long a task took whose event was lost, and only of such tasks", () => {
  const journal = { ...newJournal(), submissions: [answer] };
  const input = { orders: [order], gateway: [task], vendor: [paid] };
  expect(checkBooks({ ...input, journal }).totals).toMatchObject({ lostCallbacks: 1, healSecondsMax: 4 });
  const delivered = { ...journal, delivered: new Set(["v1"]) };
  expect(checkBooks({ ...input, journal: delivered }).totals).toMatchObject({ lostCallbacks: 0, healSecondsMax: null });
});
