/* The video generations dialect over HTTP: answers to submissions, the catalogue's word, one task in two dialects. */
import { beforeEach, describe, it } from "vitest";
import firstLast from "../fixtures/seeds/vidu-first-last.json";
import fromImage from "../fixtures/seeds/vidu-image.json";
import reference from "../fixtures/seeds/vidu-reference.json";
import fromText from "../fixtures/seeds/vidu-text.json";
import {
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const PATH = "/v1/video/generations";
const REQUESTS = "/tencent-vod/v1/requests";
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const WARNINGS = "x-reelgate-warnings";
const URL_A = "https://example.com/a.png";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function submit(body: unknown): Promise<string> {
  const response = await gateway.post(PATH, body);
  if (response.status !== 200) throw new Error(`Refused: ${await response.text()}`);
  return (await response.json<{ id: string }>()).id;
}

async function complete(): Promise<void> {
  for (const task of await vendorFinishes()) {
    const response = await gateway.post(CALLBACK, await completionOf(task), { key: null });
    if (response.status !== 200) throw new Error(`Callback refused: ${await response.text()}`);
  }
}

const read = async (path: string) => {
  const response = await gateway.get(path);
  return { status: response.status, body: await response.json<Json>() };
};

const nowSeconds = () => Math.floor(Date.now() / 1000);

describe("a submission", () => {
  it.for([
    ["text", fromText],
    ["first frame", fromImage],
    ["first and last frame", firstLast],
    ["reference images", reference],
  ] as const)("of the seed's body with %s is answered key for key", async ([, body], { expect }) => {
    const before = nowSeconds();
    const response = await gateway.post(PATH, body);
    expect(response.status).toBe(200);
    const answer = await response.json<{ id: string; created_at: number }>();
    expect(answer.id).toMatch(UUID_V7);
    expect(answer).toEqual({
      id: answer.id,
      task_id: answer.id,
      object: "video.generation.job",
      model: body.model,
      status: "queued",
      progress: 0,
      created_at: expect.any(Number) as number,
    });
    expect(Number.isInteger(answer.created_at)).toBe(true);
    expect(answer.created_at).toBeGreaterThanOrEqual(before);
    expect(answer.created_at).toBeLessThanOrEqual(nowSeconds());
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { OK: 1 } });
  });

  it("reaches the vendor as translated", async ({ expect }) => {
    await submit({ ...fromImage, seconds: "5" });
    const [task] = await emulator.tasks();
    const { SubAppId: _app, SessionId: _id, SessionContext: _context, ...request } = task?.request ?? {};
    expect(request).toEqual({
      ModelName: "Vidu",
      ModelVersion: "q3-turbo",
      Prompt: fromImage.prompt,
      FileInfos: [{ Type: "Url", Url: "https://example.com/source.png", Category: "Image", Usage: "FirstFrame" }],
      Seed: 42,
      OutputConfig: { StorageMode: "Temporary", Resolution: "540P", Duration: 5 },
    });
  });

  it("with a key is answered again the same, and paid once", async ({ expect }) => {
    const send = () => gateway.post(PATH, fromText, { headers: { "idempotency-key": "once" } });
    const [first, second] = [await send(), await send()];
    expect([first.headers.get("idempotent-replayed"), second.headers.get("idempotent-replayed")]).toEqual([
      null,
      "true",
    ]);
    expect(await second.json()).toEqual(await first.json());
    expect(await emulator.tasks()).toHaveLength(1);
  });
});

