/* The look for tasks whose ids never arrived. */
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";
import { FIND_PAGES } from "../../src/vod/find.ts";
import { control, freshEmulator } from "../emulator/support.ts";
import { CAR, clientOf, emulatorClient, type Json, NOW_MS, refusal } from "./support.ts";

const HOUR_MS = 3_600_000;
const recent = { createdFrom: NOW_MS - HOUR_MS, createdTo: NOW_MS };

const page = (sessionIds: (string | null)[], ScrollToken: string | null = "") =>
  Response.json({
    Response: {
      TaskSet: sessionIds.map((SessionId) => ({ TaskId: `v-${SessionId}`, SessionId, Status: "FINISH" })),
      ScrollToken,
      RequestId: "r",
    },
  });

/** A list of these pages; each leads to the next one by its number. */
function listOf(...pages: (Response | Error)[]) {
  const { calls, client } = clientOf((_, number) => {
    const answer = pages[number - 1] ?? page([]);
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const look = (...sessionIds: string[]) => client.findTasks({ sessionIds, ...recent });
  return { bodies: () => calls.map(({ body }) => JSON.parse(body) as Json), client, look };
}

it("a look for whatever fits reads the whole list, and finds all of it", async ({ expect }) => {
  const { bodies, client } = listOf(page(["t-1", "u-1", "t-12"], "t1"), page(["t-2", "v-1"]));
  const isWanted = (sessionId: string) => sessionId.startsWith("t-");
  const look = await client.findTasks({ sessionIds: ["u-1"], isWanted, ...recent });
  expect(look).toEqual({ found: entries("t-1", "u-1", "t-12", "t-2"), complete: true, answered: true });
  expect(bodies()).toHaveLength(2);
});

const entries = (...ids: string[]) => new Map(ids.map((id) => [id, `v-${id}`]));

describe("a look", () => {
  it("asks for the time of the creates, a little more, newest first", async ({ expect }) => {
    const { bodies, look } = listOf(page(["x"], "t1"), page(["y"]));
    expect(await look("a")).toEqual({ found: new Map(), complete: true, answered: true });
    const first = {
      SubAppId: 251007502,
      CreateTime: { After: "2026-11-21T06:58:00Z", Before: "2026-11-21T08:02:00Z" },
      Sort: { Field: "CreateTime", Order: "Desc" },
      Limit: 100,
    };
    expect(bodies()).toEqual([first, { ...first, ScrollToken: "t1" }]);
  });

  it("finds several in one scan, and ends when it has them all", async ({ expect }) => {
    const { bodies, look } = listOf(page(["x", "a", null], "t1"), page(["", "b"], "t2"), page(["c"]));
    expect(await look("a", "b")).toEqual({ found: entries("a", "b"), complete: true, answered: true });
    expect(bodies()).toHaveLength(2);
  });

  it("finds some, and knows that the others are not there", async ({ expect }) => {
    const { look } = listOf(page(["a"], "t1"), page(["x"], null));
    expect(await look("a", "b")).toEqual({ found: entries("a"), complete: true, answered: true });
  });

  it("takes the latest of two with one SessionId", async ({ expect }) => {
    const set = [
      { TaskId: "v-2", SessionId: "a" },
      { TaskId: "v-1", SessionId: "a" },
      { TaskId: "v-0", SessionId: "b" },
    ];
    const { look } = listOf(Response.json({ Response: { TaskSet: set } }));
    const { found } = await look("a", "b");
    expect([...found]).toEqual([
      ["a", "v-2"],
      ["b", "v-0"],
    ]);
  });

  it("for nothing asks nobody", async ({ expect }) => {
    const { bodies, look } = listOf();
    expect(await look()).toEqual({ found: new Map(), complete: true, answered: false });
    expect(bodies()).toEqual([]);
  });

  it.for<[string, () => Response | Error, boolean]>([
    ["an HTTP 500", () => new Response("", { status: 500 }), false],
    ["a lost connection", () => new TypeError("Network connection lost."), false],
    ["half an answer", () => new Response('{"Response":{"TaskSet":['), false],
    ["another shape", () => Response.json({ Response: { TaskSet: [{ SessionId: "b" }] } }), false],
    ["a refusal", () => refusal("RequestLimitExceeded"), true],
  ])("proves nothing after %s, on the first page or the second", async ([, failure, answers], { expect }) => {
    expect(await listOf(failure()).look("a")).toEqual({ found: new Map(), complete: false, answered: answers });
    const second = listOf(page(["a"], "t1"), failure(), page(["b"]));
    expect(await second.look("a", "b")).toEqual({ found: entries("a"), complete: false, answered: true });
    expect(second.bodies()).toHaveLength(2);
  });

  it("goes on over a page without tasks", async ({ expect }) => {
    const empty = Response.json({ Response: { TaskSet: null, ScrollToken: "t1" } });
    expect(await listOf(empty, page(["a"])).look("a")).toMatchObject({ found: entries("a"), complete: true });
  });

  it("ends when the list leads in a circle, and proves nothing", async ({ expect }) => {
    const same = clientOf(() => page(["x"], "t1"));
    const look = await same.client.findTasks({ sessionIds: ["a"], ...recent });
    expect(look).toEqual({ found: new Map(), complete: false, answered: true });
    expect(same.calls).toHaveLength(2);
    const round = clientOf((_, number) => page(["x"], `t${number % 3}`));
    expect(await round.client.findTasks({ sessionIds: ["a"], ...recent })).toMatchObject({ complete: false });
    expect(round.calls).toHaveLength(4);
  });

  it("ends after 10,000 tasks, and proves nothing unless the list ends there", async ({ expect }) => {
    const endless = clientOf((_, number) => page([number === 2 ? "a" : "x"], `t${number}`));
    expect(await endless.client.findTasks({ sessionIds: ["a", "b"], ...recent })).toEqual({
      found: entries("a"),
      complete: false,
      answered: true,
    });
    expect(endless.calls).toHaveLength(FIND_PAGES);
    expect(FIND_PAGES * 100).toBe(10_000);
    const ending = clientOf((_, number) => page(["x"], number === FIND_PAGES ? "" : `t${number}`));
    expect(await ending.client.findTasks({ sessionIds: ["a"], ...recent })).toMatchObject({ complete: true });
  });

  it("proves nothing about what is older than the list", async ({ expect }) => {
    const { client } = listOf(page([]), page([]), page(["a"]));
    const from = (hours: number) => ({ sessionIds: ["a"], createdFrom: NOW_MS - hours * HOUR_MS, createdTo: NOW_MS });
    expect(await client.findTasks(from(71.9))).toMatchObject({ complete: true });
    expect(await client.findTasks(from(72))).toMatchObject({ complete: false, answered: true });
    expect(await client.findTasks(from(72))).toMatchObject({ complete: true, found: entries("a") });
  });
});

it("the emulator's list is looked through page by page", async ({ expect }) => {
  await freshEmulator({ concurrency: 1000 });
  const client = emulatorClient();
  const ids: string[] = [];
  for (let n = 0; n < 205; n++) {
    const session = { sessionId: `s-${n}`, sessionContext: "" };
    const result = await client.createTask("CreateAigcVideoTask", JSON.stringify(CAR), session);
    ids.push(result.ok ? result.value.TaskId : "");
  }
  const fetch = vi.fn<(request: Request) => Promise<Response>>();
  fetch.mockImplementation((request) => env.EMULATOR.fetch(request));
  const asking = emulatorClient({ fetch });
  const window = { createdFrom: Date.now() - 60_000, createdTo: Date.now() };
  const look = await asking.findTasks({ sessionIds: ["s-0", "s-204", "s-none"], ...window });
  expect(look).toEqual({
    found: new Map([
      ["s-204", ids[204]],
      ["s-0", ids[0]],
    ]),
    complete: true,
    answered: true,
  });
  expect(fetch).toHaveBeenCalledTimes(3);
  await control("POST", "faults", { action: "DescribeTasks", kind: "error", code: "InternalError" });
  expect(await asking.findTasks({ sessionIds: ["s-0"], ...window })).toMatchObject({ complete: false, answered: true });
});
