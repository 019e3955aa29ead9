import * as z from "zod";
import type { Deps } from "../deps.ts";
import { createTc3Signer } from "../signing/tc3-signer.ts";
import type { Tc3Credentials } from "../signing/tc3.ts";
import { readVendorText } from "./answer-text.ts";
import { CODE_MAX_CHARACTERS, MESSAGE_MAX_CHARACTERS, ruleOf, type VendorErrorRule } from "./errors.ts";
import type { TimeLimit } from "./time-limit.ts";

const API_VERSION = "2018-07-17";
const SERVICE = "vod";
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The vendor said no: an `Error` in an answer, which comes with HTTP 200. */
export type VendorRefusal = {
  kind: "refused";
  code: string;
  message: string;
  requestId?: string;
  rule: VendorErrorRule;
};
/** No usable answer: whether the vendor acted on the call is not known. */
export type VendorSilence = {
  kind: "silent";
  reason: "timeout" | "network" | "http_status" | "not_json" | "too_large" | "shape";
};
/** The vendor has not had the whole call, so it has not acted on it. `gone`: the request will never be readable. */
export type Unsent = { kind: "unsent"; gone: boolean };
export type VendorResult<T, E = VendorRefusal | VendorSilence> = { ok: true; value: T } | { ok: false; error: E };

/** A body at hand, or one that streams and was hashed before. */
export type Outgoing = { payload: string } | { payloadHash: string; body: ReadableStream<Uint8Array> };

export type AnswerLimits = {
  time: TimeLimit;
  maxReadBytes?: number;
  maxKeptBytes?: number;
};

export type Transport = ReturnType<typeof createTransport>;

const envelope = z.looseObject({
  Response: z.looseObject({
    RequestId: z.string().optional(),
    Error: z.looseObject({ Code: z.string(), Message: z.string().default("") }).optional(),
  }),
});

/** Signs, sends and reads one exchange with the vendor. Never throws for what the vendor or the network does. */
export function createTransport(
  { endpoint, credentials }: { endpoint: string; credentials: Tc3Credentials },
  deps: Deps,
) {
  const url = new URL(endpoint);
  const signer = createTc3Signer({ credentials, service: SERVICE });

  return {
    async send(action: string, outgoing: Outgoing, limits: AnswerLimits): Promise<VendorResult<unknown>> {
      const timestamp = Math.floor(deps.now() / 1000);
      const headers = await signer.sign({ host: url.host, action, version: API_VERSION, timestamp, ...outgoing });
      const body = "payload" in outgoing ? outgoing.payload : outgoing.body;
      const { time, ...bytes } = limits;
      let text: string | undefined;
      try {
        const response = await deps.fetch(
          new Request(url, { method: "POST", headers, body, signal: time.signal(), redirect: "manual" }),
        );
        time.begun();
        if (response.status !== 200) {
          await response.body?.cancel();
          return silent("http_status");
        }
        text = await readVendorText(response, { maxReadBytes: MAX_ANSWER_BYTES, ...bytes });
      } catch (error) {
        return silent(error instanceof DOMException && error.name === "TimeoutError" ? "timeout" : "network");
      } finally {
        time.ended();
      }
      if (text === undefined) return silent("too_large");
      return parseAnswer(text);
    },
  };
}

/**
 * Repeats once what was refused because its signature had expired on the way: that is checked before anything is
 * executed, so for whoever asks it is the same call.
 */
export async function renewingSignature<T, E extends VendorRefusal | VendorSilence | Unsent>(
  attempt: () => Promise<VendorResult<T, E>>,
): Promise<VendorResult<T, E>> {
  const result = await attempt();
  const error: VendorRefusal | VendorSilence | Unsent | undefined = result.ok ? undefined : result.error;
  return error?.kind === "refused" && error.rule.resend === "fresh_timestamp" ? attempt() : result;
}

export function shaped<T, E>(
  result: VendorResult<unknown, E>,
  shape: z.ZodType<T>,
): VendorResult<T, E | VendorSilence> {
  if (!result.ok) return result;
  const parsed = shape.safeParse(result.value);
  return parsed.success ? { ok: true, value: parsed.data } : silent("shape");
}

function silent(reason: VendorSilence["reason"]): { ok: false; error: VendorSilence } {
  return { ok: false, error: { kind: "silent", reason } };
}

function parseAnswer(text: string): VendorResult<unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return silent("not_json");
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return silent("shape");
  const { Error: refusal, RequestId: requestId } = parsed.data.Response;
  if (!refusal) return { ok: true, value: parsed.data.Response };
  const error: VendorRefusal = {
    kind: "refused",
    code: refusal.Code.slice(0, CODE_MAX_CHARACTERS),
    message: refusal.Message.slice(0, MESSAGE_MAX_CHARACTERS),
    ...(requestId && { requestId: requestId.slice(0, CODE_MAX_CHARACTERS) }),
    rule: ruleOf(refusal.Code),
  };
  return { ok: false, error };
}
