/* What a tenant's key must not show it: what needs the scope `read`, how long the queue of all is, and the vendor's door. */
import { beforeEach, describe, it } from "vitest";
import { getPath } from "hono/utils/url";
import { notifyUntilDone, submit } from "../../support/client.ts";
import {
  addKey,
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
} from "../../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
  await addKey("sk-writer", "acme", ["submit"]);
  await addKey("sk-tenant", "acme", ["submit", "read"]);
});

describe("a key that may only submit", () => {
  it("does not read another video's request through a dry run of its remix", async ({ expect }) => {
    const url = "https://example.com/only-for-readers.png";
    const { id } = await submit(gateway, { file_infos: [{ type: "Url", url }] });
    await notifyUntilDone(gateway);
    const remix = (key: string, query: string, task = id) =>
      gateway.post(`/v1/videos/${task}/remix${query}`, { prompt: "a boat" }, { key });
    for (const word of ["1", "true"]) {
      const dry = await remix("sk-writer", `?dry_run=${word}`);
      const text = await dry.text();
      expect([dry.status, JSON.parse(text)]).toMatchObject([403, { error: { code: "forbidden" } }]);
      expect(text).not.toContain(url);
    }
    // Nor whether there is such a video.
    const missing = await remix("sk-writer", "?dry_run=1", "01a1fc4c-0000-7000-8000-000000000000");
    expect(missing.status).toBe(403);
    expect(await (await remix("sk-tenant", "?dry_run=1")).text()).toContain(url);
    const made = await remix("sk-writer", "");
    expect(made.status).toBe(200);
    expect(await made.text()).not.toContain(url);
  });
});

describe("the length of the queue", () => {
  const dry = async (key: string) =>
    (await (await gateway.post(`${VIDEO}?dry_run=1`, CAR, { key })).json<{ queue: Json }>()).queue;

  beforeEach(async () => {
    await emulator.reset({ task_seconds: 1_000 });
    await addKey("sk-rival", "rival", ["submit", "read"]);
    for (let n = 0; n < 7; n++) await submit(gateway, {}, { key: "sk-rival" });
    await submit(gateway, {}, { key: "sk-tenant" });
  });

  it("is shown to admins; a tenant sees its own part, and a rough guess", async ({ expect }) => {
    expect(await dry("sk-test")).toEqual({ waiting: 7, concurrency: 1, estimated_wait_seconds: 960 });
    expect(await dry("sk-tenant")).toEqual({ waiting: 1, concurrency: 1, estimated_wait_seconds: 1_200 });
    expect(await dry("sk-rival")).toMatchObject({ waiting: 6, estimated_wait_seconds: 1_200 });
  });

  it("is not in the refusal of a client that would not wait behind so many", async ({ expect }) => {
    const refused = (key: string) => gateway.post(`${VIDEO}?fal_max_queue_length=2`, CAR, { key });
    const tenants = await refused("sk-tenant");
    expect(tenants.status).toBe(429);
    expect(await tenants.json()).toMatchObject({
      message: "More tasks than that are waiting; you asked for at most 2.",
    });
    expect(Number(tenants.headers.get("retry-after")) % 60).toBe(0);
    expect(await (await refused("sk-test")).json()).toMatchObject({
      message: "7 tasks are waiting; you asked for at most 2.",
    });
  });
});

describe("the vendor's callback", () => {
  const TARGETS = [
    CALLBACK,
    `${CALLBACK}?Sign=x&T=1`,
    CALLBACK.replace("callbacks", "%63allbacks"),
    CALLBACK.replace("callbacks/", "callbacks%2F"),
    CALLBACK.replace("/callbacks", "/x/../callbacks"),
    CALLBACK.replace("/callbacks", "/x/%2e%2E/callbacks"),
    CALLBACK.replace("callbacks", "%2563allbacks"),
    CALLBACK.replace("/callbacks", "//callbacks"),
    CALLBACK.replace("/callbacks", "\\callbacks"),
    CALLBACK.replace("callbacks", "call\tbacks"),
    "/callbacks/",
    "/callbacks/vod/guess",
  ];

  it.for(TARGETS)("cannot be reached through the proxy that pages may call: %s", async (target, { expect }) => {
    await submit(gateway);
    const task = await finished();
    const response = await gateway.post("/fal/proxy", await completionOf(task), {
      key: null,
      headers: { "x-fal-target-url": `https://queue.fal.run${target}`, origin: "https://page.test" },
    });
    expect(response.status).toBe(404);
    expect(await emulator.calls()).not.toHaveProperty("DescribeTaskDetail");
    expect(await gateway.services.dispatcher.report()).toMatchObject({ running: 1 });
  });

  it("is told by the path that the routes read", ({ expect }) => {
    expect(getPath(new Request("https://a.test/%63allbacks/vod/x"))).toBe("/callbacks/vod/x");
  });
});

async function finished() {
  for (;;) {
    const [task] = await emulator.tasks();
    if (task?.Status === "FINISH") return task;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
