/* The way to the vendor: a create call can hang on it, be given up, and arrive all the same. */
import { env } from "cloudflare:workers";
import { CREATE_CALL_MAX_MS } from "../../../src/vod/client.ts";
import { CREATE } from "../../support/client.ts";
import { emulator } from "../../support/gateway.ts";
import { until } from "../../support/quiet.ts";

/** The gateway waits that long for an answer. */
const CALL_TIMEOUT_MS = 15_000;
/** Of VOD_RESEND_SECONDS' default: so long the vendor may be at work on a call that was given up. */
const RESEND_AFTER_MS = 60_000;
/** The vendor refuses a call whose signature is older. */
const SIGNATURE_LIFETIME_MS = 5 * 60 * 1000;

/** A create call hangs in the network: on its way, or answered by the vendor and the answer on its way. */
export type Stage = "request" | "answer";

type Sent = { url: string; headers: Headers; body: string; at: number };
type Held = { sent: Sent; stage: Stage; order: "wait" | "goOn" | "timeOut" };

export class Network {
  holdNext: Stage | undefined;
  held: Held[] = [];
  /** Calls that the gateway gave up while they were on their way to the vendor. */
  stragglers: Sent[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** As the object calls it: what it waits for is looked at from there, never settled from elsewhere. */
  async transmit(request: Request): Promise<Response> {
    const stage = request.headers.get("x-tc-action") === CREATE ? this.holdNext : undefined;
    if (stage === undefined) return env.EMULATOR.fetch(request);
    this.holdNext = undefined;
    const sent = { url: request.url, headers: request.headers, body: await request.text(), at: this.now() };
    const answer = stage === "answer" ? await readWhole(sent) : undefined;
    const call: Held = { sent, stage, order: "wait" };
    this.held.push(call);
    await until(() => call.order !== "wait");
    if (call.order === "timeOut") throw new DOMException("The call took too long.", "TimeoutError");
    return (answer ?? (await readWhole(sent)))();
  }

  order(call: Held | undefined, order: "goOn" | "timeOut"): void {
    if (!call) return;
    this.held = this.held.filter((other) => other !== call);
    if (order === "timeOut") this.leave(call);
    call.order = order;
  }

  /** The gateway waits no longer than it waits. */
  giveUpOld(): void {
    for (const call of this.held) if (this.now() - call.sent.at >= CALL_TIMEOUT_MS) this.order(call, "timeOut");
  }

  giveUpAll(): void {
    for (const call of this.held) this.order(call, "timeOut");
  }

  /** Nobody waits for an answer any more. */
  crash(): void {
    for (const call of this.held.splice(0)) this.leave(call);
  }

  /**
   * A call that was given up arrives. What it makes appears within the time in which the gateway reckons with it; after
   * that the vendor only says that it has it.
   */
  async arrive(straggler: Sent): Promise<void> {
    this.stragglers = this.stragglers.filter((other) => other !== straggler);
    const age = this.now() - straggler.at;
    const { SessionId } = JSON.parse(straggler.body) as { SessionId: string };
    const known = (await emulator.tasks()).some((task) => task.SessionId === SessionId);
    if (age < CREATE_CALL_MAX_MS + RESEND_AFTER_MS || (known && age < SIGNATURE_LIFETIME_MS))
      await readWhole(straggler);
  }

  private leave({ sent, stage }: Held): void {
    if (stage === "request") this.stragglers.push(sent);
  }
}

/** The answer, read to its end; or how it broke. */
async function readWhole({ url, headers, body }: Sent): Promise<() => Response> {
  try {
    const response = await env.EMULATOR.fetch(url, { method: "POST", headers, body });
    const text = await response.text();
    return () => new Response(text, { status: response.status });
  } catch {
    return () => {
      throw new Error("The connection broke.");
    };
  }
}
