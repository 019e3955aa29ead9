import { env } from "cloudflare:workers";
import { createTc3Signer } from "../../src/signing/tc3-signer.ts";

export const SUB_APP_ID = 251007502;
export const SECRET_ID = "AKIDlocal";
export const SECRET_KEY = "local-secret-key";

const ORIGIN = "http://emulator.test";
const POLL_MS = 20;

export const emulator = env.EMULATOR;

export const video = { SubAppId: SUB_APP_ID, ModelName: "Kling", ModelVersion: "2.1", Prompt: "a car in the rain" };
export const image = { SubAppId: SUB_APP_ID, ModelName: "GG", ModelVersion: "3.1", Prompt: "a cat" };

export type Answer = {
  Error?: { Code: string; Message: string };
  RequestId?: string;
  TaskId?: string;
  [member: string]: unknown;
};

export type Signed = {
  action: string;
  payload: string;
  secretId?: string;
  secretKey?: string;
  service?: string;
  version?: string;
  /** Seconds since the epoch. */
  timestamp?: number;
  contentType?: string;
  host?: string;
};

export async function signedHeaders(input: Signed): Promise<Record<string, string>> {
  const { secretId = SECRET_ID, secretKey = SECRET_KEY, service = "vod" } = input;
  const signer = createTc3Signer({ credentials: { secretId, secretKey }, service });
  return signer.sign({
    host: input.host ?? new URL(ORIGIN).host,
    action: input.action,
    version: input.version ?? "2018-07-17",
    payload: input.payload,
    timestamp: input.timestamp ?? nowSeconds(),
    ...(input.contentType === undefined ? {} : { contentType: input.contentType }),
  });
}

export async function send(headers: Record<string, string>, payload: string, origin = ORIGIN): Promise<Response> {
  return emulator.fetch(origin, { method: "POST", headers, body: payload });
}

export async function answerOf(response: Response): Promise<Answer> {
  const { Response: answer } = await response.json<{ Response: Answer }>();
  return answer;
}

/** A rightly signed call with a JSON body. */
export async function call(action: string, body: unknown): Promise<Answer> {
  const payload = JSON.stringify(body);
  return answerOf(await send(await signedHeaders({ action, payload }), payload));
}

export async function codeOf(action: string, body: unknown): Promise<string> {
  return (await call(action, body)).Error?.Code ?? "OK";
}

export async function createdTask(
  action: "CreateAigcVideoTask" | "CreateAigcImageTask",
  body: object,
): Promise<string> {
  const answer = await call(action, body);
  if (answer.TaskId === undefined) throw new Error(`${action}: ${JSON.stringify(answer)}`);
  return answer.TaskId;
}

export async function describeTask(taskId: string): Promise<Answer> {
  return call("DescribeTaskDetail", { SubAppId: SUB_APP_ID, TaskId: taskId });
}

export async function finishedTask(taskId: string): Promise<Answer> {
  for (;;) {
    const detail = await describeTask(taskId);
    if (detail["Status"] !== "PROCESSING") return detail;
    await scheduler.wait(POLL_MS);
  }
}

export async function controlResponse(method: string, name: string, body?: unknown): Promise<Response> {
  return emulator.fetch(`${ORIGIN}/_emulator/${name}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** @throws Error unless the answer is 200 */
export async function control<T = unknown>(method: string, name: string, body?: unknown): Promise<T> {
  const response = await controlResponse(method, name, body);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${name}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Back to the beginning, with tasks that take longer than a test unless it says otherwise. */
export async function freshEmulator(config: object = {}): Promise<void> {
  await control("POST", "reset");
  await control("PUT", "config", { task_seconds: 60, requests_per_second: 1000, ...config });
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
