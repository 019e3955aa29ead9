import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { type Answer, call, type CallOptions } from "../../scripts/lib/http.ts";
import type { Journal, SubmissionAnswer } from "./journal.ts";
import { type Order, PATHS } from "./plan.ts";

const MAX_TRIES = 60;
const RETRY_PAUSE_MS = 400;
const STATUS_WAIT_SECONDS = 5;

const answerSchema = z.looseObject({
  request_id: z.string().optional(),
  id: z.string().optional(),
  code: z.unknown().optional(),
});

export type ClientOptions = {
  gatewayUrl: string;
  /** By owner. */
  keys: ReadonlyMap<string, string>;
  journal: Journal;
  /** Ends the watching of tasks. */
  signal: AbortSignal;
};

/** Clients as they are: they repeat what broke, send twice, change their minds, and watch. */
export function createClients({ gatewayUrl, keys, journal, signal }: ClientOptions) {
  async function request(owner: string, path: string, options: CallOptions, large = false): Promise<Answer> {
    const sentAt = Date.now();
    const answer = await call(`${gatewayUrl}${path}`, { apiKey: keys.get(owner) ?? "", ...options }).catch(
      (error: unknown) => {
        // Said nothing for as long as a client has patience, though its connection stood.
        if (error instanceof DOMException) {
          journal.timeouts.push({ at: Date.now(), sentAt, what: `${options.method ?? "GET"} ${path}` });
        }
        throw error;
      },
    );
    if (answer.status >= 500) {
      const code = codeOf(answer);
      const what = `${options.method ?? "GET"} ${path}`;
      journal.serverErrors.push({
        at: Date.now(),
        sentAt,
        status: answer.status,
        what,
        ...(code && { code }),
        ...(large && { large }),
      });
    }
    return answer;
  }

  /** Repeats until there is an answer that is not about the network or the server's health. */
  async function patiently(owner: string, path: string, options: CallOptions): Promise<Answer | undefined> {
    for (let tries = 1; tries <= MAX_TRIES && !signal.aborted; tries++) {
      try {
        const answer = await request(owner, path, options);
        if (!isRepeatable(answer)) return answer;
      } catch {
        journal.networkErrors += 1;
      }
      await sleep(RETRY_PAUSE_MS);
    }
    return undefined;
  }

  async function submit(order: Order, sent: SubmissionAnswer["sent"]): Promise<string | undefined> {
    const body = sent === "other_body" ? { ...order.body, prompt: changedPrompt(order) } : order.body;
    const options: CallOptions = {
      method: "POST",
      json: body,
      ...(order.idempotencyKey !== undefined && { headers: { "idempotency-key": order.idempotencyKey } }),
    };
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      try {
        const answer = await request(order.owner, PATHS[order.dialect], options, order.large);
        const noted = note(order, sent, answer);
        if (!isRepeatable(answer) || !isSafeToRepeat(order)) return noted.status === 200 ? noted.requestId : undefined;
      } catch (error) {
        journal.networkErrors += 1;
        if (!isSafeToRepeat(order) && !neverArrived(error)) {
          journal.unanswered.push(order.number);
          return undefined;
        }
      }
      await sleep(RETRY_PAUSE_MS);
    }
    journal.gaveUp.push(order.number);
    return undefined;
  }

  function note(order: Order, sent: SubmissionAnswer["sent"], answer: Answer): SubmissionAnswer {
    const body = answerSchema.safeParse(answer.body).data;
    const requestId = body?.request_id ?? body?.id;
    const code = codeOf(answer);
    const noted = {
      order: order.number,
      owner: order.owner,
      sent,
      status: answer.status,
      ...(requestId !== undefined && { requestId }),
      ...(code !== undefined && { code }),
      replayed: answer.headers.get("idempotent-replayed") === "true",
    };
    journal.submissions.push(noted);
    return noted;
  }

  async function cancel(order: Order, requestId: string, afterMs: number): Promise<void> {
    await sleep(afterMs);
    const path = `/tencent-vod/v1/requests/${requestId}/cancel`;
    const answer = await patiently(order.owner, path, { method: "PUT" });
    journal.cancelsTried += 1;
    if (answer?.status === 202) journal.canceled.add(requestId);
    if (answer?.status === 404) journal.strange.push({ requestId, text: "was accepted; its cancel URL says 404" });
  }

  async function follow(order: Order, requestId: string): Promise<void> {
    const path = `/tencent-vod/v1/requests/${requestId}/status`;
    for (let over = false; !signal.aborted;) {
      const answer = await patiently(order.owner, `${path}?wait=${STATUS_WAIT_SECONDS}`, {});
      if (!answer) return;
      if (answer.status !== 200 && answer.status !== 202) {
        journal.strange.push({ requestId, text: `was accepted; its status says HTTP ${answer.status}` });
        return;
      }
      if (over && answer.status === 202) journal.strange.push({ requestId, text: "was over, and then not" });
      if (over) return;
      over = answer.status === 200;
    }
  }

  async function erase(order: Order, requestId: string): Promise<void> {
    const path = `/tencent-vod/v1/requests/${requestId}`;
    for (let over = false; !over;) {
      const answer = await patiently(order.owner, `${path}/status?wait=${STATUS_WAIT_SECONDS}`, {});
      if (!answer) return;
      if (answer.status !== 200 && answer.status !== 202) {
        journal.strange.push({ requestId, text: `was accepted; its status says HTTP ${answer.status}` });
        return;
      }
      over = answer.status === 200;
    }
    const answer = await patiently(order.owner, path, { method: "DELETE" });
    if (answer?.status === 200) journal.erased.add(requestId);
    else if (answer) journal.strange.push({ requestId, text: `was over; its removal says HTTP ${answer.status}` });
  }

  return {
    /** Sends an order, and does all else that its client does. */
    async run(order: Order): Promise<void> {
      const copies = Array.from({ length: order.copies }, (_, copy) => submit(order, copy === 0 ? "first" : "copy"));
      const requestId = (await Promise.all(copies)).find((id) => id !== undefined);
      const more: Promise<unknown>[] = [];
      if (order.again !== undefined) more.push(submit(order, order.again === "same" ? "again" : "other_body"));
      if (requestId !== undefined) {
        if (order.cancelAfterMs !== undefined) more.push(cancel(order, requestId, order.cancelAfterMs));
        if (order.follow) more.push(follow(order, requestId));
        if (order.erase) more.push(erase(order, requestId));
      }
      await Promise.all(more);
    },
    patiently,
  };
}

/** The prompt of the request that an order sends under a used Idempotency-Key. */
export function changedPrompt(order: Order): string {
  return `${order.prompt}, changed`;
}

function isSafeToRepeat(order: Order): boolean {
  return order.sessionId !== undefined || order.idempotencyKey !== undefined;
}

function isRepeatable({ status, headers }: Answer): boolean {
  return (status === 429 || status >= 500) && headers.get("x-should-retry") !== "false";
}

function codeOf({ body }: Answer): string | undefined {
  const code = answerSchema.safeParse(body).data?.code;
  return typeof code === "string" ? code : undefined;
}

/** Refused before a byte was sent: whoever repeats it orders nothing twice. */
function neverArrived(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
}
