/* The vendor's queue of events, and the way to it. */
import { env } from "cloudflare:workers";
import { createTc3Signer } from "../../src/signing/tc3-signer.ts";
import { emulator, type Json } from "../support/gateway.ts";

/** The vendor holds an empty pull for 5 s; shorter here, and over at once when a test is. */
export const HOLD_MS = 1_100;
const POLL_MS = 10;
/** Just more than an event that was pulled and not confirmed stays hidden. */
export const HIDDEN_SECONDS = 31;

export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Answer = (request: Request) => Response | undefined | Promise<Response | undefined>;

export type Line = ReturnType<typeof wire>;

/** The way to the vendor, with the vendor's actions in the order they were called. */
export function wire() {
  const calls: string[] = [];
  const pulls = { now: 0, most: 0 };
  const line = {
    calls,
    pulls,
    /** Ends the pull that is being held. */
    release: false,
    /** Answers a call instead of the vendor, or throws. */
    instead: {} as Record<string, Answer>,
    async fetch(request: Request): Promise<Response> {
      const action = request.headers.get("x-tc-action") ?? "";
      calls.push(action);
      const answer = await line.instead[action]?.(request);
      if (answer) return answer;
      if (action !== "PullEvents") return env.EMULATOR.fetch(request);
      pulls.now += 1;
      pulls.most = Math.max(pulls.most, pulls.now);
      try {
        for (let waited = 0; (await eventsToPull()) === 0; waited += POLL_MS) {
          if (waited >= HOLD_MS || line.release) return emptyPull();
          await pause(POLL_MS);
        }
        return await env.EMULATOR.fetch(request);
      } finally {
        pulls.now -= 1;
      }
    },
    count: (action: string) => calls.filter((call) => call === action).length,
    /** Until no pull is in the air. */
    async released(): Promise<void> {
      line.release = true;
      while (pulls.now > 0) await pause(POLL_MS);
      line.release = false;
    },
  };
  return line;
}

export const emptyPull = () => Response.json({ Response: { EventSet: null, RequestId: "r" } });

const signer = createTc3Signer({
  credentials: { secretId: env.VOD_SECRET_ID, secretKey: env.VOD_SECRET_KEY },
  service: "vod",
});

/** A call of the vendor's API past the gateway. */
export async function atVendor(action: string, parameters: Json = {}): Promise<Json> {
  const payload = JSON.stringify({ ...parameters, SubAppId: Number(env.VOD_SUB_APP_ID) });
  const url = new URL(env.VOD_ENDPOINT);
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = await signer.sign({ host: url.host, action, version: "2018-07-17", payload, timestamp });
  const response = await env.EMULATOR.fetch(url, { method: "POST", headers, body: payload });
  return (await response.json<{ Response: Json }>()).Response;
}

/** Events in the vendor's queue that are not hidden. */
export async function eventsToPull(): Promise<number> {
  return Number((await atVendor("DescribeEventsState")).CountOfEventsToPull);
}

/** Events that were pulled and not confirmed show again. */
export async function unhide(): Promise<void> {
  await emulator.call("POST", "clock", { advance_seconds: HIDDEN_SECONDS });
}

/** Whether nothing is left in the queue, hidden events included. */
export async function queueIsEmpty(): Promise<boolean> {
  await unhide();
  return (await eventsToPull()) === 0;
}

/** The next pull's events, as the vendor gives them; undefined while there are none. */
export async function pulledBy(request: Request): Promise<Json[] | undefined> {
  if ((await eventsToPull()) === 0) return undefined;
  const answer = await (await env.EMULATOR.fetch(request)).json<{ Response: { EventSet: Json[] } }>();
  return answer.Response.EventSet;
}
