/* The answer about a job: what every client of this path reads, and nothing that is not theirs. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, type ExpectStatic, it } from "vitest";
import fromText from "../fixtures/seeds/vidu-text.json";
import imageBody from "../fixtures/seeds/aigc-image.json";
import {
  addKey,
  CALLBACK,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  recordHasAll,
  startGateway,
  taskRow,
  vendorFinishes,
} from "../support/gateway.ts";

const PATH = "/v1/video/generations";
/** Within 50 s: the exponent of ten that `closeTo` takes. */
const CLOCK_DIGITS = -2;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function submit(path = PATH, body: unknown = fromText): Promise<string> {
  const response = await gateway.post(path, body);
  if (response.status !== 200) throw new Error(`Refused: ${await response.text()}`);
  return (await response.json<{ task_id: string }>()).task_id;
}

async function complete(): Promise<void> {
  for (const task of await vendorFinishes()) await gateway.post(CALLBACK, await completionOf(task), { key: null });
}

const read = async (id: string, key?: string) => {
  const response = await gateway.get(`${PATH}/${id}`, key === undefined ? {} : { key });
  return { status: response.status, body: await response.json<Json>() };
};

/** A job with all its members; `state` is what changes while it lives. */
function job(expect: ExpectStatic, id: string, state: { flat: Json; enveloped: Json; both: Json }) {
  const now = expect.closeTo(Date.now() / 1000, CLOCK_DIGITS) as number;
  return {
    code: "success",
    message: "",
    id,
    task_id: id,
    object: "video.generation.job",
    model: fromText.model,
    created_at: now,
    ...state.flat,
    ...state.both,
    data: {
      id,
      task_id: id,
      platform: "tencent-vod",
      action: "CreateAigcVideoTask",
      created_at: now,
      updated_at: now,
      submit_time: now,
      properties: { origin_model_name: fromText.model },
      data: { Response: expect.objectContaining({ TaskType: "AigcVideoTask", RequestId: id }) as Json },
      ...state.enveloped,
      ...state.both,
    },
  };
}

const NOTHING_YET = { url: null, video_url: null, format: null, metadata: {}, error: null };

describe("a job", () => {
  it("waits", async ({ expect }) => {
    gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
    await emulator.reset({ task_seconds: 60 });
    await submit();
    const id = await submit();
    const { status, body } = await read(id);
    expect(status).toBe(200);
    expect(body).toEqual(
      job(expect, id, {
        flat: { status: "queued", progress: 0, completed_at: null },
        enveloped: {
          status: "QUEUED",
          progress: "0%",
          result_url: "",
          fail_reason: "",
          start_time: 0,
          finish_time: 0,
        },
        both: NOTHING_YET,
      }),
    );
    expect(body).toMatchObject({ data: { data: { Response: { Status: "WAITING" } } } });
  });

  it("is in progress until it is done", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    const id = await submit();
    const now = expect.closeTo(Date.now() / 1000, CLOCK_DIGITS) as number;
    expect((await read(id)).body).toEqual(
      job(expect, id, {
        flat: { status: "in_progress", progress: 0, completed_at: null },
        enveloped: {
          status: "IN_PROGRESS",
          progress: "0%",
          result_url: "",
          fail_reason: "",
          start_time: now,
          finish_time: 0,
        },
        both: NOTHING_YET,
      }),
    );
  });

  it("has the video's URL in every place when it is completed", async ({ expect }) => {
    const id = await submit();
    await complete();
    const { body } = await read(id);
    const url = body["url"] as string;
    const now = expect.closeTo(Date.now() / 1000, CLOCK_DIGITS) as number;
    expect(url).toMatch(/^http.+\.mp4$/);
    expect(body).toEqual(
      job(expect, id, {
        flat: { status: "completed", progress: 100, completed_at: now },
        enveloped: {
          status: "SUCCESS",
          progress: "100%",
          result_url: url,
          fail_reason: "",
          start_time: now,
          finish_time: now,
        },
        both: {
          url,
          video_url: url,
          format: "mp4",
          metadata: {
            url,
            width: 160,
            height: 90,
            duration: expect.any(Number) as number,
            fps: expect.any(Number) as number,
            seed: 42,
            expires_at: expect.stringMatching(/^\d{4}-.+Z$/) as string,
          },
          error: null,
        },
      }),
    );
    expect(body).toMatchObject({
      data: { data: { Response: { AigcVideoTask: { TaskId: id, Output: { FileInfos: [{ FileUrl: url }] } } } } },
    });
  });

  it("has the vendor's code and message when it failed", async ({ expect }) => {
    await emulator.reset({ outcome: { ErrCode: 70000, ErrCodeExt: "ContentModerationFailed", Message: "画面违规" } });
    const id = await submit();
    await complete();
    const now = expect.closeTo(Date.now() / 1000, CLOCK_DIGITS) as number;
    const error = { code: "ContentModerationFailed", message: "画面违规" };
    expect((await read(id)).body).toEqual(
      job(expect, id, {
        flat: { status: "failed", progress: 100, completed_at: now },
        enveloped: {
          status: "FAILURE",
          progress: "100%",
          result_url: "",
          fail_reason: "画面违规",
          start_time: now,
          finish_time: now,
        },
        both: { ...NOTHING_YET, error },
      }),
    );
  });

  it("of an image task has the image's URL, and no video's", async ({ expect }) => {
    const id = await submit("/tencent-vod/v1/aigc-image", imageBody);
    await complete();
    const url = expect.stringMatching(/^http.+\.png$/) as string;
    expect((await read(id)).body).toMatchObject({
      status: "completed",
      format: "png",
      url,
      video_url: null,
      data: { action: "CreateAigcImageTask", result_url: url, video_url: null },
    });
  });

  it("is answered at its end to those who wait for it", async ({ expect }) => {
    await emulator.reset({ task_seconds: 0.3 });
    const id = await submit();
    const answer = gateway.get(`${PATH}/${id}?wait=20`);
    await complete();
    expect(await (await answer).json()).toMatchObject({ status: "completed", data: { status: "SUCCESS" } });
  });
});

