/*
 * The gateway's main job, seen from outside only: HTTP on both sides, nothing mocked.
 */
import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../scripts/lib/http.ts";
import { SEED_EXAMPLES } from "../../scripts/lib/seed-examples.ts";
import { until } from "../../scripts/lib/until.ts";
import { acceptedId, finished, paidFor, VIDEO_PATH, videoRequest } from "./support/aigc.ts";
import { bootStack, COMPLETION_TIMEOUT_MS, type TestStack } from "./support/stack.ts";

const TASK_SECONDS = 0.3;
const SIMULTANEOUS = 50;
const EVENT_COPIES = 20;
/** For what must not happen: how long it is given to happen all the same. */
const SETTLE_MS = 500;

let stack: TestStack;

beforeAll(async () => {
  stack = await bootStack();
  await stack.vendor.configure({ task_seconds: TASK_SECONDS, concurrency: 1_000, requests_per_second: 1_000 });
});

afterAll(() => stack?.stop());

describe("the seeds' examples", () => {
  const { aigcVideo, aigcImage, ...generations } = SEED_EXAMPLES;

  it.each([
    ["video", aigcVideo, "video/mp4"],
    ["image", aigcImage, "image/png"],
  ] as const)("AIGC %s: submitted, finished, fetched", async (media, { path, body }, contentType) => {
    const answer = await stack.post(path, body);
    const id = acceptedId(answer);
    const requestUrl = `${stack.gatewayUrl}/tencent-vod/v1/requests/${id}`;
    expect(answer.body).toEqual({
      status: "IN_QUEUE",
      request_id: id,
      response_url: requestUrl,
      status_url: `${requestUrl}/status`,
      cancel_url: `${requestUrl}/cancel`,
      logs: null,
      metrics: {},
      queue_position: expect.any(Number),
      id,
      task_id: id,
      Response: { TaskId: id, RequestId: id },
      // Newer sources than the seeds name other values; the seeds still count.
      warnings: [expect.objectContaining({ type: "doubtful" })],
    });

    const result = await finished(stack, id);
    expect(result.status).toBe(200);
    expect(result.headers.get("x-fal-request-id")).toBe(id);
    const file = { url: expect.stringMatching(/^http/), content_type: contentType, width: 160, height: 90 };
    expect(result.body).toMatchObject({
      request_id: id,
      [media]: file,
      [`${media}s`]: [file],
      session_id: body["session_id"] ?? "",
      session_context: body["session_context"] ?? "",
    });
  });

  it.each(Object.values(generations))(
    "video generations $name: submitted, finished, fetched",
    async ({ path, body }) => {
      const answer = await stack.post(path, body);
      expect(answer.status).toBe(200);
      const { id } = answer.body as { id: string };
      expect(answer.body).toStrictEqual({
        id,
        task_id: id,
        object: "video.generation.job",
        model: body["model"],
        status: "queued",
        progress: 0,
        created_at: expect.closeTo(Date.now() / 1000, -1),
      });

      const job = await until("the job to be completed", COMPLETION_TIMEOUT_MS, async () => {
        const { body: now } = await stack.get(`${path}/${id}`);
        return (now as { status: string }).status === "completed" && now;
      });
      expect(job).toMatchObject({ id, progress: 100, model: body["model"], url: expect.stringMatching(/\.mp4$/) });
      // A task made in one dialect is read in every other.
      expect((await finished(stack, id)).body).toMatchObject({ request_id: id, video: { content_type: "video/mp4" } });
    },
  );

  it("serves the produced file, whole and in parts", async () => {
    const id = acceptedId(await stack.post(VIDEO_PATH, videoRequest("media in parts")));
    const { body } = await finished(stack, id);
    const { url } = (body as { video: { url: string } }).video;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    const part = await fetch(url, { headers: { range: "bytes=4-11" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 4-11/${whole.length}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(4, 12));
    expect(whole.subarray(4, 8).toString()).toBe("ftyp");
    const beyond = await fetch(url, { headers: { range: `bytes=${whole.length}-` } });
    expect(beyond.status).toBe(416);
  });
});

describe("duplicates", () => {
  it(`${SIMULTANEOUS} posts of one session_id at once: one vendor task, the others are told of the first`, async () => {
    const prompt = "one of many with a session";
    const body = videoRequest(prompt, { session_id: randomUUID() });
    const answers = await simultaneously(SIMULTANEOUS, () => stack.post(VIDEO_PATH, body));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    const [id = ""] = winners.map(acceptedId);
    const requestUrl = `${stack.gatewayUrl}/tencent-vod/v1/requests/${id}`;
    for (const { status, headers, body: refusal } of answers.filter((answer) => answer !== winners[0])) {
      expect(status).toBe(409);
      expect(headers.get("x-should-retry")).toBe("false");
      expect(refusal).toMatchObject({
        code: "duplicate_session_id",
        request_id: id,
        response_url: requestUrl,
        status_url: `${requestUrl}/status`,
        cancel_url: `${requestUrl}/cancel`,
      });
    }
    expect((await finished(stack, id)).status).toBe(200);
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it(`${SIMULTANEOUS} posts of one Idempotency-Key at once: one vendor task, equal answers`, async () => {
    const prompt = "one of many with a key";
    const headers = { "idempotency-key": randomUUID() };
    const answers = await simultaneously(SIMULTANEOUS, () => stack.post(VIDEO_PATH, videoRequest(prompt), { headers }));
    const [id = ""] = new Set(answers.map(acceptedId));
    for (const answer of answers) expect(answer.body).toEqual(answers[0]?.body);
    const replays = answers.filter((answer) => answer.headers.get("idempotent-replayed") === "true");
    expect(replays).toHaveLength(SIMULTANEOUS - 1);
    expect((await finished(stack, id)).status).toBe(200);
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("an Idempotency-Key with another request is refused", async () => {
    const headers = { "idempotency-key": randomUUID() };
    acceptedId(await stack.post(VIDEO_PATH, videoRequest("a key's first request"), { headers }));
    const answer = await stack.post(VIDEO_PATH, videoRequest("a key's other request"), { headers });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: "idempotency_key_reused" });
    expect(await paidFor(stack, "a key's other request")).toHaveLength(0);
  });
});

describe("owners", () => {
  it("see nothing of each other's tasks, and may use the same session_id", async () => {
    const session = randomUUID();
    const id = acceptedId(await stack.post(VIDEO_PATH, videoRequest("owned by dev", { session_id: session })));
    const apiKey = await stack.addApiKey({ owner: "somebody-else", name: "", scopes: ["submit", "read"] });
    const paths = [
      `/tencent-vod/v1/requests/${id}`,
      `/tencent-vod/v1/requests/${id}/status`,
      `/tencent-vod/v1/query/${id}`,
      `/v1/video/generations/${id}`,
    ];
    for (const path of paths) expect((await stack.get(path, { apiKey })).status, path).toBe(404);
    expect((await stack.get("/tencent-vod/v1/requests", { apiKey })).body).toMatchObject({ requests: [] });
    const own = acceptedId(
      await stack.post(VIDEO_PATH, videoRequest("owned by another", { session_id: session }), { apiKey }),
    );
    expect(own).not.toBe(id);
  });
});

describe("faults on the way", () => {
  it("the vendor accepts and the connection breaks: one paid task, and its result arrives", async () => {
    const prompt = "accepted, then silence";
    await stack.vendor.addFault({ action: "CreateAigcVideoTask", kind: "drop_after_accept" });
    const id = acceptedId(await stack.post(VIDEO_PATH, videoRequest(prompt)));
    expect((await finished(stack, id)).status).toBe(200);
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it(`the vendor sends its event ${EVENT_COPIES} times at once: applied once`, async () => {
    await stack.vendor.configure({ callback: { duplicate: EVENT_COPIES - 1 } });
    try {
      const id = acceptedId(await stack.post(VIDEO_PATH, videoRequest("told many times")));
      expect((await finished(stack, id)).status).toBe(200);
      await expectAppliedOnce(id);
    } finally {
      await stack.vendor.configure({ callback: { duplicate: 0 } });
    }
  });

  it(`${EVENT_COPIES} posts of one event: each is answered with 200, it is applied once`, async () => {
    const prompt = "told by hand";
    await stack.vendor.configure({ callback: { drop: 1 } });
    try {
      const id = acceptedId(await stack.post(VIDEO_PATH, videoRequest(prompt)));
      const task = await until("the vendor to finish", COMPLETION_TIMEOUT_MS, async () => {
        const [found] = await paidFor(stack, prompt);
        return found?.Status === "FINISH" && found;
      });
      const event = signedEvent({
        TaskId: task.TaskId,
        Status: "FINISH",
        ErrCode: 0,
        SessionId: task.SessionId,
        SessionContext: task.SessionContext,
      });
      const path = `/callbacks/vod/${encodeURIComponent(stack.callbackSecret)}`;
      const answers = await simultaneously(EVENT_COPIES, () => stack.post(path, event));
      expect(answers.map(({ status }) => status)).toEqual(Array(EVENT_COPIES).fill(200));
      expect((await finished(stack, id)).status).toBe(200);
      await expectAppliedOnce(id);
    } finally {
      await stack.vendor.configure({ callback: { drop: 0 } });
    }
  });
});

function simultaneously(times: number, send: () => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: times }, send));
}

async function expectAppliedOnce(id: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const lines = stack.logs.filter((line) => line.includes("task.completed") && line.includes(id));
  expect(lines).toHaveLength(1);
}

function signedEvent(completed: Record<string, unknown>): Record<string, unknown> {
  const expires = Math.floor(Date.now() / 1000) + 600;
  return {
    EventType: "AigcVideoTaskComplete",
    AigcVideoCompleteEvent: completed,
    T: String(expires),
    Sign: createHash("md5").update(`localSignKey${expires}`).digest("hex"),
  };
}
