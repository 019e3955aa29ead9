/*
 * Whatever a client sends: no text of it grows a column of its task beyond a bound that is known. A row must fit the
 * record's statements and a page of a list.
 */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { platformDeps } from "../../src/deps.ts";
import { dispatcherClient } from "../../src/tasks/dispatcher-client.ts";
import type { NewTask } from "../../src/tasks/contract.ts";
import { REQUEST_INLINE_MAX_BYTES } from "../../src/store/blobs.ts";
import { fieldsOf, put, type Place } from "../hostile/support.ts";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import { call, startTencentGateway, SUB_APP_ID } from "./support/tencent-api.ts";
import { formOf, videosAt } from "./openai-videos-support.ts";

/** UTF-8 bytes of each text that a Worker hands over; what is counted in characters takes up to four bytes each. */
const MAX_BYTES: Record<keyof NewTask, number> = {
  id: 36,
  // An operator's word, not a client's.
  owner: 4,
  dialect: 17,
  action: 19,
  model_name: 4 * 64,
  model_version: 4 * 64,
  // Of a remix, name and version of its source.
  client_model: 4 * (64 + 1 + 64),
  session_id: 4 * 50,
  session_context: 4 * 1_000,
  parent_id: 36,
  // JSON of a prompt of up to 8,000 characters, each a whole escape, a resolution, three letters for one, and a ratio.
  outline: 6 * 8_000 + 3 * 6 * 32 + 6 * 32 + 100,
  // Of a header's 255 units; a signature of the vendor's API is shorter.
  idempotency_key: 3 * 255,
  fingerprint: 64,
  session_hash: 64,
  key_hash: 64,
  request: REQUEST_INLINE_MAX_BYTES,
  // Two hashes and a number.
  retry: 100,
  // No texts.
  priority: 0,
  created_at: 0,
  start_by: 0,
  max_queue_length: 0,
};

const encoder = new TextEncoder();

/** The texts of a task as they are stored: its own, and those within its parts. */
function bytesOf(value: NewTask[keyof NewTask]): number {
  if (typeof value === "string") return encoder.encode(value).byteLength;
  if (value === null || typeof value !== "object") return 0;
  return Math.max(...Object.values(value).map((part) => bytesOf(part)));
}

let gateway: Gateway;
/** What the dispatcher was handed. */
let handedOver: NewTask[];

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
  const { dispatcher, store } = gateway.services;
  handedOver = [];
  // Nothing is made of the tasks: there are many.
  dispatcher.submit = async (task) => {
    handedOver.push(task);
    const { id: taskId, created_at: createdAt } = task;
    return { kind: "accepted", taskId, createdAt, position: 0, sent: false, replayed: false };
  };
  store.blobs.put = async () => undefined;
});

/** @throws when a column is longer than it may be */
function checkColumns(): number {
  for (const task of handedOver) {
    for (const [name, value] of Object.entries(task) as [keyof NewTask, NewTask[keyof NewTask]][]) {
      const bytes = bytesOf(value);
      if (!(bytes <= MAX_BYTES[name])) throw new Error(`${task.dialect}: ${name} has ${bytes} bytes.`);
    }
  }
  return handedOver.splice(0).length;
}

type Send = (body: unknown, headers?: Record<string, string>) => Promise<unknown>;
type Dialect = { path: string; body: Json; send: Send };

// Of a model nobody has told us about, nothing is known to be impossible.
const AIGC = { model_name: "Next", model_version: "1", prompt: "a car", output_config: { duration: 5 } };
const OPENAI = { model: "Next/1", prompt: "a car" };
const TENCENT = { SubAppId: SUB_APP_ID, ModelName: "Next", ModelVersion: "1", Prompt: "a car" };

const post =
  (path: string): Send =>
  async (body, headers = {}) => {
    await (await gateway.post(path, body, { headers })).body?.cancel();
  };
const signed =
  (action: string): Send =>
  (body, headers = {}) =>
    call(gateway, action, body, { signed: headers });

const DIALECTS: Record<string, Dialect> = {
  "aigc, a video": { path: "/tencent-vod/v1/aigc-video", body: AIGC, send: post("/tencent-vod/v1/aigc-video") },
  "aigc, an image": { path: "/tencent-vod/v1/aigc-image", body: AIGC, send: post("/tencent-vod/v1/aigc-image") },
  "video generations": { path: "/v1/video/generations", body: OPENAI, send: post("/v1/video/generations") },
  "OpenAI videos": { path: "/v1/videos", body: OPENAI, send: post("/v1/videos") },
  "OpenAI videos, as a form": {
    path: "/v1/videos",
    body: OPENAI,
    send: (body, headers = {}) => {
      const texts = Object.entries(body as Json).filter(([, value]) => typeof value === "string");
      return videosAt(gateway).postForm(formOf(Object.fromEntries(texts) as Record<string, string>), headers);
    },
  },
  "the vendor's API, a video": { path: "/", body: TENCENT, send: signed("CreateAigcVideoTask") },
  "the vendor's API, an image": { path: "/", body: TENCENT, send: signed("CreateAigcImageTask") },
};

const LONG_TEXTS = {
  "100,000 characters": "x".repeat(100_000),
  "8,000 characters that JSON escapes": "\u0001".repeat(8_000),
  "64 emoji": "🎬".repeat(64),
  "32 letters that grow in capitals": "ﬃ".repeat(32),
};

/** What a field may hold that is to take a text: it as it is, one of a list, in an object's JSON, in a model's name. */
function shapesOf(place: Place, text: string): unknown[] {
  const shapes = [text, [text], JSON.stringify({ resolution: text, aspect_ratio: text })];
  return place.at(-1) === "model" ? [...shapes, `Next/${text}`, `${text}/1`, `kling-${text}`] : shapes;
}

describe.for(Object.entries(DIALECTS))("%s", ([, { path, body, send }]) => {
  it.for(Object.entries(LONG_TEXTS))("with %s at every field", async ([, text], { expect }) => {
    await send(body);
    expect(checkColumns()).toBe(1);
    const places: Place[] = await fieldsOf(gateway, path);
    expect(places.length).toBeGreaterThanOrEqual(5);
    for (const place of places) {
      for (const value of shapesOf(place, text)) await send(put(body, place, value));
      checkColumns();
    }
  });

  it("with long headers, and every field at its limit", async ({ expect }) => {
    await send(body, { "idempotency-key": "\u00ff".repeat(255), "x-stainless-retry-count": "100" });
    await send(body, { "user-agent": "u".repeat(10_000), "x-stainless-retry-count": "0" });
    expect(handedOver.length).toBe(2);
    checkColumns();
  });
});

describe("a remix", () => {
  it("has a name that is no longer than its source's name and version", async ({ expect }) => {
    const texts = { model_name: "🎬".repeat(64), model_version: "🎞".repeat(64) };
    const { dispatcher } = gateway.services;
    const near = dispatcherClient(env, platformDeps);
    dispatcher.submit = (task) => {
      handedOver.push(task);
      return near.submit(task);
    };
    const response = await gateway.post("/tencent-vod/v1/aigc-video", { ...AIGC, ...texts });
    const { request_id: id } = await response.json<{ request_id: string }>();
    const remixed = await videosAt(gateway).remix(id, { prompt: "a bus" });
    expect(remixed.status).toBe(200);
    expect(handedOver.map(({ parent_id: parent }) => parent)).toEqual([null, id]);
    expect(checkColumns()).toBe(2);
  });
});
