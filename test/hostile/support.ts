import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../src/app.ts";
import fromText from "../fixtures/seeds/vidu-text.json";
import { type Calm, judge, VICTIM_KEY, VICTIM_MARK, VICTIM_SESSION } from "./judge.ts";
import { type ApiDescription, fieldsIn, type Place } from "./place.ts";
import {
  addKey,
  CALLBACK,
  CAR,
  completionOf,
  dispatcherObject,
  emulator,
  type Gateway,
  type GatewayOptions,
  type Json,
  ORIGIN,
  recordHasAll,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

export { put, type Place } from "./place.ts";
export { errorOf, VICTIM_KEY, VICTIM_SESSION } from "./judge.ts";

/** The routes that POST a task, with a body each takes. */
export const SUBMISSIONS: [path: string, body: Json][] = [
  ["/tencent-vod/v1/aigc-video", CAR],
  ["/tencent-vod/v1/aigc-image", CAR],
  ["/v1/video/generations", fromText],
  ["/v1/videos", { model: "sora-2", prompt: "A paper boat" }],
];

/** Open to whoever comes: what they answer is no owner's, or they have a secret of their own. */
export const PUBLIC = [
  "GET /healthz",
  "GET /readyz",
  "GET /openapi.json",
  "POST /callbacks/vod/:secret",
  "ALL /fal/proxy",
  "POST /",
];

/** Every route of the app as `METHOD /path`, without its middleware. */
export function routesOf(gateway: Gateway): { method: string; path: string }[] {
  const routes = createApp(() => gateway.services).routes.filter(({ path }) => path !== "/*");
  const names = new Set(
    routes.map(({ method, path }) => `${method} ${path}`).filter((route) => !isMiddlewareEntry(route)),
  );
  return [...names].map((name) => {
    const [method = "", path = ""] = name.split(" ");
    return { method, path };
  });
}

/** Hono lists a route's middleware beside it, for every method. */
function isMiddlewareEntry(route: string): boolean {
  return route.startsWith("ALL ") && !PUBLIC.includes(route);
}

/** Checks what every answer has in common, whatever was asked: see {@link judge}. */
export async function calm(response: Response, path: string, { method = "GET" } = {}): Promise<Calm> {
  const { status, headers } = response;
  const type = headers.get("content-type") ?? "";
  return judge({ status, type, text: await response.text() }, { method, path });
}

/** A finished task of another owner, whose every text of its own carries the mark; and one of our own. */
export async function prepare(gateway: Gateway): Promise<{ victim: string; own: string }> {
  await addKey("sk-victim", "victim", ["submit", "read", "admin"]);
  const [path, car] = SUBMISSIONS[0] ?? ["", {}];
  const submit = async (key: string, extra: Json, headers: Record<string, string>) => {
    const response = await gateway.post(path, { ...car, ...extra }, { key, headers });
    return (await response.json<{ request_id: string }>()).request_id;
  };
  const victim = await submit(
    "sk-victim",
    { prompt: VICTIM_MARK, session_id: VICTIM_SESSION, session_context: VICTIM_MARK },
    { "idempotency-key": VICTIM_KEY },
  );
  const own = await submit("sk-test", { session_id: "own-session" }, { "idempotency-key": "own-key" });
  for (const task of await vendorFinishes()) {
    const done = await gateway.post(CALLBACK, await completionOf(task), { key: null });
    if (done.status !== 200) throw new Error(await done.text());
  }
  await gateway.settleDeferred();
  return { victim, own };
}

/** Everything that object and record hold of the other owner. */
async function victimsRows(gateway: Gateway): Promise<string> {
  // What is over is on its way from the one to the other.
  await recordHasAll(gateway);
  const ofVictim = (table: string) => `SELECT * FROM ${table} WHERE owner = 'victim' ORDER BY 1, 2, 3`;
  const inObject = await runInDurableObject(dispatcherObject(), (_object, { storage }) =>
    storage.sql.exec(ofVictim("tasks")).toArray(),
  );
  const tables = ["tasks", "api_keys", "hourly_counts", "produced_ids"];
  const inRecord = await env.DB.batch(tables.map((table) => env.DB.prepare(ofVictim(table))));
  return JSON.stringify([inObject, ...inRecord.map(({ results }) => results)]);
}

/** How often the vendor has been asked to make something. */
export async function createCalls(): Promise<number> {
  const calls = Object.entries(await emulator.calls()).filter(([action]) => action.startsWith("Create"));
  return calls.flatMap(([, results]) => Object.values(results)).reduce((sum, count) => sum + count, 0);
}

export type Arena = Awaited<ReturnType<typeof startArena>>;

/** A gateway with a finished task of another owner's and one of our own, and the checks that every request must stand. */
export async function startArena(options?: GatewayOptions) {
  await emulator.reset();
  const gateway = await startGateway(options);
  const ids = await prepare(gateway);
  let before = await victimsRows(gateway);
  const statuses = new Set<number>();

  return {
    gateway,
    ids,
    /** What the submissions were answered with. */
    statuses,
    withIds: (text: string) => text.replaceAll("VICTIM", ids.victim).replaceAll("OWN", ids.own),

    /** Sends a body; a refusal of ours must not have cost a call. */
    async submit(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<void> {
      const calls = await createCalls();
      const response = await gateway.request(path, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      });
      const { status, code } = await calm(response, path);
      // A code with a capital is the vendor's own: it was asked.
      const ours = status !== 200 && !/^[A-Z]/.test(code ?? "");
      if (ours && (await createCalls()) !== calls)
        throw new Error(`A call for a request refused with ${status} ${code}.`);
      statuses.add(status);
    },

    /** Sends a request exactly as written: no path is taken for a host. */
    async ask(path: string, init: RequestInit & { key?: string | null } = {}): Promise<Calm> {
      const { body, ...rest } = init;
      const { method = "GET" } = init;
      const withBody = body !== undefined && method !== "GET" && method !== "HEAD";
      const url = `${ORIGIN}${path}`;
      const response = await gateway.request(url, { ...rest, ...(withBody && { body }) });
      return calm(response, new URL(url).pathname, { method });
    },

    /** The other owner has done something: from now on, this is what must stay. */
    async remember(): Promise<void> {
      before = await victimsRows(gateway);
    },

    /** @throws when anything of the other owner's is not as it was */
    async untouched(): Promise<void> {
      if ((await victimsRows(gateway)) !== before) throw new Error("Another owner's rows have changed.");
      if ("polluted" in {}) throw new Error("Object.prototype has been changed.");
    },
  };
}

/** The places of all fields of a route's body, as the API description has them. */
export async function fieldsOf(gateway: Gateway, path: string): Promise<Place[]> {
  return fieldsIn(await (await gateway.get("/openapi.json")).json<ApiDescription>(), path);
}
