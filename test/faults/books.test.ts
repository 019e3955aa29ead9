/*
 * The books find what they are for: each case is a world that balances, with one thing changed.
 */
import { describe, expect, it } from "vitest";
import { answer, type Changed, holdingsOf, ID, idle, kinds, order, OTHER_ID, paid, task } from "./balanced.ts";
import { checkBooks } from "./books.ts";
import { FORGED_MARK } from "./forge.ts";
import { newJournal } from "./journal.ts";

const other = { ...task, requestId: OTHER_ID, sessionId: "t" };
const otherPaid = { ...paid, vendorTaskId: "v2", sessionId: `${OTHER_ID}-1` };

describe("balanced", () => {
  it.each<[string, Changed]>([
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
      "a task whose content was removed",
      { gateway: [{ ...task, erased: true, urls: [] }], journal: { erased: new Set([ID]) } },
    ],
    [
      "a read that is not answered while D1 is away",
      {
        journal: {
          serverErrors: [{ at: 5, sentAt: 4, status: 503, code: "unavailable", what: "GET /x" }],
          recordAway: [{ from: 4, to: 6 }],
        },
      },
    ],
    [
      "a large submission that is not taken while R2 is away",
      {
        journal: {
          serverErrors: [{ at: 5, sentAt: 4, status: 503, code: "unavailable", what: "POST /x", large: true }],
          filesAway: [{ from: 4, to: 6 }],
        },
      },
    ],
    [
      "a 503 that names a task which was not taken",
      { journal: { submissions: [answer, { ...answer, status: 503, requestId: OTHER_ID }] } },
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
  it.each<[string, string, Changed]>([
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
    [
      "wrong_result",
      "another file",
      { gateway: [{ ...task, urls: ["http://vendor.test/2.mp4"] }], holdings: holdingsOf([task], [paid]) },
    ],
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
    [
      "server_error",
      "a submission that is not taken while D1 is away",
      {
        journal: {
          serverErrors: [{ at: 5, sentAt: 4, status: 503, code: "unavailable", what: "POST /x" }],
          recordAway: [{ from: 4, to: 6 }],
        },
      },
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
  const holdings = holdingsOf([task], [paid]);
  const input = { orders: [order], gateway: [task], vendor: [paid], holdings, queue: idle };
  expect(checkBooks({ ...input, journal }).totals).toMatchObject({ lostCallbacks: 1, healSecondsMax: 4 });
  const delivered = { ...journal, delivered: new Set(["v1"]) };
  expect(checkBooks({ ...input, journal: delivered }).totals).toMatchObject({ lostCallbacks: 0, healSecondsMax: null });
});
