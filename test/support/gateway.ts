import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../src/app.ts";
import { type Deps, platformDeps } from "../../src/deps.ts";
import { createServices } from "../../src/services.ts";
import { sha256Hex } from "../../src/signing/encoding.ts";
import { signEvent } from "../../src/signing/event-signature.ts";
import { DispatchCore } from "../../src/tasks/dispatch/core.ts";
import { createVodClient } from "../../src/vod/client.ts";
import type { Dispatcher } from "../../src/tasks/dispatch/types.ts";

export const ORIGIN = "https://gateway.test";

export type Json = Record<string, unknown>;

/** A smallest valid AIGC body. */
export const CAR = { model_name: "Kling", model_version: "1.6", prompt: "一辆汽车在公路上行驶" };

export type GatewayOptions = {
  /** Replaces single bindings, e.g. with one that fails. */
  env?: Partial<Env> & Json;
  deps?: Partial<Deps>;
};

/** Due sooner than this (milliseconds) happens by itself, as on the platform; for the rest tests move the clock. */
const TIMER_MAX_MS = 1_500;

let latest = 0;

/** Enough for tests that are not about limits. */
const NO_LIMITS = { VOD_CONCURRENCY: "1000", VOD_REQUESTS_PER_SECOND: "1000" };

/**
 * The gateway on real D1 and KV, with the emulator for its vendor and a clock that tests can move. Its dispatcher runs
 * here instead of in its Durable Object, so that tests hold its clock and network too.
 */
export async function startGateway(options: GatewayOptions = {}) {
  const generation = ++latest;
  const clock = { offsetMs: 0 };
  const scheduled: number[] = [];
  const deferred: Promise<unknown>[] = [];
  const deps: Deps = {
    ...platformDeps,
    now: () => Date.now() + clock.offsetMs,
    fetch: (call) => env.EMULATOR.fetch(call),
    defer: (work) => void deferred.push(work),
    ...options.deps,
  };
  const bindings = { ...env, ...NO_LIMITS, ...options.env } as Env;
  let core: DispatchCore;
  const dispatcher: Dispatcher = {
    submit: (...input) => core.submit(...input),
    left: (...input) => core.left(...input),
    changed: (...input) => core.changed(...input),
    wake: (...input) => core.wake(...input),
    cancel: (...input) => core.cancel(...input),
    observe: (...input) => core.observe(...input),
    report: () => core.report(),
  };
  const services = createServices({ env: bindings, deps, dispatcher });
  // The vendor checks signatures against a clock of its own, which tests do not move.
  services.vod = createVodClient(services.config.vod, { ...deps, now: () => Date.now() });
  const app = createApp(() => services);

  /** The dispatcher as after a restart of its object: nothing in memory but what D1 gives. */
  async function restart(): Promise<void> {
    const next = new DispatchCore({
      services,
      schedule: (at) => {
        scheduled.push(at);
        const inMs = at - deps.now();
        // A gateway of a former test, whose clock may be ahead, must not touch this one's database.
        if (inMs < TIMER_MAX_MS)
          setTimeout(() => core === next && generation === latest && void next.tick(), Math.max(0, inMs));
      },
    });
    core = next;
    await next.load();
  }
  await restart();

  async function request(path: string, init: RequestInit & { key?: string | null } = {}): Promise<Response> {
    const { key = "sk-test", ...rest } = init;
    const headers = new Headers(rest.headers);
    if (key !== null) headers.set("authorization", `Bearer ${key}`);
    const context = createExecutionContext();
    const response = await app.fetch(new Request(new URL(path, ORIGIN), { ...rest, headers }), bindings, context);
    await waitOnExecutionContext(context);
    return response;
  }

  const gateway = {
    clock,
    scheduled,
    restart,
    services,
    request,
    /** A GET whose answer is still being written when this returns. */
    open: async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      app.fetch(
        new Request(new URL(path, ORIGIN), { headers: { authorization: "Bearer sk-test", ...headers } }),
        bindings,
        createExecutionContext(),
      ),
    get: (path: string, init?: RequestInit & { key?: string | null }) => request(path, init),
    post: (path: string, body: unknown, init: RequestInit & { key?: string | null } = {}) =>
      request(path, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...init,
        headers: { "content-type": "application/json", ...(init.headers as Record<string, string>) },
      }),
    /** Work that was to go on after the answer. */
    settleDeferred: async () => {
      await Promise.allSettled(deferred.splice(0));
    },
    /** Does what is due. */
    tick: () => core.tick(),
    reconcile: () => core.reconcile(),
  };
  await addKey("sk-test", "acme", ["submit", "read", "admin"]);
  return gateway;
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>;

export async function addKey(key: string, owner: string, scopes: string[]): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO api_keys (id, owner, name, key_hash, hint, scopes, created_at) VALUES (?1, ?2, '', ?3, ?4, ?5, ?6)
     ON CONFLICT DO NOTHING`,
  )
    .bind(`key-${key}`, owner, await sha256Hex(key), key.slice(-4), JSON.stringify(scopes), Date.now())
    .run();
}

/** The emulator's control calls. */
export const emulator = {
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await env.EMULATOR.fetch(`http://vod.emulator.test/_emulator/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!response.ok) throw new Error(`The emulator refused ${method} ${path}: ${await response.text()}`);
    return response.json();
  },
  async reset(config: Json = {}): Promise<void> {
    await emulator.call("POST", "reset");
    await emulator.call("PUT", "config", {
      task_seconds: 0.05,
      concurrency: 1000,
      requests_per_second: 1000,
      ...config,
    });
  },
  tasks: () => emulator.call("GET", "tasks") as Promise<EmulatorTask[]>,
  calls: () => emulator.call("GET", "calls") as Promise<Record<string, Record<string, number>>>,
  fault: (fault: Json) => emulator.call("POST", "faults", fault),
};

export type EmulatorTask = {
  TaskId: string;
  Action: string;
  SessionId: string;
  SessionContext: string;
  Status: string;
  request: Json;
};

/** Waits until every task of the emulator is finished. */
export async function vendorFinishes(): Promise<EmulatorTask[]> {
  for (;;) {
    const tasks = await emulator.tasks();
    if (tasks.every((task) => task.Status === "FINISH")) return tasks;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A completion as the vendor would send it, correctly signed. */
export async function completionOf(task: EmulatorTask, changes: { content?: Json; event?: Json; t?: number } = {}) {
  const [eventType, member] =
    task.Action === "CreateAigcVideoTask"
      ? ["AigcVideoTaskComplete", "AigcVideoCompleteEvent"]
      : ["AigcImageTaskComplete", "AigcImageCompleteEvent"];
  const t = changes.t ?? Math.floor(Date.now() / 1000) + 600;
  return {
    EventType: eventType,
    [member]: {
      TaskId: task.TaskId,
      Status: "FINISH",
      ErrCode: 0,
      SessionId: task.SessionId,
      SessionContext: task.SessionContext,
      ...changes.content,
    },
    Sign: await signEvent({ signKey: env.VOD_SIGN_KEY, t }),
    T: t,
    ...changes.event,
  };
}

export const CALLBACK = "/callbacks/vod/local-callback";
