import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import {
  addKey,
  emulator,
  type Gateway,
  type Json,
  recordHasAll,
  startGateway,
  taskRow,
  vendorFinishes,
} from "../support/gateway.ts";
import { CREATE, notify, REQUESTS, submit } from "../support/client.ts";
import { pass, until } from "../support/quiet.ts";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
});

/** The vendor has finished all it has, and says so. */
async function finish(): Promise<void> {
  for (const task of await vendorFinishes()) await notify(gateway, task);
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
    await submit(gateway);
    const { id } = await submit(gateway);
    const stream = await watch(id, "?logs=1");
    expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const reading = readAll(stream);
    await finish();
    await until(async () => (await emulator.tasks()).length === 2);
    await finish();
    const { events } = await reading;
    const statuses = events.map(({ data }) => data.status);
    expect(statuses[0]).toBe("IN_QUEUE");
    expect(statuses.at(-1)).toBe("COMPLETED");
    const logs = events.flatMap(({ data }) => (data.logs as { message: string }[]).map(({ message }) => message));
    expect(logs).toEqual(["Queued.", "Accepted by the vendor.", "Finished."]);
  });

  it("goes on where a reader left off", async ({ expect }) => {
    const { id } = await submit(gateway);
    await finish();
    const { events } = await readAll(await watch(id, "?logs=true", { "last-event-id": "2" }));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      id: "3",
      data: { status: "COMPLETED", logs: [{ message: "Finished.", level: "INFO", source: "USER" }] },
    });
  });

  it("goes on over a restart of the object", async ({ expect }) => {
    const { id } = await submit(gateway);
    const reading = readAll(await watch(id));
    await gateway.restart();
    await finish();
    const { events } = await reading;
    expect(events.at(-1)?.data).toMatchObject({ status: "COMPLETED" });
  });

  it("shows its headers to a HEAD, and watches nothing for it", async ({ expect }) => {
    const { id } = await submit(gateway);
    const observe = gateway.services.dispatcher.observe.bind(gateway.services.dispatcher);
    const waits: number[] = [];
    gateway.services.dispatcher.observe = (input) => {
      waits.push(input.timeoutMs);
      return observe(input);
    };
    const answer = await gateway.request(`${REQUESTS}/${id}/status/stream`, { method: "HEAD" });
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
      200,
      "text/event-stream",
      "",
    ]);
    // It asked whether it might wait, and did not.
    expect(Math.max(...waits)).toBeLessThanOrEqual(1);
  });

  it("is a plain 404 for anybody else's task and for none, 401 without a key, 422 for a wrong parameter", async ({
    expect,
  }) => {
    const { id } = await submit(gateway);
    await addKey("sk-other", "other", ["read"]);
    const asOther = await gateway.get(`${REQUESTS}/${id}/status/stream`, { key: "sk-other" });
    const ofNone = await gateway.get(`${REQUESTS}/00000000-0000-7000-8000-000000000000/status/stream`);
    expect([asOther.status, ofNone.status]).toEqual([404, 404]);
    expect(await asOther.json()).toEqual(await ofNone.json());
    expect((await gateway.get(`${REQUESTS}/${id}/status/stream`, { key: null })).status).toBe(401);
    expect((await gateway.get(`${REQUESTS}/${id}/status/stream?logs=2`)).status).toBe(422);
  });
});

describe("waiting", () => {
  it("holds status and result until the task is done", async ({ expect }) => {
    const { id } = await submit(gateway);
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
    const { id } = await submit(gateway);
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
    const { id } = await submit(gateway);
    const first = await gateway.get(`${REQUESTS}/${id}/status`);
    const tag = first.headers.get("etag") ?? "";
    expect([first.status, tag]).toEqual([202, expect.stringMatching(/^W\/"/)]);
    const again = await gateway.get(`${REQUESTS}/${id}/status`, { headers: { "if-none-match": tag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  it("carries the task's history when asked in either client's way", async ({ expect }) => {
    const { id } = await submit(gateway);
    const read = async (query: string) => (await gateway.get(`${REQUESTS}/${id}/status${query}`)).json<Json>();
    expect((await read("")).logs).toBeNull();
    expect((await read("?logs=0")).logs).toBeNull();
    expect((await read("?logs=false")).logs).toBeNull();
    for (const query of ["?logs=1", "?logs=true"]) {
      const { logs } = await read(query);
      expect(logs).toMatchObject([{ message: "Queued." }, { message: "Accepted by the vendor." }]);
    }
  });
});

describe("a watcher (L8)", () => {
  it("never gets a new version with an old row, whatever happens to the task", async ({ expect }) => {
    await emulator.reset({ outcome: { ErrCode: 70_000, ErrCodeExt: "RequestLimitExceeded", Message: "No room." } });
    await submit(gateway);
    const { id } = await submit(gateway);
    const { dispatcher } = gateway.services;
    const seen: string[] = [];
    const versions = new Map<string, string>();
    const watching = (async () => {
      let now = await dispatcher.observe({ owner: "acme", id, timeoutMs: 0 });
      while (now && now.task.finished_at === null) {
        const { status, attempt } = now.task;
        if (!versions.has(now.version)) seen.push(`${status} ${attempt}`);
        const shown = JSON.stringify([status, attempt, now.task.vendor_task_id, now.position]);
        expect(versions.get(now.version) ?? shown).toBe(shown);
        versions.set(now.version, shown);
        now = await dispatcher.observe({ owner: "acme", id, version: now.version, timeoutMs: 5_000 });
      }
      seen.push(now?.task.status ?? "gone");
    })();
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    await finish();
    await until(async () => (await emulator.tasks()).length >= 2);
    await emulator.call("PUT", "config", { outcome: "success" });
    for (let round = 0; round < 6 && (await taskRow(id))?.finished_at === null; round++) {
      await pass(gateway, 31_000);
      await finish();
    }
    await watching;
    expect(seen[0]).toBe("queued 1");
    expect(seen.at(-1)).toBe("succeeded");
    expect(seen).toEqual([...new Set(seen)]);
  });
});

describe("a thousand watchers", () => {
  it("all learn of the end, at no more D1 statements than one", { timeout: 60_000 }, async ({ expect }) => {
    const measure = async (watchers: number) => {
      await emulator.reset();
      let count = 0;
      const counting = new Proxy(env.DB, {
        get(db, name: keyof D1Database) {
          const member = db[name];
          if (name === "prepare" || name === "batch") count += 1;
          return typeof member === "function" ? member.bind(db) : member;
        },
      });
      const bindings = { VOD_CONCURRENCY: "1", DB: counting, MAX_STREAMS: "2000" };
      gateway = await startGateway({ env: bindings });
      const { id } = await submit(gateway);
      const before = count;
      const reading = Array.from({ length: watchers }, async () => readAll(await watch(id)));
      await finish();
      for (const { events } of await Promise.all(reading)) expect(events.at(-1)?.data.status).toBe("COMPLETED");
      await recordHasAll(gateway);
      return count - before;
    };
    const one = await measure(1);
    const thousand = await measure(1_000);
    expect(thousand).toBeLessThanOrEqual(one);
  });
});