describe("what the catalogue excludes is told where the client wrote it", () => {
  const prompt = "a car";
  it.for<[string, Json, string]>([
    ["a duration", { model: "kling-2.5", prompt, duration: 20 }, "duration"],
    ["seconds", { model: "kling-2.5", prompt, seconds: "20" }, "seconds"],
    ["a last frame", { model: "kling-2.5", prompt, image: URL_A, last_image: URL_A }, "last_image"],
    ["the second of two images", { model: "kling-2.5", prompt, images: [URL_A, URL_A] }, "images.1"],
    ["references", { model: "vidu-q3-pro", prompt, reference_image_urls: [URL_A] }, "reference_image_urls.0"],
    ["images that are references", { model: "vidu-q3-pro", prompt, images: [URL_A, URL_A, URL_A] }, "images.0"],
    ["a ratio", { model: "hailuo-02", prompt, aspect_ratio: "7:1" }, "aspect_ratio"],
    ["the ratio of a size", { model: "gv-3.1", prompt, size: "1:2" }, "size"],
  ])("%s", async ([, body, param], { expect }) => {
    const places = (problems: { loc: unknown[] }[]) => problems.map(({ loc }) => loc.slice(1).join("."));
    const sent = await gateway.post(PATH, body);
    expect(sent.status).toBe(200);
    expect(places(JSON.parse(sent.headers.get(WARNINGS) ?? "[]") as { loc: unknown[] }[])).toContain(param);
    expect(await emulator.tasks()).toHaveLength(1);

    await emulator.reset();
    gateway = await startGateway({ env: { MODEL_POLICY: "strict" } });
    const response = await gateway.post(PATH, body);
    const { code, error } = await response.json<{ code: string; error: { problems: { loc: unknown[] }[] } }>();
    expect([response.status, code]).toEqual([400, "validation_error"]);
    expect(places(error.problems)).toContain(param);
    expect(await emulator.calls()).toEqual({});
  });

  it("says what would be possible", async ({ expect }) => {
    gateway = await startGateway({ env: { MODEL_POLICY: "strict" } });
    const response = await gateway.post(PATH, { model: "kling-2.5", prompt, duration: 20 });
    const { error } = await response.json<{ error: { problems: Json[] } }>();
    expect(error.problems[0]).toMatchObject({ type: "impossible", ctx: { allowed: [5, 10], nearest: 10 } });
  });
});

describe("what the catalogue doubts", () => {
  const doubtful = { model: "Tomorrow/1.0", prompt: "a car" };

  it("is forwarded with a warning in the header, and none in the answer", async ({ expect }) => {
    const response = await gateway.post(PATH, doubtful);
    expect(response.status).toBe(200);
    expect(Object.keys(await response.json<Json>()).toSorted()).toEqual([
      "created_at",
      "id",
      "model",
      "object",
      "progress",
      "status",
      "task_id",
    ]);
    expect(JSON.parse(response.headers.get(WARNINGS) ?? "[]")).toMatchObject([
      { loc: ["body", "model"], type: "unknown_model" },
    ]);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("is refused under MODEL_POLICY=strict", async ({ expect }) => {
    gateway = await startGateway({ env: { MODEL_POLICY: "strict" } });
    const response = await gateway.post(PATH, doubtful);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: "model", code: "validation_error" } });
    expect(await emulator.calls()).toEqual({});
  });
});

describe("one task in two dialects", () => {
  it("a generation is an AIGC request by the same id", async ({ expect }) => {
    const id = await submit(fromText);
    expect((await read(`${REQUESTS}/${id}/status`)).body).toMatchObject({ status: "IN_PROGRESS", request_id: id });
    expect((await read(`${REQUESTS}/${id}`)).body).toEqual({ detail: "Request is still in progress" });
    await complete();
    const { status, body } = await read(`${REQUESTS}/${id}`);
    expect(status).toBe(200);
    const { url } = (await read(`${PATH}/${id}`)).body;
    expect(body).toMatchObject({ request_id: id, video: { url }, seed: 42, session_id: "" });
    expect((await read(`/tencent-vod/v1/query/${id}`)).body).toMatchObject({
      Response: { TaskType: "AigcVideoTask", AigcVideoTask: { TaskId: id, Input: { ModelVersion: "q3-pro" } } },
    });
    expect((await read(`${REQUESTS}?model_name=Vidu`)).body).toMatchObject({ requests: [{ request_id: id }] });
  });

  it("an AIGC request is a generation by the same id, under the vendor's model name", async ({ expect }) => {
    const answer = await (await gateway.post("/tencent-vod/v1/aigc-video", CAR)).json<{ request_id: string }>();
    const id = answer.request_id;
    await complete();
    const { status, body } = await read(`${PATH}/${id}`);
    expect(status).toBe(200);
    const { video } = (await read(`${REQUESTS}/${id}`)).body as { video: { url: string } };
    expect(body).toMatchObject({ id, model: "Kling", status: "completed", url: video.url });
  });
});
