/* How the vendor's files are fetched, without a gateway around it. */
import { afterEach, describe, it, vi } from "vitest";
import { platformDeps } from "../../src/deps.ts";
import { mediaAddress } from "../../src/vod/media-address.ts";
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

describe("the address of a file", () => {
  const MADE = "http://store.vod-qcloud.com/b8c8/aigcVideoGenFile.mp4?sign=a%2Fb";

  it("is the vendor's, by https", ({ expect }) => {
    expect(mediaAddress(MADE)?.href).toBe(MADE.replace("http:", "https:"));
    expect(mediaAddress(FILE)?.href).toBe(FILE);
    expect(mediaAddress("https://8.8.8.8/a")?.href).toBe("https://8.8.8.8/a");
    expect(mediaAddress("https://[2606:4700::1111]:8443/a")?.port).toBe("8443");
  });

  it("is left as it is at an origin that was named", ({ expect }) => {
    const origins = ["http://127.0.0.1:8788", "http://store.vod-qcloud.com"];
    expect(mediaAddress("http://127.0.0.1:8788/a", origins)?.href).toBe("http://127.0.0.1:8788/a");
    expect(mediaAddress(MADE, origins)?.href).toBe(MADE);
    for (const other of ["http://127.0.0.1:8787/a", "https://127.0.0.1:8788/a", "http://127.0.0.2:8788/a"])
      expect(mediaAddress(other, origins)).toBeUndefined();
    expect(mediaAddress("http://u@127.0.0.1:8788/a", origins)).toBeUndefined();
  });

  it.for([
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://169.254.169.254/latest/meta-data",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://192.0.2.1/",
    "https://198.19.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fc00::1]/",
    "https://[fd12:3456::1]/",
    "https://[fe80::1]/",
    "https://[2::1]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://[2002:7f00:1::]/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://router.lan/",
    "https://nas/",
    "https://1.0.0.127.in-addr.arpa/",
    "http://store.vod-qcloud.com:80a/",
    "http://store.vod-qcloud.com:8080/",
    "http://store.vod-qcloud.com:443/",
  ])("is not %s", (url, { expect }) => {
    expect(mediaAddress(url)).toBeUndefined();
  });

  it.for(["https://172.32.0.1/", "https://100.128.0.1/", "https://11.0.0.1/", "https://local.example.com/"])(
    "may be %s",
    (url, { expect }) => {
      expect(mediaAddress(url)?.href).toBe(url);
    },
  );
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
