/*
 * The vendor, or whoever speaks in its name: what it says of where a file lies, and what a file's host sends, is fetched for
 * a client by the gateway. It must not have it read its own network, hold a connection for ever, or send a page.
 */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it, vi } from "vitest";
import { type Json } from "../../support/gateway.ts";
import { pass } from "../../support/quiet.ts";
import { startVideos, type Videos } from "../../routes/openai-videos-support.ts";

const MEGABYTE = 1024 * 1024;
const CHUNK = new Uint8Array(64 * 1024);

/** Where the vendor says that the file lies. */
let fileUrl: string;
/** What the host of the files sends. */
let host: (request: Request) => Promise<Response>;
let asked: string[];
let videos: Videos;
let id: string;

async function start(bindings: Json = {}): Promise<void> {
  videos = await startVideos({
    env: { MEDIA_IDLE_SECONDS: "1", MEDIA_MAX_MEGABYTES: "1", ...bindings },
    deps: {
      fetch: async (request) => {
        if (new URL(request.url).host !== "vod.emulator.test") {
          asked.push(request.url);
          return host(request);
        }
        const response = await env.EMULATOR.fetch(request);
        const text = await response.text();
        return new Response(text.replaceAll(/"FileUrl":"[^"]+"/g, `"FileUrl":${JSON.stringify(fileUrl)}`), response);
      },
    },
  });
  id = await videos.finished();
}

beforeEach(() => {
  fileUrl = "https://files.example.com/a.mp4";
  host = async () => new Response("bytes", { headers: { "content-type": "video/mp4" } });
  asked = [];
});

const content = (init?: RequestInit) => videos.gateway.open(`/v1/videos/${id}/content`, init?.headers as never);
const codeOf = async (response: Response) => (await response.json<{ error: Json }>()).error["code"];

/** Chunks for ever. */
const endless = () =>
  new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(CHUNK);
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
  });
/** Some bytes, and then nothing; `gone` tells when it is given up. */
function stalled() {
  const state = { gone: false };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(CHUNK),
    pull: () => new Promise(() => undefined),
    cancel() {
      state.gone = true;
    },
  });
  return { state, body };
}

/** What arrives of a body, and whether it was whole. */
async function readAll(response: Response): Promise<{ bytes: number; whole: boolean; ms: number }> {
  const startedAt = Date.now();
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) bytes += chunk.byteLength;
    return { bytes, whole: true, ms: Date.now() - startedAt };
  } catch {
    return { bytes, whole: false, ms: Date.now() - startedAt };
  }
}

describe("a file's address", () => {
  it.for([
    "http://127.0.0.1:8787/v1/admin/restore",
    "https://127.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://metadata.google.internal/",
    "http://files.example.com:8080/a.mp4",
    "file:///etc/passwd",
    "https://user:password@files.example.com/a.mp4",
    "http://vod.emulator.test:81/a.mp4",
  ])("in the gateway's own network is not asked: %s", async (url, { expect }) => {
    fileUrl = url;
    await start();
    const response = await content();
    expect([response.status, await codeOf(response)]).toEqual([502, "media_unavailable"]);
    expect(asked).toEqual([]);
  });

  it("by http is asked by https", async ({ expect }) => {
    fileUrl = "http://files.example.com/a.mp4?sign=1";
    await start();
    expect(await (await content()).text()).toBe("bytes");
    expect(asked).toEqual(["https://files.example.com/a.mp4?sign=1"]);
  });

  it("is asked as it is where MEDIA_ORIGINS says so", async ({ expect }) => {
    fileUrl = "http://192.168.1.5:9000/a.mp4";
    await start({ MEDIA_ORIGINS: "http://192.168.1.5:9000" });
    expect(await (await content()).text()).toBe("bytes");
    expect(asked).toEqual([fileUrl]);
  });

  it("that leads elsewhere is not followed, wherever that is", async ({ expect }) => {
    await start();
    for (const to of ["http://169.254.169.254/", "https://files.example.com/b.mp4"]) {
      host = async () => Response.redirect(to, 302);
      expect((await content()).status).toBe(502);
    }
    expect(asked).toEqual([fileUrl, fileUrl]);
  });
});

