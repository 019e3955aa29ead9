/*
 * The unmodified official SDK is the judge of the emulator: what it can do here, it can do at the vendor.
 */
import { createHash, createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vod } from "tencentcloud-sdk-nodejs-vod";
import { afterAll, beforeAll, beforeEach, describe, it, onTestFinished, vi } from "vitest";
import { startStack } from "../../scripts/lib/stack.ts";

const SUB_APP_ID = 251007502;
const SECRET_ID = "AKIDlocal";
const SECRET_KEY = "local-secret-key";
const SIGN_KEY = "localSignKey";
const POLL_MS = 50;

type Client = InstanceType<typeof vod.v20180717.Client>;

let stack: Awaited<ReturnType<typeof startStack>>;
let url: string;

beforeAll(async () => {
  stack = await startStack({ gateway: false });
});

afterAll(() => stack.stop());

beforeEach(async () => {
  url = stack.emulatorUrl;
  await control("POST", "reset");
  await control("PUT", "config", { task_seconds: 0.2 });
});

async function control(method: string, name: string, body?: unknown): Promise<unknown> {
  const response = await fetch(new URL(`/_emulator/${name}`, url), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return response.json();
}

function createClient(secretKey = SECRET_KEY): Client {
  return new vod.v20180717.Client({
    credential: { secretId: SECRET_ID, secretKey },
    region: "",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(url).host } },
  });
}

async function taskAtItsEnd(client: Client, taskId: string) {
  for (;;) {
    const detail = await client.DescribeTaskDetail({ TaskId: taskId, SubAppId: SUB_APP_ID });
    if (detail.Status === "FINISH") return detail;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "OK",
    (error: Error & { code?: string }) => error.code ?? error.message,
  );
}

const video = { SubAppId: SUB_APP_ID, ModelName: "Kling", ModelVersion: "2.1", Prompt: "a car in the rain" };

