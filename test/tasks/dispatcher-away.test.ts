/* The way between Worker and dispatcher: broken calls, calls made twice, no dispatcher at all. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { absentDispatcher, dispatcherOf } from "../../src/tasks/dispatch/client.ts";
import type { Dispatcher } from "../../src/tasks/dispatch/types.ts";
import { CAR, emulator, type Gateway, type Json, startGateway, vendorFinishes } from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";
const ACTION = "CreateAigcVideoTask";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

/** Puts the platform's way to the object between, with calls of `submit` that break after they were made. */
function overTheWay({ broken }: { broken: number }): void {
  const { services } = gateway;
  const near = services.dispatcher;
  let calls = 0;
  const stub: Dispatcher = {
    ...near,
    submit: async (input) => {
      const outcome = await near.submit(input);
      calls += 1;
      if (calls <= broken) throw new Error("Network connection lost.");
      return outcome;
    },
  };
  const bindings = { VOD_SUB_APP_ID: "1", DISPATCHER: { getByName: () => stub } } as unknown as Env;
  services.dispatcher = dispatcherOf(bindings, services.deps.sleep);
}

/** D1 that fails to write the intents of tasks. */
function failing(): D1Database {
  return new Proxy(env.DB, {
    get(db, name: keyof D1Database) {
      if (name === "batch") return () => Promise.reject(new Error("D1_ERROR: not a passing fault"));
      const member = db[name];
      return typeof member === "function" ? member.bind(db) : member;
    },
  });
}

const count = async () => (await env.DB.prepare("SELECT count(*) AS n FROM tasks").first<{ n: number }>())?.n;

describe("a call to the dispatcher that breaks after it was made", () => {
  for (const broken of [1, 2, 3]) {
    it(`${broken} times leaves one paid task, whose id the client gets`, async ({ expect }) => {
      overTheWay({ broken });
      const answer = await gateway.post(VIDEO, { ...CAR, session_id: "s" });
      const { request_id: id } = await answer.json<{ request_id: string }>();
      expect([answer.status, (await emulator.tasks()).map(({ SessionId }) => SessionId)]).toEqual([200, [`${id}-1`]]);
      expect(await count()).toBe(1);
    });

    it(`${broken} times, of a task that the vendor refused, claims nothing again`, async ({ expect }) => {
      overTheWay({ broken });
      await emulator.fault({ action: ACTION, kind: "error", code: "InvalidParameterValue" });
      await gateway.post(VIDEO, { ...CAR, session_id: "s" });
      expect(await emulator.tasks()).toHaveLength(0);
      expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" })).status).toBe(200);
      expect(await emulator.tasks()).toHaveLength(1);
    });
  }

  for (const broken of [0, 1, 2]) {
    it(`${broken} times while D1 fails is no accepted task`, async ({ expect }) => {
      gateway = await startGateway({ env: { DB: failing() } });
      overTheWay({ broken });
      const answer = await gateway.post(VIDEO, CAR);
      expect([answer.status, (await answer.json<Json>()).code]).toEqual([500, "internal_error"]);
      expect([await count(), await emulator.calls()]).toEqual([0, {}]);
    });
  }
});

describe("a task that is told again much later", () => {
  it("while its first call is still with a slow vendor keeps its slot, and is found though its event is lost", async ({
    expect,
  }) => {
    let arrived: (() => void) | undefined;
    const answered = new Promise<void>((resolve) => (arrived = resolve));
    const calls: string[] = [];
    gateway = await startGateway({
      deps: {
        fetch: async (request) => {
          calls.push(request.headers.get("x-tc-action") ?? "");
          const answer = await env.EMULATOR.fetch(request);
          if (calls.length === 1) await answered;
          return answer;
        },
      },
    });
    const { dispatcher } = gateway.services;
    const submit = dispatcher.submit.bind(dispatcher);
    let telling: Parameters<typeof submit>[0] | undefined;
    dispatcher.submit = (input) => submit((telling = input));
    const first = gateway.post(VIDEO, CAR);
    while (calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    gateway.clock.offsetMs += 12_000;
    await gateway.tick();
    if (!telling) throw new Error("The dispatcher was not told.");
    const again = submit(telling);
    arrived?.();
    expect((await first).status).toBe(200);
    expect(await again).toMatchObject({ kind: "created" });

    gateway.clock.offsetMs += 12_000;
    await gateway.tick();
    expect(await submit(telling)).toMatchObject({ kind: "created" });
    expect(calls.filter((action) => action === ACTION)).toHaveLength(1);
    expect(await dispatcher.report()).toMatchObject({ running: 1 });
    await vendorFinishes();
    gateway.clock.offsetMs += 4 * 60_000;
    await gateway.tick();
    const status = await env.DB.prepare("SELECT status FROM tasks").first("status");
    expect([status, (await dispatcher.report()).running]).toEqual(["succeeded", 0]);
  });
});

describe("without a dispatcher", () => {
  it("what asks it is a 503 that says when to come back, in the dialect, and changes nothing", async ({ expect }) => {
    gateway.services.dispatcher = absentDispatcher;
    const answer = await gateway.post(VIDEO, CAR);
    const { request_id: id } = await answer.json<{ request_id: string }>();
    expect(answer.status).toBe(200);
    const asking = [
      await gateway.request(`${REQUESTS}/${id}/cancel`, { method: "PUT" }),
      await gateway.post(`${VIDEO}?fal_max_queue_length=3`, CAR),
      await gateway.post(`${VIDEO}?dry_run=1`, CAR),
    ];
    for (const refused of asking) {
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
      expect(await refused.json()).toMatchObject({ code: "unavailable", detail: expect.any(String) });
    }
    expect([await count(), await emulator.calls()]).toEqual([1, {}]);
  });
});
