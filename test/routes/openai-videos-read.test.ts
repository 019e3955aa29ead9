/* OpenAI Videos: retrieve, list, delete and remix, and the same tasks seen from other dialects. */
import { beforeEach, describe, it } from "vitest";
import { addKey, CAR, emulator, type Json, recordHasAll } from "../support/gateway.ts";
import { startVideos, vendorGot, type Videos } from "./openai-videos-support.ts";

const UNKNOWN_ID = "019382f0-0000-7000-8000-000000000000";
const DAY_SECONDS = 24 * 60 * 60;
const NOT_FOUND = { type: "invalid_request_error", param: null, code: "not_found" };

let videos: Videos;

beforeEach(async () => {
  videos = await startVideos();
});

const retrieve = async (id: string) => (await videos.get(`/v1/videos/${id}`)).body;
const list = async (query = "") => (await videos.get(`/v1/videos${query}`)).body as Json & { data: Json[] };
const idsOf = (page: { data: Json[] }) => page.data.map(({ id }) => id);

describe("a video", () => {
  it("goes from queued to completed", async ({ expect }) => {
    await emulator.reset({ task_seconds: 0.3 });
    const id = await videos.create({ prompt: "a car", seconds: "8", size: "1280x720" });
    const early = await videos.get(`/v1/videos/${id}`);
    expect(early.body).toMatchObject({
      id,
      status: expect.stringMatching(/^(queued|in_progress)$/) as string,
      progress: 0,
    });
    expect(Number(early.headers.get("openai-poll-after-ms"))).toBe(2_000);
    await videos.complete();
    const { body, headers } = await videos.get(`/v1/videos/${id}`);
    expect(body).toEqual({
      id,
      object: "video",
      created_at: early.body["created_at"],
      completed_at: expect.any(Number) as number,
      expires_at: expect.any(Number) as number,
      status: "completed",
      model: "sora-2",
      progress: 100,
      prompt: "a car",
      seconds: "8",
      size: "1280x720",
      remixed_from_video_id: null,
      error: null,
    });
    expect(headers.has("openai-poll-after-ms")).toBe(false);
    const days = (Number(body["expires_at"]) - Number(body["completed_at"])) / DAY_SECONDS;
    expect(days > 6.9 && days < 7.1).toBe(true);
  });

  it("is to be asked for less often the longer it takes", async ({ expect }) => {
    await emulator.reset({ task_seconds: 600 });
    const id = await videos.create();
    const hint = async () => Number((await videos.get(`/v1/videos/${id}`)).headers.get("openai-poll-after-ms"));
    videos.gateway.clock.offsetMs = 50_000;
    const later = await hint();
    expect(later >= 5_000 && later < 6_000).toBe(true);
    videos.gateway.clock.offsetMs = 3_600_000;
    expect(await hint()).toBe(10_000);
  });

  it("has the size and length of its file where nobody asked for any", async ({ expect }) => {
    const id = await videos.finished({ model: "kling-2.5", prompt: "a car" });
    expect(await retrieve(id)).toMatchObject({ seconds: "1", size: "160x90" });
  });

  it("that failed says why, in the vendor's words", async ({ expect }) => {
    const outcome = { ErrCode: 70000, ErrCodeExt: "InvalidParameter.VoilationContent", Message: "not this" };
    await emulator.reset({ outcome });
    const id = await videos.finished();
    expect(await retrieve(id)).toMatchObject({
      status: "failed",
      expires_at: null,
      completed_at: expect.any(Number) as number,
      error: { code: outcome.ErrCodeExt, message: outcome.Message },
    });
  });

  it.for(["no-id", UNKNOWN_ID])("%s is not found", async (id, { expect }) => {
    const { status, body } = await videos.get(`/v1/videos/${id}`);
    expect([status, body["error"]]).toMatchObject([404, NOT_FOUND]);
  });

  it("of another owner is not found, in no way", async ({ expect }) => {
    await addKey("sk-other", "other", ["submit", "read"]);
    const id = await videos.finished();
    const init = { key: "sk-other" };
    const answers = [
      await videos.gateway.get(`/v1/videos/${id}`, init),
      await videos.gateway.get(`/v1/videos/${id}/content`, init),
      await videos.gateway.request(`/v1/videos/${id}`, { ...init, method: "DELETE" }),
      await videos.gateway.post(`/v1/videos/${id}/remix`, { prompt: "mine" }, init),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(idsOf(await (await videos.gateway.get("/v1/videos", init)).json<{ data: Json[] }>())).toEqual([]);
    expect(await retrieve(id)).toMatchObject({ status: "completed" });
  });
});

describe("the list", () => {
  it("is whole when the cursor is followed, either way round", async ({ expect }) => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.push(await videos.create({ prompt: `video ${index}` }));
    for (const [order, wanted] of [
      ["asc", ids],
      ["desc", ids.toReversed()],
    ] as const) {
      const first = await list(`?order=${order}&limit=2`);
      expect(first).toMatchObject({ object: "list", first_id: wanted[0], last_id: wanted[1], has_more: true });
      const second = await list(`?order=${order}&limit=2&after=${String(first["last_id"])}`);
      const third = await list(`?order=${order}&limit=2&after=${String(second["last_id"])}`);
      expect([first, second, third].flatMap(idsOf)).toEqual(wanted);
      expect(third).toMatchObject({ first_id: wanted[4], last_id: wanted[4], has_more: false });
    }
    expect((await list()).data[0]).toMatchObject({
      object: "video",
      prompt: "video 4",
      seconds: "4",
      size: "720x1280",
    });
  });

  it("is empty without videos, and holds no images", async ({ expect }) => {
    const image = { model_name: "GG", model_version: "2.5", prompt: "a car" };
    expect((await videos.gateway.post("/tencent-vod/v1/aigc-image", image)).status).toBe(200);
    expect(await list()).toEqual({ object: "list", data: [], first_id: null, last_id: null, has_more: false });
  });

  it("takes 1 to 100, an id, and two orders", async ({ expect }) => {
    for (const [query, param] of [
      ["?limit=0", "limit"],
      ["?limit=101", "limit"],
      ["?after=x", "after"],
      ["?order=up", "order"],
    ]) {
      const { status, body } = await videos.get(`/v1/videos${query}`);
      expect([status, body["error"]]).toMatchObject([400, { param }]);
    }
    expect((await list("?after=")).data).toEqual([]);
  });
});

