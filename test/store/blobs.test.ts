import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import { requestKey } from "../../src/store/blobs.ts";
import { StoreUnavailableError } from "../../src/store/index.ts";
import { idOf, startStore } from "./support.ts";

const { blobs } = startStore();
const TEXT = JSON.stringify({ FileInfos: [{ Base64: "A".repeat(3_000_000) }], Prompt: "一辆汽车 \u{1f3ac}" });

describe("a blob", () => {
  it("is given back as it was, as text and as a stream of known length", async ({ expect }) => {
    const key = requestKey(idOf(1));
    await blobs.put(key, TEXT);
    expect(await blobs.text(key)).toBe(TEXT);
    const opened = await blobs.open(key);
    expect(opened?.size).toBe(new TextEncoder().encode(TEXT).length);
    expect(await new Response(opened?.body).text()).toBe(TEXT);
  });

  it("may be bytes, and is replaced by the next under its key", async ({ expect }) => {
    await blobs.put("k", "first");
    await blobs.put("k", new TextEncoder().encode("second"));
    expect(await blobs.text("k")).toBe("second");
    await blobs.put("k", "");
    expect(await blobs.text("k")).toBe("");
  });

  it("that is not there is null, and is deleted without harm", async ({ expect }) => {
    await blobs.put("here", "x");
    await blobs.delete(["here", "nowhere"]);
    await blobs.delete([]);
    expect([await blobs.text("here"), await blobs.open("here")]).toEqual([null, null]);
  });
});

describe("a list of blobs", () => {
  it("is of one prefix, in order, by pages, with the time of each", async ({ expect }) => {
    const keys = Array.from({ length: 7 }, (_, index) => requestKey(idOf(index)));
    const before = Date.now();
    for (const key of keys) await blobs.put(key, "x");
    await blobs.put("other/x", "x");
    const found: { key: string; uploadedAt: number }[] = [];
    const pages: number[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await blobs.list("requests/", { cursor, limit: 3 });
      found.push(...page.blobs);
      pages.push(page.blobs.length);
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    expect(found.map(({ key }) => key)).toEqual(keys);
    expect(pages).toEqual([3, 3, 1]);
    expect(found.every(({ uploadedAt }) => uploadedAt >= before - 1_000 && uploadedAt <= Date.now())).toBe(true);
  });

  it("is deleted in as many calls as R2 wants", async ({ expect }) => {
    const calls: number[] = [];
    const counting = { delete: async (keys: string[]) => void calls.push(keys.length) } as unknown as R2Bucket;
    await startStore({ BLOBS: counting }).blobs.delete(Array.from({ length: 2_500 }, (_, index) => `k${index}`));
    expect(calls).toEqual([1_000, 1_000, 500]);
  });
});

describe("R2 that does not answer", () => {
  it("is told as such by every call", async ({ expect }) => {
    const fails = () => Promise.reject(new Error("put: We encountered an internal error. Please try again. (10001)"));
    const away = { put: fails, get: fails, delete: fails, list: fails } as unknown as R2Bucket;
    const { blobs: broken } = startStore({ BLOBS: away });
    const calls = [
      broken.put("k", "x"),
      broken.text("k"),
      broken.open("k"),
      broken.delete(["k"]),
      broken.list("p", { limit: 1 }),
    ];
    for (const call of calls) await expect(call).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it("or breaks off in the middle", async ({ expect }) => {
    const torn = { text: () => Promise.reject(new Error("Network connection lost.")) };
    const { blobs: broken } = startStore({ BLOBS: { ...env.BLOBS, get: async () => torn } as unknown as R2Bucket });
    await expect(broken.text("k")).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});