describe("the official SDK", () => {
  it("creates a video task and describes it to its end", async ({ expect }) => {
    const client = createClient();
    const { TaskId: taskId = "" } = await client.CreateAigcVideoTask({
      ...video,
      OutputConfig: { StorageMode: "Temporary", Duration: 5, AspectRatio: "16:9" },
      SessionId: "sdk-1",
      SessionContext: "context 上下文",
    });
    expect(taskId).toMatch(/^251007502-AigcVideoTask-[0-9a-f]{32}t$/);
    expect((await client.DescribeTaskDetail({ TaskId: taskId, SubAppId: SUB_APP_ID })).AigcVideoTask?.Status).toBe(
      "PROCESSING",
    );

    const detail = await taskAtItsEnd(client, taskId);
    expect(detail.TaskType).toBe("AigcVideoTask");
    expect(detail.AigcVideoTask).toMatchObject({
      ErrCode: 0,
      ErrCodeExt: "",
      Progress: 100,
      SessionId: "sdk-1",
      SessionContext: "context 上下文",
    });
    const [file] = detail.AigcVideoTask?.Output?.FileInfos ?? [];
    const media = await fetch(file?.FileUrl ?? "");
    expect(media.headers.get("content-type")).toBe("video/mp4");
    expect((await media.arrayBuffer()).byteLength).toBe(file?.MetaData?.Size);
  });

  it("creates an image task and describes it to its end", async ({ expect }) => {
    const client = createClient();
    const { TaskId: taskId = "" } = await client.CreateAigcImageTask({
      SubAppId: SUB_APP_ID,
      ModelName: "GG",
      ModelVersion: "3.1",
      Prompt: "a cat",
      OutputConfig: { StorageMode: "Permanent" },
    });
    expect(taskId).toMatch(/^251007502-AigcImageTask-[0-9a-f]{32}t$/);
    const [file] = (await taskAtItsEnd(client, taskId)).AigcImageTask?.Output?.FileInfos ?? [];
    expect(file?.FileId).toMatch(/^\d{19}$/);
    const media = await fetch(file?.FileUrl ?? "");
    expect(media.headers.get("content-type")).toBe("image/png");
  });

  it("pulls and confirms events", async ({ expect }) => {
    const client = createClient();
    await client.ModifyEventConfig({ SubAppId: SUB_APP_ID, Mode: "PULL" });
    const { TaskId: taskId } = await client.CreateAigcVideoTask(video);
    const { EventSet: events = [] } = await client.PullEvents({ SubAppId: SUB_APP_ID });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      EventType: "AigcVideoTaskComplete",
      AigcVideoCompleteEvent: { TaskId: taskId, Status: "FINISH" },
      AigcImageCompleteEvent: null,
    });

    const handles = events.map((event) => event.EventHandle ?? "");
    await client.ConfirmEvents({ SubAppId: SUB_APP_ID, EventHandles: handles });
    const second = client.ConfirmEvents({ SubAppId: SUB_APP_ID, EventHandles: handles });
    expect(await codeOf(second)).toBe("InvalidParameterValue");
    expect((await client.DescribeEventsState({ SubAppId: SUB_APP_ID })).CountOfEventsToPull).toBe(0);
  });

  it("finds a task again with DescribeTasks", async ({ expect }) => {
    const client = createClient();
    const { TaskId: taskId } = await client.CreateAigcVideoTask({ ...video, SessionId: "lost-answer" });
    const { TaskSet: tasks = [] } = await client.DescribeTasks({ SubAppId: SUB_APP_ID, Limit: 100 });
    expect(tasks.find((task) => task.SessionId === "lost-answer")?.TaskId).toBe(taskId);
  });

  it("gets the vendor's errors", async ({ expect }) => {
    const client = createClient();
    expect(await codeOf(createClient("wrong-key").CreateAigcVideoTask(video))).toBe("AuthFailure.SignatureFailure");
    await client.CreateAigcVideoTask({ ...video, SessionId: "twice" });
    expect(await codeOf(client.CreateAigcVideoTask({ ...video, SessionId: "twice" }))).toBe(
      "InvalidParameterValue.SessionId",
    );
    const unknown = { ...video, CallbackUrl: "http://example.com" };
    expect(await codeOf(client.CreateAigcVideoTask(unknown))).toBe("UnknownParameter");
    expect(await control("GET", "tasks")).toHaveLength(1);
  });

  it("sees a network error when the answer is lost, and the task exists", async ({ expect }) => {
    await control("POST", "faults", { action: "CreateAigcVideoTask", kind: "drop_after_accept" });
    const client = createClient();
    await expect(client.CreateAigcVideoTask({ ...video, SessionId: "lost" })).rejects.toThrow(
      /socket hang up|aborted|ECONNRESET/i,
    );
    expect(await control("GET", "tasks")).toMatchObject([{ SessionId: "lost" }]);
    expect(await codeOf(client.CreateAigcVideoTask({ ...video, SessionId: "lost" }))).toBe(
      "InvalidParameterValue.SessionId",
    );
  });
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** TC3 in Node's own crypto, apart from the code under test. */
function signByHand(payload: string, timestamp: number): Record<string, string> {
  const host = new URL(url).host;
  const date = new Date(timestamp * 1000).toISOString().slice(0, 10);
  const canonical = `POST\n/\n\ncontent-type:application/json\nhost:${host}\n\ncontent-type;host\n${sha256(payload)}`;
  const text = `TC3-HMAC-SHA256\n${timestamp}\n${date}/vod/tc3_request\n${sha256(canonical)}`;
  const key = hmac(hmac(hmac(`TC3${SECRET_KEY}`, date), "vod"), "tc3_request");
  const signature = hmac(key, text).toString("hex");
  return {
    "content-type": "application/json",
    "x-tc-action": "DescribeEventsState",
    "x-tc-version": "2018-07-17",
    "x-tc-timestamp": String(timestamp),
    authorization: `TC3-HMAC-SHA256 Credential=${SECRET_ID}/${date}/vod/tc3_request, SignedHeaders=content-type;host, Signature=${signature}`,
  };
}

async function answerToHandSigned(timestamp: number): Promise<unknown> {
  const body = JSON.stringify({ SubAppId: SUB_APP_ID });
  const response = await fetch(url, { method: "POST", headers: signByHand(body, timestamp), body });
  return response.json();
}

describe("a request signed by hand", () => {
  it("passes with the present time", async ({ expect }) => {
    expect(await answerToHandSigned(Math.floor(Date.now() / 1000))).toMatchObject({
      Response: { CountOfEventsToPull: 0 },
    });
  });

  it("is refused with an old timestamp", async ({ expect }) => {
    expect(await answerToHandSigned(Math.floor(Date.now() / 1000) - 301)).toMatchObject({
      Response: { Error: { Code: "AuthFailure.SignatureExpire" } },
    });
  });
});

type Notification = { contentType: string | undefined; body: Record<string, unknown> };

