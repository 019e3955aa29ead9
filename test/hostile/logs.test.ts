/* What is written to the console while everything that can happen happens: events, never what a client or a secret says. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { createApp } from "../../src/app.ts";
import { platformDeps } from "../../src/deps.ts";
import { createServices } from "../../src/services.ts";
import { sha256Hex } from "../../src/signing/encoding.ts";
import { dispatcherClient } from "../../src/tasks/dispatcher-client.ts";
import {
  CALLBACK,
  CALLBACK_SECRET,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  recordHasAll,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";
import { pass, until } from "../support/quiet.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";
const NOBODYS_ID = "01a1fc4c-0000-7000-8000-000000000000";
const PAUSE_MS = 10_000;
const LEVELS = ["debug", "info", "log", "warn", "error", "trace"] as const;

const MARKS = {
  prompt: "prompt-nobody-else-may-read",
  session_id: "session-of-a-client",
  session_context: "context-of-a-client",
  url: "https://media.test/in.png?q-signature=signed-by-the-client",
  idempotencyKey: "idempotency-of-a-client",
};
const BODY = {
  model_name: "Kling",
  model_version: "1.6",
  prompt: MARKS.prompt,
  session_context: MARKS.session_context,
  file_infos: [{ type: "Url", url: MARKS.url }],
};

let lines: string[];
let gateway: Gateway;

/** A console line as text, with what an Error shows only when asked. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    member instanceof Error ? `${member.message} ${member.stack} ${textOf(member.cause)}` : member,
  ) ?? String(value);

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
  lines = [];
  for (const level of LEVELS)
    vi.spyOn(console, level).mockImplementation(
      (...args) => void lines.push(args.map((value) => (typeof value === "string" ? value : textOf(value))).join(" ")),
    );
});

afterEach(() => {
  vi.restoreAllMocks();
});

const submit = (extra: Json = {}, headers: Record<string, string> = {}) =>
  gateway.post(VIDEO, { ...BODY, ...extra }, { headers });

const idOf = async (response: Response) => (await response.json<{ request_id: string }>()).request_id;

async function completeAll(): Promise<void> {
  for (const task of await vendorFinishes()) await gateway.post(CALLBACK, await completionOf(task), { key: null });
  await gateway.settleDeferred();
}

/** Submissions that go well, twice, wrong, to a vendor that refuses, is silent or breaks. */
async function submissions(): Promise<void> {
  await submit({ session_id: MARKS.session_id }, { "idempotency-key": MARKS.idempotencyKey });
  await submit({ session_id: MARKS.session_id }, { "idempotency-key": MARKS.idempotencyKey });
  await submit({ session_id: MARKS.session_id });
  await submit({ seed: MARKS.prompt, [MARKS.prompt]: 1 });
  await gateway.post(VIDEO, `{"prompt":"${MARKS.prompt}"`);
  await submit({ prompt: `${MARKS.prompt}\ud800` });
  await gateway.post("/v1/video/generations", { model: "viduq3p-720p", prompt: MARKS.prompt, image: MARKS.url });
  for (const fault of [
    { kind: "error", code: "InvalidParameter" },
    { kind: "error", code: "RequestLimitExceeded" },
    { kind: "error", code: "AuthFailure.SignatureFailure" },
    { kind: "http_500" },
    { kind: "bad_json" },
    { kind: "drop_after_accept" },
  ]) {
    await emulator.fault({ action: "CreateAigcVideoTask", times: 1, ...fault });
    await submit();
    // Past the pause that a refusal or a silence brings about.
    await pass(gateway, PAUSE_MS);
  }
}

async function readsAndCancels(): Promise<void> {
  const id = await idOf(await submit());
  await gateway.get(`${REQUESTS}/${id}`);
  await gateway.get(`${REQUESTS}/${id}/status?logs=1`);
  await gateway.request(`${REQUESTS}/${id}/cancel`, { method: "PUT" });
  await gateway.get(`${REQUESTS}?session_id=${MARKS.session_id}`);
  await gateway.get(REQUESTS, { key: "sk-wrong-key-of-a-client" });
  await gateway.get("/fal/proxy", {
    headers: { "x-fal-target-url": `https://fal.run${REQUESTS}/${id}?x=${MARKS.prompt}` },
  });
  await gateway.get("/fal/proxy", { headers: { "x-fal-target-url": MARKS.url } });
  await gateway.get(`/nowhere/${MARKS.prompt}`);
}

/** One task more than the vendor has room for. */
async function crowd(): Promise<void> {
  await emulator.call("PUT", "config", { concurrency: 1, task_seconds: 0.5 });
  for (let task = 0; task < 2; task++) await submit();
  await completeAll();
  await emulator.call("PUT", "config", { concurrency: 1000, task_seconds: 0.05 });
  await pass(gateway, PAUSE_MS);
  await completeAll();
}

