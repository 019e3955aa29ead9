import {
  abortAllDurableObjects,
  createExecutionContext,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../src/app.ts";
import { SCOPES } from "../../src/auth/scopes.ts";
import { type Deps, platformDeps } from "../../src/deps.ts";
import { createServices } from "../../src/services.ts";
import { sha256Hex } from "../../src/signing/encoding.ts";
import { signEvent } from "../../src/signing/event-signature.ts";
import { dispatcherClient } from "../../src/tasks/dispatcher-client.ts";
import { kvOfTest } from "./kv-of-test.ts";
import { count, setWorld } from "./world.ts";

/** Without a `PUBLIC_URL` only names of the platform's are answered. */
export const ORIGIN = "https://gateway.test.workers.dev";

export type Json = Record<string, unknown>;

/** A smallest valid AIGC body. */
export const CAR = { model_name: "Kling", model_version: "1.6", prompt: "一辆汽车在公路上行驶" };

export type GatewayOptions = {
  /** Replaces single bindings, e.g. with one that fails. */
  env?: Partial<Env> & Json;
  deps?: Partial<Deps>;
};

/** Enough for tests that are not about limits. */
const NO_LIMITS = { VOD_CONCURRENCY: "1000", VOD_REQUESTS_PER_SECOND: "1000" };

/** The object of the gateway that was started last. */
export function dispatcherObject() {
  return env.DISPATCHER.getByName(env.VOD_SUB_APP_ID);
}

/**
 * The gateway on real D1, KV, R2 and a real Durable Object, with the emulator for its vendor and a clock that tests can
 * move: Worker and object both take it from here.
 */
export async function startGateway(options: GatewayOptions = {}) {
  const clock = { offsetMs: 0 };
  const deferred: Promise<unknown>[] = [];
  const deps: Deps = {
    ...platformDeps,
    now: () => Date.now() + clock.offsetMs,
    fetch: (call) => env.EMULATOR.fetch(call),
    defer: (work) => {
      count(work);
      deferred.push(work);
    },
    ...options.deps,
  };
  const bindings = { ...env, DEDUPE: kvOfTest(), ...NO_LIMITS, ...options.env } as Env;
  setWorld({ deps, env: bindings });
  // The object of a gateway that was started before has another clock and other limits.
  await abortAllDurableObjects();
  const dispatcher = dispatcherClient(bindings, deps);
  const services = createServices({ env: bindings, deps, dispatcher });
  const app = createApp(() => services);

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
    /** The object goes down as in a crash, and starts again from what its storage holds. */
    restart: () => abortAllDurableObjects(),
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
    /** Does what is due, as the cron trigger has it done each minute. */
    tick: () => dispatcher.reconcile(),
  };
  await addKey("sk-test", "acme", [...SCOPES]);
  return gateway;
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>;

/** A task's row, wherever it is: in the object until the record has it, then in the record. */
export async function taskRow(id: string): Promise<Json | undefined> {
  const inObject = await runInDurableObject(dispatcherObject(), (_object, { storage }) =>
    storage.sql.exec("SELECT * FROM tasks WHERE id = ?1 AND told = 0", id).toArray(),
  );
  return inObject[0] ?? (await env.DB.prepare("SELECT * FROM tasks WHERE id = ?1").bind(id).first<Json>()) ?? undefined;
}

/** How many tasks are in each state, the object's and the record's together. */
export async function taskStates(): Promise<Record<string, number>> {
  const unfinished = await runInDurableObject(dispatcherObject(), (_object, { storage }) =>
    storage.sql.exec<{ id: string; status: string }>("SELECT id, status FROM tasks WHERE told = 0").toArray(),
  );
  const finished = await env.DB.prepare("SELECT id, status FROM tasks").all<{ id: string; status: string }>();
  const byId = new Map([...finished.results, ...unfinished].map(({ id, status }) => [id, status]));
  const states: Record<string, number> = {};
  for (const status of byId.values()) states[status] = (states[status] ?? 0) + 1;
  return states;
}

/** Waits until the record has every finished task. */
export async function recordHasAll(gateway: Pick<Gateway, "services">): Promise<void> {
  while ((await gateway.services.dispatcher.report()).untold > 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

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

/** As vitest.config.ts sets it. */
export const CALLBACK_SECRET = "test-callback-secret-0123456789abcdef";
export const CALLBACK = `/callbacks/vod/${CALLBACK_SECRET}`;