describe("delete", () => {
  it("removes a finished video from everywhere", async ({ expect }) => {
    const [kept, id] = [await videos.create({ prompt: "kept" }), await videos.finished()];
    const { status, body } = await videos.remove(id);
    expect([status, body]).toEqual([200, { id, deleted: true, object: "video.deleted" }]);
    expect(idsOf(await list())).toEqual([kept]);
    expect((await videos.get(`/v1/videos/${id}`)).status).toBe(404);
    expect((await videos.get(`/v1/videos/${id}/content`)).status).toBe(404);
    expect((await videos.remix(id, { prompt: "again" })).status).toBe(404);
    expect((await videos.remove(id)).status).toBe(404);
  });

  it("refuses a video that is not finished", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    const id = await videos.create();
    const { status, body, headers } = await videos.remove(id);
    expect([status, body]).toMatchObject([400, { error: { code: "video_not_finished" }, video_id: id }]);
    expect(headers.get("x-should-retry")).toBe("false");
    expect(await retrieve(id)).toMatchObject({ id });
  });
});

describe("delete with ?remixes=1", () => {
  const removeAll = async (id: string, query = "?remixes=1") => {
    const response = await videos.gateway.request(`/v1/videos/${id}${query}`, { method: "DELETE" });
    return { status: response.status, body: await response.json<Json>() };
  };
  const remixed = async (id: string) => String((await videos.remix(id, { prompt: "again" })).body["id"]);

  it("takes with it what was made of the video, and of that in turn, and nothing else", async ({ expect }) => {
    const [source, other] = [await videos.finished(), await videos.finished()];
    const first = await remixed(source);
    await videos.complete();
    await recordHasAll(videos.gateway);
    const second = await remixed(first);
    const kept = await remixed(other);
    await videos.complete();
    expect(await removeAll(source)).toEqual({
      status: 200,
      body: { id: source, deleted: true, object: "video.deleted", remixes: 2 },
    });
    for (const id of [source, first, second]) expect((await videos.get(`/v1/videos/${id}`)).status).toBe(404);
    expect(idsOf(await list())).toEqual([kept, other]);
  });

  it("removes nothing while one of them is not finished, and says which", async ({ expect }) => {
    const source = await videos.finished();
    await emulator.reset({ task_seconds: 60 });
    const remix = await remixed(source);
    const { status, body } = await removeAll(source);
    expect([status, body]).toMatchObject([400, { error: { code: "video_not_finished" } }]);
    expect(JSON.stringify(body)).toContain(remix);
    expect(await retrieve(source)).toMatchObject({ id: source });
    expect((await removeAll(source, "?remixes=yes")).body).toMatchObject({ error: { param: "remixes" } });
    expect((await removeAll(source, "")).body).toEqual({ id: source, deleted: true, object: "video.deleted" });
    expect(await retrieve(remix)).toMatchObject({ id: remix });
  });
});

describe("remix", () => {
  it("is a new video with the settings of the first and a new prompt", async ({ expect }) => {
    const source = await videos.finished({ model: "sora-2-pro", prompt: "a car", seconds: "12", size: "1280x720" });
    const { status, body } = await videos.remix(source, { prompt: "a bus" });
    expect([status, body]).toMatchObject([
      200,
      {
        status: "queued",
        model: "sora-2-pro",
        prompt: "a bus",
        seconds: "12",
        size: "1280x720",
        remixed_from_video_id: source,
      },
    ]);
    const [first, second] = await vendorGot();
    expect(second).toEqual({ ...first, Prompt: "a bus" });
    expect(await retrieve(String(body["id"]))).toMatchObject({ remixed_from_video_id: source, prompt: "a bus" });
  });

  it("needs a prompt", async ({ expect }) => {
    const source = await videos.finished();
    const { status, body } = await videos.remix(source, { seconds: "8" });
    expect([status, body["error"]]).toMatchObject([400, { code: "unknown_parameter", param: "seconds" }]);
    expect((await videos.remix(source, {})).body["error"]).toMatchObject({
      code: "missing_required_parameter",
      param: "prompt",
    });
  });
});

describe("another dialect's task", () => {
  it("is a video here, and this dialect's is a task there", async ({ expect }) => {
    const submitted = await videos.gateway.post("/tencent-vod/v1/aigc-video", CAR);
    const { request_id: id } = await submitted.json<{ request_id: string }>();
    await videos.complete();
    expect(await retrieve(id)).toMatchObject({ id, status: "completed", model: "kling-1.6", prompt: CAR.prompt });
    const mine = await videos.finished();
    const there = await videos.gateway.get(`/tencent-vod/v1/requests/${mine}`);
    expect([there.status, await there.json()]).toMatchObject([200, { request_id: mine }]);
    const jobs = await videos.gateway.get(`/v1/video/generations/${mine}`);
    expect([jobs.status, await jobs.json()]).toMatchObject([200, { id: mine }]);
  });
});