async function callbacks(): Promise<void> {
  const [task] = await emulator.tasks();
  if (!task) throw new Error("The vendor has no task.");
  await gateway.post("/callbacks/vod/guess-at-the-secret", {}, { key: null });
  await gateway.post(CALLBACK, MARKS.prompt, { key: null });
  await gateway.post(CALLBACK, await completionOf(task, { event: { Sign: "0".repeat(32) } }), { key: null });
  await gateway.post(CALLBACK, await completionOf(task, { t: 1 }), { key: null });
  await gateway.post(CALLBACK, await completionOf(task, { content: { SessionContext: MARKS.session_context } }), {
    key: null,
  });
  await gateway.post(CALLBACK, await completionOf(task, { content: { TaskId: "invented", Message: MARKS.prompt } }), {
    key: null,
  });
  await gateway.post(CALLBACK, await completionOf(task, { event: { EventType: "Other", Text: MARKS.prompt } }), {
    key: null,
  });
  await emulator.fault({ action: "DescribeTaskDetail", kind: "http_500", times: 1 });
  await completeAll();
  await completeAll();
}

/** The record is away: tasks are taken and end all the same, and their keys are good for a while. */
async function recordAway(): Promise<void> {
  const overloaded = () => Promise.reject(new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."));
  const statement = { bind: () => statement, first: overloaded, all: overloaded, run: overloaded };
  const database = { prepare: () => statement, batch: overloaded };
  gateway = await startGateway({ env: { DB: database as unknown as D1Database } });
  await submit();
  await completeAll();
  await gateway.get(`${REQUESTS}/${NOBODYS_ID}`);
  const [task] = await emulator.tasks();
  if (!task) throw new Error("The vendor has no task.");
  await gateway.post(CALLBACK, await completionOf(task, { event: { EventType: "Other", Text: MARKS.prompt } }), {
    key: null,
  });
  await until(() => lines.join().includes("dispatcher.errand_failed"));
}

/** Parts of ours that fail while they hold a client's request. */
async function failures(): Promise<void> {
  const broken = () => {
    throw new Error("a part is broken");
  };
  const rejecting = () => Promise.reject(new Error("a part is broken"));
  await (await startGateway({ deps: { random: broken } })).post(VIDEO, BODY);

  const names = { get: rejecting, put: rejecting } as unknown as KVNamespace;
  const files = { put: rejecting, get: rejecting, delete: rejecting } as unknown as R2Bucket;
  const storeless = await startGateway({ env: { DEDUPE: names, BLOBS: files } });
  await storeless.post(VIDEO, { ...BODY, prompt: `${MARKS.prompt} `.repeat(1_000), session_id: MARKS.session_id });

  const object = { submit: rejecting, observe: rejecting, read: rejecting, rememberKey: rejecting };
  const dispatchers = { getByName: () => object } as unknown as Env["DISPATCHER"];
  const alone = await startGateway({ env: { DISPATCHER: dispatchers } });
  await alone.post(VIDEO, { ...BODY, session_id: MARKS.session_id });

  const limiter = { limit: rejecting };
  const limited = await startGateway({ env: { RATE_LIMITER: limiter } });
  await limited.get(REQUESTS, { headers: { "cf-ray": "9a1b2c3d4e5f6a7b-FRA" } });

  const misconfigured = { ...env, VOD_ENDPOINT: MARKS.prompt };
  const dispatcher = dispatcherClient(misconfigured, platformDeps);
  const app = createApp(() => createServices({ env: misconfigured, deps: platformDeps, dispatcher }));
  await app.request(VIDEO, { method: "POST", body: JSON.stringify(BODY) }, misconfigured);
}

describe("log lines", () => {
  it("hold no key, no secret, no token and nothing of a body", { timeout: 30_000 }, async ({ expect }) => {
    await submissions();
    await readsAndCancels();
    await callbacks();
    await crowd();
    await recordHasAll(gateway);
    await recordAway();
    await failures();

    const log = lines.join("\n");
    for (const event of [
      "task.submitted",
      "task.refused",
      "task.requeued",
      "task.unanswered",
      "task.found",
      "task.completed",
      "callback.rejected",
      "event.unhandled",
      "event.ignored",
      "event.not_kept",
      "key.recalled",
      "request.failed",
      "store.unavailable",
      "dispatcher.restore_unknown",
      "dispatcher.errand_failed",
      "dispatcher.unreachable",
      "request_limit.unavailable",
      "config.invalid",
    ]) {
      expect(log).toContain(`"event":"${event}"`);
    }
    const vendorTasks = await emulator.tasks();
    const results = await env.DB.prepare("SELECT result FROM tasks WHERE result IS NOT NULL").all<{ result: string }>();
    const fileUrls = results.results.flatMap(({ result }) => result.match(/https?:\/\/[^"\\]+/g) ?? []);
    expect(fileUrls.length).toBeGreaterThan(0);
    const secrets = [
      ...Object.values(MARKS),
      ...fileUrls,
      ...vendorTasks.map(({ SessionContext }) => SessionContext),
      "sk-test",
      "sk-wrong-key-of-a-client",
      await sha256Hex("sk-test"),
      CALLBACK_SECRET,
      env.GATEWAY_SECRET,
      "local-secret-key",
      "AKIDlocal",
      "localSignKey",
      "guess-at-the-secret",
      "q-signature",
      "rg2.",
      "TC3-HMAC",
      "Bearer ",
    ];
    for (const line of lines) for (const secret of secrets) expect(line).not.toContain(secret);
  });

  it("are found by this test when they do", async ({ expect }) => {
    // oxlint-disable-next-line no-console -- what the test looks for
    console.warn({ event: "x", error: new Error(MARKS.prompt, { cause: new Error(MARKS.session_context) }) });
    expect(lines.join()).toContain(MARKS.prompt);
    expect(lines.join()).toContain(MARKS.session_context);
  });
});