describe("nobody learns", () => {
  it("the vendor's id of the task, what tells our tasks apart, or the attempt", async ({ expect }) => {
    const id = await submit();
    const ids = async () => {
      const [task] = await emulator.tasks();
      return [task?.TaskId ?? "", task?.SessionId ?? "", task?.SessionContext ?? ""];
    };
    const secrets = await ids();
    const before = JSON.stringify((await read(id)).body);
    await complete();
    const { body } = await read(id);
    // The emulator's URLs name its task; the vendor's do not.
    const after = JSON.stringify(body).replaceAll(body["url"] as string, "");
    expect(secrets.filter((secret) => secret === "")).toEqual([]);
    for (const text of [before, after]) expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  it("of another owner's task, nor of one that is none", async ({ expect }) => {
    const id = await submit();
    await addKey("sk-rival", "rival", ["submit", "read"]);
    const message = "There is no task with this id.";
    for (const answer of [
      await read(id, "sk-rival"),
      await read("00000000-0000-7000-8000-000000000000"),
      await read("1"),
    ]) {
      expect(answer).toEqual({
        status: 404,
        body: {
          error: { message, type: "invalid_request_error", param: null, code: "not_found" },
          code: "not_found",
          message,
        },
      });
    }
  });

  it.for([false, true])(
    "the content of a task that was removed; the record away meanwhile: %s",
    async (away, { expect }) => {
      let reachable = !away;
      const batch = (statements: D1PreparedStatement[]) =>
        reachable ? env.DB.batch(statements) : Promise.reject(new Error("D1_ERROR: away"));
      const DB = { prepare: (sql: string) => env.DB.prepare(sql), batch } as unknown as D1Database;
      gateway = await startGateway({ env: { DB } });
      const id = await submit();
      await complete();
      if (!away) await recordHasAll(gateway);
      expect((await gateway.request(`/tencent-vod/v1/requests/${id}`, { method: "DELETE" })).status).toBe(200);
      const { status, body } = await read(id);
      expect([status, body["code"]]).toEqual([410, "gone"]);
      const emptied = { result: null, request: null, outline: null, session_context: null };
      expect(await taskRow(id)).toMatchObject(emptied);
      reachable = true;
      await recordHasAll(gateway);
      const kept = await env.DB.prepare("SELECT * FROM tasks WHERE id = ?1").bind(id).first();
      expect(kept).toMatchObject({ ...emptied, status: "succeeded", deleted_at: expect.any(Number) as number });
      expect((await read(id)).status).toBe(410);
    },
  );
});
