import gateway, { Dispatcher as GatewayDispatcher } from "reelgate-intact";
import { type Holdings, trouble, TROUBLE_PATH, type Trouble } from "../trouble.ts";
import { BrokenFiles, filesOf } from "./broken-files.ts";
import { BrokenRecord } from "./broken-record.ts";
import { FaultyDispatcher } from "./lives.ts";

/*
 * The gateway, unchanged, between bindings that fail when they are told to. Worker and Durable Object run in one isolate of
 * the local runtime, so one set of switches serves both; they are set over a path that the gateway does not have, and gone
 * when the process is killed.
 */

type Stub = {
  suffer: (trouble: Trouble) => Promise<void>;
  holdings: () => Promise<Pick<Holdings, "untold" | "told" | "lives">>;
};
type Bindings = {
  DB: { prepare: (sql: string) => { all: () => Promise<{ results: unknown[] }> } };
  BLOBS: object;
  DISPATCHER: { getByName: (name: string) => Stub };
  VOD_SUB_APP_ID: string;
};

const record = new BrokenRecord();
const files = new BrokenFiles();

/** An `env` is the key of the gateway's caches, so each has one stand-in. */
const environments = new WeakMap<object, object>();

function environmentOf(env: object): object {
  const known = environments.get(env);
  if (known) return known;
  const { DB, BLOBS } = env as Bindings;
  const faulty = { ...env, DB: record.wrap(DB), BLOBS: files.wrap(BLOBS) };
  environments.set(env, faulty);
  return faulty;
}

export class Dispatcher extends FaultyDispatcher {
  constructor(ctx: object, env: object) {
    super(ctx, environmentOf(env));
  }
}

/** What is called from outside must be a method of the class itself. */
const OWN: ReadonlySet<string> = new Set(["constructor", "alarm"]);
for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(GatewayDispatcher.prototype))) {
  if (typeof value !== "function" || OWN.has(name)) continue;
  Object.defineProperty(Dispatcher.prototype, name, {
    value(this: FaultyDispatcher, ...input: unknown[]) {
      return this.reach(name, input);
    },
  });
}

async function suffer(env: Bindings, wanted: Trouble): Promise<void> {
  record.trouble(wanted);
  files.trouble(wanted);
  const concernsObject = wanted.kind === "object_dies" || wanted.kind === "second_life";
  if (!concernsObject) return;
  // Who dies does not answer.
  await objectOf(env)
    .suffer(wanted)
    .catch(() => undefined);
}

function objectOf({ DISPATCHER, VOD_SUB_APP_ID }: Bindings): Stub {
  return DISPATCHER.getByName(VOD_SUB_APP_ID);
}

async function holdingsOf(env: Bindings): Promise<Holdings> {
  const all = async (sql: string) => (await env.DB.prepare(sql).all()).results;
  return {
    record: (await all("SELECT * FROM tasks")) as Holdings["record"],
    hourly: (await all("SELECT * FROM hourly_counts")) as Holdings["hourly"],
    files: await filesOf(env.BLOBS),
    ...(await objectOf(env).holdings()),
  };
}

export default {
  async fetch(request: Request, env: object, context: object): Promise<Response> {
    if (new URL(request.url).pathname !== TROUBLE_PATH) return gateway.fetch(request, environmentOf(env), context);
    if (request.method === "PUT") await suffer(env as Bindings, trouble.parse(await request.json()));
    return request.method === "GET" ? Response.json(await holdingsOf(env as Bindings)) : Response.json({ ok: true });
  },
  scheduled(controller: object, env: object): Promise<void> {
    return gateway.scheduled(controller, environmentOf(env));
  },
};
