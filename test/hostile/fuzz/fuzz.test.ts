/*
 * Any request to any route: never a fault of ours, always an answer in the path's dialect, nothing of another owner's,
 * nothing changed there, and no call to the vendor for a request that is refused. Each run has a seed of its own;
 * `SEED=… npx vitest run test/hostile/fuzz` makes one again, `FUZZ_RUNS=100000` makes a long one.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { signEvent } from "../../../src/signing/event-signature.ts";
import { addPair, PAIR } from "../../routes/support/tencent-api.ts";
import { notify, submit } from "../../support/client.ts";
import { addKey, CALLBACK_SECRET, emulator, ORIGIN, vendorFinishes } from "../../support/gateway.ts";
import type { ApiDescription } from "../place.ts";
import { type Arena, calm, createCalls, startArena } from "../support.ts";
import { type HostileRequest, hostileRequest, templatesOf } from "./requests.ts";
import { tc3Headers, withSign } from "./signatures.ts";

const RUNS = env.TEST_FUZZ_RUNS === "" ? 400 : Number(env.TEST_FUZZ_RUNS);
/** fast-check takes seeds of 32 bits. */
const SEED = env.TEST_SEED === "" ? Math.floor(Math.random() * 2 ** 31) : Number(env.TEST_SEED);
const TIMEOUT_MS = 60_000 + 200 * RUNS;

/** Of all requests. */
const MIN_ACCEPTED = 0.15;

const KEYS = { all: "sk-test", reader: "sk-reader", unknown: "sk-unknown", none: null };

/** Sends a request, with whatever gets it past the door. */
async function send(arena: Arena, request: HostileRequest): Promise<Response> {
  const { method, target, action, notification, key } = request;
  const now = Math.floor(Date.now() / 1000);
  let { headers, body } = request;
  if (action !== undefined) {
    const host = new URL(ORIGIN).host;
    headers = { ...headers, ...(await tc3Headers(request, PAIR, { host, timestamp: now })) };
  }
  if (notification && body)
    body = withSign(body, await signEvent({ signKey: env.VOD_SIGN_KEY, t: now + 600 }), now + 600);
  return arena.gateway.request(`${ORIGIN}${target}`, {
    method,
    headers,
    ...(body && { body }),
    key: action === undefined ? KEYS[key] : null,
  });
}

/** One more task of the caller's own that is over. */
async function finishedTask({ gateway }: Arena): Promise<string> {
  const { id } = await submit(gateway);
  for (const task of await vendorFinishes()) if (task.SessionId.startsWith(id)) await notify(gateway, task);
  return id;
}

/** Whose dialect answers. */
function pathOf({ target, headers }: HostileRequest, text: string): string {
  const { pathname } = new URL(`${ORIGIN}${target}`);
  const inner = headers["x-fal-target-url"];
  // What the proxy itself refuses is fal's.
  if (pathname !== "/fal/proxy" || inner === undefined || /x-fal-target-url|cannot be a proxy/.test(text))
    return pathname;
  return URL.parse(inner)?.pathname ?? pathname;
}

describe(`any request to any route, SEED=${SEED}`, () => {
  it(`is answered calmly, ${RUNS} of them`, { timeout: TIMEOUT_MS }, async ({ expect }) => {
    const arena = await startArena();
    await addPair(PAIR, "acme", ["submit", "read"]);
    await addKey("sk-reader", "acme", ["read"]);
    const description = await (await arena.gateway.get("/openapi.json")).json<ApiDescription>();
    const vendors = (await emulator.tasks()).find(({ SessionId }) => SessionId.startsWith(arena.ids.own));
    if (!vendors) throw new Error("The vendor has made nothing of the own task.");
    const known = {
      ...arena.ids,
      spare: await finishedTask(arena),
      callbackSecret: CALLBACK_SECRET,
      vendors: vendors.TaskId,
      token: vendors.SessionContext,
    };
    let accepted = 0;

    const property = fc.asyncProperty(hostileRequest(templatesOf(description), known), async (request) => {
      const before = await createCalls();
      const response = await send(arena, request);
      const text = await response.clone().text();
      const { status, code } = await calm(response, pathOf(request, text), request);
      const made = (await createCalls()) - before;
      if (status < 300 && code === undefined) accepted++;
      // A code with a capital is the vendor's own, which was asked; but at "/" all codes are.
      const refused = code !== undefined && (status !== 200 || !text.includes("TaskId")) && !/^[A-Z]/.test(code);
      if (made > (refused ? 0 : 1)) throw new Error(`${made} calls for ${status} ${code}`);
    });
    try {
      await fc.assert(property, { seed: SEED, numRuns: RUNS });
    } catch (error) {
      throw new Error(`With SEED=${SEED}:`, { cause: error });
    }
    await arena.untouched();
    // Else nothing would have got past the first checks.
    expect(accepted / RUNS).toBeGreaterThan(MIN_ACCEPTED);
  });
});
