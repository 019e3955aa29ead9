import { ACTIONS } from "./actions/index.ts";
import { authenticate } from "./auth.ts";
import type { Action } from "./actions/action.ts";
import type { VendorContext } from "./context.ts";
import { VendorError } from "./errors.ts";
import type { Fault } from "./state/control.ts";

const API_VERSION = "2018-07-17";
const MAX_BODY_BYTES = 10_485_760;
const OK = "OK";

/** What a call came to: `code` is what the call counts name it by. */
type Result = { code: string; response: Response; delayMs?: number | undefined };

/** Answers `POST /`, the vendor's API. */
export async function answerCall(context: VendorContext, request: Request): Promise<Response> {
  const action = request.headers.get("x-tc-action") ?? "";
  const { code, response, delayMs } = await perform(context, request, action);
  context.control.countCall(action, code);
  if (delayMs) await scheduler.wait(delayMs);
  return response;
}

async function perform(context: VendorContext, request: Request, action: string): Promise<Result> {
  let admitted: { run: Action; body: unknown };
  try {
    admitted = await admit(context, request, action);
  } catch (error) {
    return refuse(context, error);
  }
  const fault = context.control.takeFault(action);
  const early = fault && (await faultBefore(context, fault));
  if (early) return early;
  const result = await execute(context, admitted, new URL(request.url).origin);
  return fault ? faultAfter(fault, result) : result;
}

/** All that is checked before the action itself. */
async function admit(context: VendorContext, request: Request, action: string) {
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (request.method !== "POST") throw new VendorError("InvalidRequest", "The emulator answers POST only.");
  if (bytes.length > MAX_BODY_BYTES)
    throw new VendorError("RequestSizeLimitExceeded", `The request is larger than ${MAX_BODY_BYTES}B.`);
  const version = requireHeader(request, "x-tc-version", "Version");
  if (action === "") requireHeader(request, "x-tc-action", "Action");
  await authenticate(request, bytes, context.settings, Math.floor(context.clock.real() / 1000));
  if (version !== API_VERSION) throw new VendorError("NoSuchVersion", `The version \`${version}\` does not exist.`);
  const run = ACTIONS.get(action);
  if (!run) throw new VendorError("InvalidAction", `The action \`${action}\` does not exist.`);
  if (
    action.startsWith("Create") &&
    !context.createRate.take(context.clock.real(), context.config().requests_per_second)
  )
    throw new VendorError("RequestLimitExceeded", "The number of requests exceeds the frequency limit.");
  return { run, body: parseJson(bytes) };
}

function requireHeader(request: Request, header: string, parameter: string): string {
  const value = request.headers.get(header);
  if (!value)
    throw new VendorError("MissingParameter", `The request is missing a required parameter \`${parameter}\`.`);
  return value;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    throw new VendorError("InvalidParameter", "The request body is not JSON.");
  }
}

async function execute(
  context: VendorContext,
  { run, body }: { run: Action; body: unknown },
  origin: string,
): Promise<Result> {
  try {
    const answer = await run(context, body, { origin });
    return { code: OK, response: envelope(context, answer) };
  } catch (error) {
    return refuse(context, error);
  }
}

function refuse(context: VendorContext, error: unknown): Result {
  const { code, message } =
    error instanceof VendorError ? error : new VendorError("InternalError", `Internal error: ${String(error)}`);
  return { code, response: envelope(context, { Error: { Code: code, Message: message } }) };
}

function envelope(context: VendorContext, answer: object): Response {
  return Response.json({ Response: { ...answer, RequestId: context.uuid() } });
}

/** Faults that come in the action's place, or before it. */
async function faultBefore(context: VendorContext, fault: Fault): Promise<Result | undefined> {
  switch (fault.kind) {
    case "error":
      return refuse(context, new VendorError(fault.code ?? "InternalError", "A fault set by a control call."));
    case "http_500":
      return { code: fault.kind, response: new Response("<html>500 Internal Server Error</html>\n", { status: 500 }) };
    case "drop_before_accept":
      return { code: fault.kind, response: brokenResponse() };
    case "late": {
      const resets = context.resets();
      await scheduler.wait(fault.delay_ms ?? 0);
      // What was forgotten meanwhile does not happen any more.
      return resets === context.resets() ? undefined : { code: fault.kind, response: brokenResponse() };
    }
    default:
      return undefined;
  }
}

/** Faults that spoil the answer to an action that did take place. */
async function faultAfter(fault: Fault, result: Result): Promise<Result> {
  switch (fault.kind) {
    case "drop_after_accept":
      return { code: fault.kind, response: brokenResponse() };
    case "slow":
      return { ...result, delayMs: fault.delay_ms };
    case "bad_json": {
      const text = await result.response.text();
      const headers = { "content-type": "application/json" };
      return { code: fault.kind, response: new Response(text.slice(0, text.length / 2), { headers }) };
    }
    default:
      return result;
  }
}

/**
 * Breaks the connection. workerd sends the head of an answer with the first bytes of its body, so a body that fails
 * before them closes the socket unanswered: `fetch` rejects in Node ("fetch failed", UND_ERR_SOCKET) and in another
 * workerd ("Network connection lost."). Over a service binding there is no socket; there reading the body rejects.
 * A thrown exception would not do: the runtime turns it into an HTTP 500.
 */
function brokenResponse(): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.error(new Error("connection dropped by a fault"));
    },
  });
  return new Response(body);
}
