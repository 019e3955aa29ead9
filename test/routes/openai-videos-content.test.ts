/* OpenAI Videos: the bytes of a finished video, and what can come between them and their client. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { emulator } from "../support/gateway.ts";
import { startVideos, type Videos } from "./openai-videos-support.ts";

const EIGHT_DAYS_MS = 8 * 24 * 60 * 60 * 1000;
const isMedia = (request: Request) => new URL(request.url).pathname.startsWith("/_emulator/media/");

/** What the host of the files answers instead of the emulator, and what it was asked. */
let host: ((request: Request) => Promise<Response>) | undefined;
let asked: Request[];
let videos: Videos;

beforeEach(async () => {
  host = undefined;
  asked = [];
  videos = await startVideos({
    deps: {
      fetch: async (request) => {
        if (!isMedia(request)) return env.EMULATOR.fetch(request);
        asked.push(request);
        return host ? host(request) : env.EMULATOR.fetch(request);
      },
    },
  });
});

const content = (id: string, init?: RequestInit, query = "") =>
  videos.gateway.request(`/v1/videos/${id}/content${query}`, init);
const errorOf = async (response: Response) => (await response.json<{ error: Record<string, unknown> }>()).error;

describe("the content", () => {
  it("is the vendor's file, byte for byte", async ({ expect }) => {
    const id = await videos.finished();
    const response = await content(id, { headers: { accept: "application/binary", cookie: "a=b", "x-mine": "1" } });
    const bytes = await response.bytes();
    const original = await env.EMULATOR.fetch(asked[0]?.url ?? "");
    expect(response.status).toBe(200);
    expect(bytes).toEqual(await original.bytes());
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "video/mp4",
      "content-length": String(bytes.length),
      "content-disposition": `attachment; filename="${id}.mp4"`,
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff",
    });
    expect([...(asked[0]?.headers.keys() ?? [])]).toEqual(["accept-encoding"]);
  });

  it("comes in parts", async ({ expect }) => {
    const id = await videos.finished();
    const whole = await (await content(id, {}, "?variant=video")).bytes();
    const part = await content(id, { headers: { range: "bytes=4-7" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 4-7/${whole.length}`]);
    expect(new TextDecoder().decode(await part.bytes())).toBe("ftyp");
    const beyond = await content(id, { headers: { range: `bytes=${whole.length}-` } });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${whole.length}`]);
  });

  it("of an image task is the image", async ({ expect }) => {
    const image = { model_name: "GG", model_version: "2.5", prompt: "a car" };
    const submitted = await videos.gateway.post("/tencent-vod/v1/aigc-image", image);
    const { request_id: id } = await submitted.json<{ request_id: string }>();
    await videos.complete();
    expect((await content(id)).headers.get("content-type")).toBe("image/png");
  });

  it("answers HEAD without a body", async ({ expect }) => {
    const id = await videos.finished();
    const response = await content(id, { method: "HEAD" });
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      200,
      "video/mp4",
      "",
    ]);
  });
});

describe("there is no content", () => {
  it.for(["thumbnail", "spritesheet", "gif"])("of the variant %s", async (variant, { expect }) => {
    const response = await content(await videos.finished(), {}, `?variant=${variant}`);
    expect([response.status, await errorOf(response)]).toMatchObject([404, { code: "not_found" }]);
    expect(response.headers.get("x-should-retry")).toBe("false");
  });

  it("before the end", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    const response = await content(await videos.create());
    expect([response.status, await errorOf(response)]).toMatchObject([400, { code: "video_not_finished" }]);
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(response.headers.get("openai-poll-after-ms")).toBe("2000");
  });

  it("of a video that failed", async ({ expect }) => {
    await emulator.reset({ outcome: { ErrCode: 70000, ErrCodeExt: "InternalError", Message: "broken" } });
    const response = await content(await videos.finished());
    expect([response.status, await errorOf(response)]).toMatchObject([
      500,
      { code: "InternalError", message: "broken", type: "server_error" },
    ]);
    expect(response.headers.get("x-should-retry")).toBe("false");
  });

  it("once the vendor has removed the file, and nobody is asked for it", async ({ expect }) => {
    const id = await videos.finished();
    videos.gateway.clock.offsetMs = EIGHT_DAYS_MS;
    const response = await content(id);
    expect([response.status, await errorOf(response)]).toMatchObject([410, { code: "gone" }]);
    expect(asked).toEqual([]);
  });
});

describe("the host of the files", () => {
  it.for<[string, number, string, () => Promise<Response>]>([
    ["redirects", 502, "media_unavailable", async () => Response.redirect("http://169.254.169.254/latest", 302)],
    ["fails", 502, "media_unavailable", async () => new Response("secret detail", { status: 503 })],
    ["refuses", 502, "media_unavailable", async () => new Response("secret detail", { status: 403 })],
    ["breaks the connection", 502, "media_unavailable", () => Promise.reject(new Error("secret detail"))],
    ["has it no longer", 410, "gone", async () => new Response("secret detail", { status: 404 })],
  ])("%s: %d %s", async ([, status, code, answer], { expect }) => {
    const id = await videos.finished();
    host = answer;
    const response = await content(id);
    const error = await errorOf(response);
    expect([response.status, error]).toMatchObject([status, { code }]);
    expect(JSON.stringify(error)).not.toMatch(/secret|http/);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.redirect).toBe("manual");
  });

  it("that sends a page gets it delivered as bytes", async ({ expect }) => {
    const id = await videos.finished();
    host = async () =>
      new Response("<script>1</script>", { headers: { "content-type": "text/html", "set-cookie": "a=b" } });
    const response = await content(id);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.has("set-cookie")).toBe(false);
  });
});
