import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import {
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
});

async function submit(): Promise<string> {
  return (await (await gateway.post(VIDEO, CAR)).json<{ request_id: string }>()).request_id;
}

/** The vendor has finished all it has, and says so. */
async function finish(): Promise<void> {
  for (const task of await vendorFinishes()) await gateway.post(CALLBACK, await completionOf(task), { key: null });
}

type Event = { id: string; data: Json };

/** Opens a stream without waiting for its end, as `gateway.request` would. */
async function watch(id: string, query = "", headers: Record<string, string> = {}): Promise<Response> {
  return gateway.open(`${REQUESTS}/${id}/status/stream${query}`, headers);
}

async function readAll(response: Response): Promise<{ events: Event[]; comments: number }> {
  const text = await response.text();
  const blocks = text.split("\n\n").filter(Boolean);
  const events = blocks
    .filter((block) => !block.startsWith(":"))
    .map((block) => {
      const fields = Object.fromEntries(
        block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      return { id: fields.id ?? "", data: JSON.parse(fields.data ?? "null") as Json };
    });
  return { events, comments: blocks.length - events.length };
}

describe("the status stream", () => {
  it("shows each state with the news since the last, and ends with the task", async ({ expect }) => {
    await submit();
    const id = await submit();
    const stream = await watch(id, "?logs=1");
    expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const reading = readAll(stream);
    await finish();
    while ((await emulator.tasks()).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await finish();
    const { events } = await reading;
    const statuses = events.map(({ data }) => data.status);
    expect(statuses[0]).toBe("IN_QUEUE");
    expect(statuses.at(-1)).toBe("COMPLETED");
    const logs = events.flatMap(({ data }) => (data.logs as { message: string }[]).map(({ message }) => message));
    expect(logs).toEqual(["Queued.", "Accepted by the vendor.", "Finished."]);
  });

  it("goes on where a reader left off", async ({ expect }) => {
    const id = await submit();
    await finish();
    const { events } = await readAll(await watch(id, "?logs=true", { "last-event-id": "2" }));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      id: "3",
      data: { status: "COMPLETED", logs: [{ message: "Finished.", level: "INFO", source: "USER" }] },
    });
  });

  it("shows its headers to a HEAD, and watches nothing for it", async ({ expect }) => {
    const id = await submit();
    const observe = gateway.services.dispatcher.observe.bind(gateway.services.dispatcher);
    let looks = 0;
    gateway.services.dispatcher.observe = (...input) => {
      looks += 1;
      return observe(...input);
    };
    const answer = await gateway.request(`${REQUESTS}/${id}/status/stream`, { method: "HEAD" });
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
      200,
      "text/event-stream",
      "",
    ]);
    expect(looks).toBe(1);
  });

  it("is a plain 404 for anybody else's task, 401 without a key, 422 for a wrong parameter", async ({ expect }) => {
    const id = await submit();
    expect((await gateway.get(`${REQUESTS}/00000000-0000-7000-8000-000000000000/status/stream`)).status).toBe(404);
    expect((await gateway.get(`${REQUESTS}/${id}/status/stream`, { key: null })).status).toBe(401);
    expect((await gateway.get(`${REQUESTS}/${id}/status/stream?logs=2`)).status).toBe(422);
  });
});

describe("waiting", () => {
  it("holds status and result until the task is done", async ({ expect }) => {
    const id = await submit();
    const answers = Promise.all([
      gateway.get(`${REQUESTS}/${id}/status?wait=20`),
      gateway.get(`${REQUESTS}/${id}?wait=20`),
      gateway.get(`${REQUESTS}/${id}`, { headers: { prefer: "respond-async, wait=20" } }),
    ]);
    await finish();
    expect((await answers).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it("ends when its time is over", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30 });
    const id = await submit();
    const started = Date.now();
    const answer = await gateway.get(`${REQUESTS}/${id}?wait=1`);
    expect([answer.status, await answer.json()]).toEqual([400, { detail: "Request is still in progress" }]);
    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
    expect((await gateway.get(`${REQUESTS}/${id}/status?wait=1`)).status).toBe(202);
    expect((await gateway.get(`${REQUESTS}/${id}/status?wait=soon`)).status).toBe(422);
  });
});

describe("the status", () => {
  it("is not sent again to who has it", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30 });
    const id = await submit();
    const first = await gateway.get(`${REQUESTS}/${id}/status`);
    const tag = first.headers.get("etag") ?? "";
    expect([first.status, tag]).toEqual([202, expect.stringMatching(/^W\/"/)]);
    const again = await gateway.get(`${REQUESTS}/${id}/status`, { headers: { "if-none-match": tag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  it("carries the task's history when asked in either client's way", async ({ expect }) => {
    const id = await submit();
    const read = async (query: string) => (await gateway.get(`${REQUESTS}/${id}/status${query}`)).json<Json>();
    expect((await read("")).logs).toBeNull();
    expect((await read("?logs=0")).logs).toBeNull();
    expect((await read("?logs=false")).logs).toBeNull();
    for (const query of ["?logs=1", "?logs=true"]) {
      const { logs } = await read(query);
      expect(logs).toMatchObject([{ message: "Queued." }, { message: "Accepted by the vendor." }]);
    }
  });

  it("is read from D1, without a position, while the dispatcher is away", async ({ expect }) => {
    await submit();
    const id = await submit();
    gateway.services.dispatcher.observe = () => Promise.reject(new Error("The object is moving."));
    const answer = await gateway.get(`${REQUESTS}/${id}/status`);
    expect([answer.status, await answer.json()]).toMatchObject([202, { status: "IN_QUEUE", queue_position: 0 }]);
  });
});

describe("a thousand watchers", () => {
  it("all learn of the end, at no more D1 statements than one", async ({ expect }) => {
    const statements = async (watchers: number) => {
      await emulator.reset();
      let count = 0;
      const counting = new Proxy(env.DB, {
        get(db, name: keyof D1Database) {
          const member = db[name];
          if (name === "prepare" || name === "batch") count += 1;
          return typeof member === "function" ? member.bind(db) : member;
        },
      });
      gateway = await startGateway({ env: { VOD_CONCURRENCY: "1", DB: counting } });
      const id = await submit();
      const readers = await Promise.all(Array.from({ length: watchers }, async () => readAll(await watch(id))));
      return { readers, id, count: () => count };
    };
    const measure = async (watchers: number) => {
      const opening = statements(watchers);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await finish();
      const { readers, count } = await opening;
      expect(readers).toHaveLength(watchers);
      for (const { events } of readers) expect(events.at(-1)?.data.status).toBe("COMPLETED");
      return count();
    };
    const one = await measure(1);
    const thousand = await measure(1_000);
    expect(thousand).toBeLessThanOrEqual(one);
  }, 60_000);
});