describe("a file's body", () => {
  it("that does not end is cut off, and does not look whole", async ({ expect }) => {
    await start();
    host = async () => new Response(endless(), { headers: { "content-type": "video/mp4" } });
    const logged = vi.spyOn(console, "error");
    const got = await readAll(await content());
    expect(got.whole).toBe(false);
    expect(got.bytes).toBeLessThanOrEqual(MEGABYTE);
    expect(got.bytes).toBeGreaterThan(MEGABYTE / 2);
    const lines = logged.mock.calls.map(([line]) => JSON.parse(String(line)) as Json);
    logged.mockRestore();
    expect(lines).toContainEqual({ event: "media.failed", request_id: id, reason: "too_large" });
  });

  it("that says it is too long is not begun", async ({ expect }) => {
    await start();
    let cancelled = false;
    const body = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    host = async () => new Response(body, { headers: { "content-length": String(MEGABYTE + 1) } });
    const response = await content();
    expect([response.status, await codeOf(response)]).toEqual([502, "media_unavailable"]);
    expect(cancelled).toBe(true);
  });

  it("that stalls is cut off, and its host let go", async ({ expect }) => {
    await start();
    const { state, body } = stalled();
    host = async () => new Response(body);
    const got = await readAll(await content());
    expect(got).toMatchObject({ whole: false, bytes: CHUNK.length });
    expect(got.ms).toBeLessThan(10_000);
    expect(state.gone).toBe(true);
  });

  it("that comes in drops is cut off", async ({ expect }) => {
    await start();
    const drops = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        controller.enqueue(CHUNK.subarray(0, 1));
      },
    });
    host = async () => new Response(drops);
    const got = await readAll(await content());
    expect(got.whole).toBe(false);
    expect(got.bytes).toBeLessThan(6);
  });

  it.for([
    ["shorter", 7],
    ["longer", 3],
  ] as const)("that is %s than it says does not look whole", async ([, length], { expect }) => {
    await start();
    const body = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("bytes"));
          controller.close();
        },
      });
    host = async () => new Response(body(), { headers: { "content-length": String(length) } });
    expect(await readAll(await content())).toMatchObject({ whole: false });
  });

  it("may take its time with a slow reader", async ({ expect }) => {
    await start();
    host = async () => new Response(new Uint8Array(MEGABYTE / 2));
    const response = await content();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await readAll(response)).toMatchObject({ whole: true, bytes: MEGABYTE / 2 });
  });

  it("goes to nobody whose key was revoked meanwhile", async ({ expect }) => {
    await start({ MEDIA_MAX_MEGABYTES: "500", MEDIA_IDLE_SECONDS: "60" });
    host = async () => new Response(endless());
    const response = await content();
    await env.DB.prepare("UPDATE api_keys SET revoked_at = 1").run();
    await pass(videos.gateway, 15_000);
    expect(await readAll(response)).toMatchObject({ whole: false });
  });

  it("is nobody's to read once its reader has gone", async ({ expect }) => {
    await start();
    const { state, body } = stalled();
    host = async () => new Response(body);
    await (await content()).body?.cancel();
    await vi.waitFor(() => {
      if (!state.gone) throw new Error("Still held.");
    });
    expect(state.gone).toBe(true);
  });
});

describe("a file's type", () => {
  it.for([
    ["video/mp4; charset=utf-8", "video/mp4"],
    ["VIDEO/MP4;x, text/html", "video/mp4"],
    ["video/mp4, text/html", "application/octet-stream"],
    ["text/html", "application/octet-stream"],
    ["image/svg+xml", "application/octet-stream"],
    ["image/svg+xml;a=video/mp4", "application/octet-stream"],
    ["application/xhtml+xml", "application/octet-stream"],
    ["", "application/octet-stream"],
  ] as const)("%j is sent as %s", async ([type, sent], { expect }) => {
    await start();
    host = async () => {
      const response = new Response("<script>1</script>");
      response.headers.set("content-type", type);
      return response;
    };
    const response = await content();
    expect([response.status, response.headers.get("content-type")]).toEqual([200, sent]);
    expect(response.headers.get("content-disposition")).toMatch(/^attachment;/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    await response.text();
  });

  it("of a range that is not there comes without what the host says of it", async ({ expect }) => {
    await start();
    host = async () =>
      new Response("<Error>secret detail</Error>", { status: 416, headers: { "content-range": "bytes */5" } });
    const response = await content();
    expect([response.status, response.headers.get("content-range"), await response.text()]).toEqual([
      416,
      "bytes */5",
      "",
    ]);
  });
});
