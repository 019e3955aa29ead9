/* How the vendor's files are fetched, without a gateway around it. */
import { afterEach, describe, it, vi } from "vitest";
import { platformDeps } from "../../src/deps.ts";
import { fetchMedia, MEDIA_TIMEOUT_MS } from "../../src/vod/media.ts";

const FILE = "https://files.test/a.mp4?sign=1";

const asking = (fetch: (request: Request) => Promise<Response>) => ({ ...platformDeps, fetch });
/** A host that takes the request and never answers. */
const silent = asking(
  ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
);
const unasked = asking(() => Promise.reject(new Error("This was to be asked of nobody.")));

afterEach(() => {
  vi.useRealTimers();
});

describe("a file's host", () => {
  it("that does not answer is given up", async ({ expect }) => {
    vi.useFakeTimers();
    const result = fetchMedia(silent, FILE, undefined);
    let settled = false;
    void result.then(() => (settled = true));
    await vi.advanceTimersByTimeAsync(MEDIA_TIMEOUT_MS - 1);
    expect(settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toEqual({ kind: "failed", reason: "timeout" });
  });

  it("may take its time once it has begun", async ({ expect }) => {
    vi.useFakeTimers();
    let signal: AbortSignal | undefined;
    const result = await fetchMedia(
      asking(async (request) => {
        ({ signal } = request);
        return new Response("bytes");
      }),
      FILE,
      undefined,
    );
    await vi.advanceTimersByTimeAsync(MEDIA_TIMEOUT_MS * 2);
    expect([result.kind, signal?.aborted]).toEqual(["file", false]);
  });

  it("gets the range and nothing else", async ({ expect }) => {
    let seen: Request | undefined;
    const deps = asking(async (request) => {
      seen = request;
      return new Response(null, { status: 206 });
    });
    expect((await fetchMedia(deps, FILE, "bytes=1-2")).kind).toBe("file");
    expect([...(seen?.headers ?? [])]).toEqual([
      ["accept-encoding", "identity"],
      ["range", "bytes=1-2"],
    ]);
    expect([seen?.url, seen?.redirect, seen?.method]).toEqual([FILE, "manual", "GET"]);
  });

  it.for([
    "ftp://files.test/a",
    "file:///etc/passwd",
    "data:text/plain,a",
    "javascript:1",
    "a.mp4",
    "",
    "https://u:p@files.test/",
  ])("is not looked for at %j", async (url, { expect }) => {
    expect(await fetchMedia(unasked, url, undefined)).toEqual({ kind: "failed", reason: "url" });
  });

  it.for([
    [301, { kind: "failed", reason: "redirect" }],
    [403, { kind: "failed", reason: "http_status" }],
    [404, { kind: "gone" }],
    [410, { kind: "gone" }],
    [500, { kind: "failed", reason: "http_status" }],
  ] as const)("that answers %d", async ([status, outcome], { expect }) => {
    const deps = asking(async () => new Response("text", { status }));
    expect(await fetchMedia(deps, FILE, undefined)).toEqual(outcome);
  });
});
