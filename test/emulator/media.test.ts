import { describe, it } from "vitest";
import { emulator } from "./support.ts";

const URL_PREFIX = "http://emulator.test/_emulator/media/251007502-AigcVideoTask-0t";
const MP4 = `${URL_PREFIX}/aigcVideoGenFile.mp4`;

function get(url: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
  return emulator.fetch(url, { method, headers });
}

async function wholeFile(): Promise<Uint8Array> {
  return (await get(MP4)).bytes();
}

describe("a media file", () => {
  it("comes whole", async ({ expect }) => {
    const response = await get(MP4);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "video/mp4",
      "accept-ranges": "bytes",
      etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
    });
    const bytes = await response.bytes();
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    expect(new TextDecoder().decode(bytes.subarray(4, 8))).toBe("ftyp");
  });

  it("is a PNG or a JPEG by its name", async ({ expect }) => {
    const png = await get(`${URL_PREFIX}/2/aigcImageGenFile.png`);
    expect(png.headers.get("content-type")).toBe("image/png");
    expect([...(await png.bytes()).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const jpeg = await get(`${URL_PREFIX}/aigcImageGenFile.jpg`);
    expect(jpeg.headers.get("content-type")).toBe("image/jpeg");
  });

  it.for<[string, number, number]>([
    ["bytes=0-0", 0, 0],
    ["bytes=10-99", 10, 99],
    ["bytes=6000-", 6000, -1],
    ["bytes=-100", -100, -1],
    ["bytes=0-999999", 0, -1],
    ["bytes=-999999", 0, -1],
  ])("comes in part: %s", async ([range, from, to], { expect }) => {
    const file = await wholeFile();
    const first = from < 0 ? file.length + from : from;
    const last = to < 0 ? file.length - 1 : to;
    const response = await get(MP4, { range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${first}-${last}/${file.length}`);
    expect(response.headers.get("content-length")).toBe(String(last - first + 1));
    expect(await response.bytes()).toEqual(file.subarray(first, last + 1));
  });

  it.for(["bytes=999999-", "bytes=-0"])("has no such part: %s", async (range, { expect }) => {
    const response = await get(MP4, { range });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe(`bytes */${(await wholeFile()).length}`);
  });

  it.for(["bytes=0-1,3-4", "items=0-1", "bytes=5-2", "bytes=-"])("ignores the range %s", async (range, { expect }) => {
    const response = await get(MP4, { range });
    expect(response.status).toBe(200);
    expect(response.headers.has("content-range")).toBe(false);
  });

  it("minds If-Range and If-None-Match", async ({ expect }) => {
    const etag = (await get(MP4)).headers.get("etag") ?? "";
    expect((await get(MP4, { range: "bytes=0-1", "if-range": etag })).status).toBe(206);
    expect((await get(MP4, { range: "bytes=0-1", "if-range": '"other"' })).status).toBe(200);
    expect((await get(MP4, { "if-none-match": etag })).status).toBe(304);
  });

  it("answers HEAD without a body, and no other method", async ({ expect }) => {
    const response = await get(MP4, {}, "HEAD");
    expect(response.headers.get("content-length")).toBe(String((await wholeFile()).length));
    expect(await response.text()).toBe("");
    expect((await get(MP4, {}, "PUT")).status).toBe(405);
    expect((await get(`${URL_PREFIX}/other.mp4`)).status).toBe(404);
  });
});