/** Collects what is posted to it; answers with `status`, or breaks the connection for the first `breaks` posts. */
async function startReceiver({ status = 200, breaks = 0 } = {}) {
  const received: Notification[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      received.push({ contentType: request.headers["content-type"], body });
      if (received.length <= breaks) request.socket.destroy();
      else response.writeHead(status).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${port}/events`, received };
}

async function notified(received: Notification[], count: number): Promise<void> {
  await vi.waitUntil(() => received.length >= count, { timeout: 10_000, interval: POLL_MS });
}

describe("a notification by HTTP", () => {
  const SETTLED_MS = 1500;

  it("carries the task, Sign and T", async ({ expect }) => {
    const { url: notification_url, received } = await startReceiver();
    await control("PUT", "config", { notification_url });
    const { TaskId: taskId } = await createClient().CreateAigcVideoTask({ ...video, SessionContext: "ctx" });
    await notified(received, 1);
    const [{ contentType, body } = { contentType: "", body: {} }] = received;

    expect(contentType).toBe("application/json");
    expect(Object.keys(body)).toEqual(["EventType", "AigcVideoCompleteEvent", "Sign", "T"]);
    expect(body["EventType"]).toBe("AigcVideoTaskComplete");
    expect(body["AigcVideoCompleteEvent"]).toMatchObject({ TaskId: taskId, Status: "FINISH", SessionContext: "ctx" });
    const expiry = Number(body["T"]);
    expect(Math.abs(expiry - (Date.now() / 1000 + 600))).toBeLessThan(5);
    expect(body["Sign"]).toBe(createHash("md5").update(`${SIGN_KEY}${expiry}`).digest("hex"));
  });

  it("comes as often and as late as the configuration says, unsigned without a sign key", async ({ expect }) => {
    const { url: notification_url, received } = await startReceiver();
    const callback = { duplicate: 2, delay_ms: 500 };
    await control("PUT", "config", { notification_url, sign_key: "", callback, task_seconds: 0 });
    const start = Date.now();
    await createClient().CreateAigcImageTask({ ...video, ModelName: "GG" });
    await notified(received, 3);
    expect(Date.now() - start).toBeGreaterThanOrEqual(500);
    for (const { body } of received) expect(Object.keys(body)).toEqual(["EventType", "AigcImageCompleteEvent"]);
  });

  it("does not come when it is dropped", async ({ expect }) => {
    const { url: notification_url, received } = await startReceiver();
    const callback = { drop: 1 };
    await control("PUT", "config", { notification_url, callback, task_seconds: 0 });
    const client = createClient();
    await client.CreateAigcVideoTask(video);
    await control("PUT", "config", { callback: { drop: 0 } });
    const { TaskId: second } = await client.CreateAigcVideoTask(video);
    await notified(received, 1);
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    expect(received.map(({ body }) => body["AigcVideoCompleteEvent"])).toMatchObject([{ TaskId: second }]);
  });

  it("is sent once when the receiver answers, whatever the status", async ({ expect }) => {
    const { url: notification_url, received } = await startReceiver({ status: 500 });
    await control("PUT", "config", { notification_url });
    await createClient().CreateAigcVideoTask(video);
    await notified(received, 1);
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    expect(received).toHaveLength(1);
  });

  it("is sent three times and no more when the connection breaks", async ({ expect }) => {
    const { url: notification_url, received } = await startReceiver({ breaks: 10 });
    await control("PUT", "config", { notification_url });
    await createClient().CreateAigcVideoTask(video);
    await notified(received, 3);
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    expect(received).toHaveLength(3);
  });
});

it("goes on after a crash: tasks, events, configuration and what was still to happen", async ({ expect }) => {
  const stateDir = await mkdtemp(join(tmpdir(), "reelgate-emulator-"));
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  const { url: notification_url, received } = await startReceiver();

  const first = await startStack({ gateway: false, stateDir });
  url = first.emulatorUrl;
  await control("PUT", "config", { task_seconds: 0, notification_url, callback: { delay_ms: 2500 } });
  const { TaskId: announced } = await createClient().CreateAigcVideoTask({ ...video, SessionId: "before" });
  await control("PUT", "config", { task_seconds: 2.5, callback: { delay_ms: 0 } });
  const { TaskId: running } = await createClient().CreateAigcVideoTask(video);
  await first.stop();

  const second = await startStack({ gateway: false, stateDir });
  onTestFinished(() => second.stop());
  url = second.emulatorUrl;
  await vi.waitUntil(() => received.length >= 2, { timeout: 10_000, interval: POLL_MS });
  const told = received.map(({ body }) => (body["AigcVideoCompleteEvent"] as { TaskId: string }).TaskId);
  expect(new Set(told)).toEqual(new Set([announced, running]));
  expect(await control("GET", "config")).toMatchObject({ task_seconds: 2.5, notification_url });
  expect(await codeOf(createClient().CreateAigcVideoTask({ ...video, SessionId: "before" }))).toBe(
    "InvalidParameterValue.SessionId",
  );
});
