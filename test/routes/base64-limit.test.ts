/* The vendor's limit is on files before they are Base64: 7 MB together. In every dialect it is met there, by name. */
import { beforeEach, describe, it } from "vitest";
import { FILES_MAX_BYTES, REQUEST_MAX_BYTES } from "../../src/vod/requests.ts";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import { call, startTencentGateway } from "./support/tencent-api.ts";

const PROMPT = "a car in the rain";
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

/** A file of so many bytes that begins as a picture does. */
function picture(bytes: number): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(bytes);
  file.set(PNG);
  return file;
}

const names = { ModelName: "Kling", ModelVersion: "3.0", Prompt: PROMPT };

/** One file of so many bytes, as each dialect sends it. The answer's status, and its text. */
const DIALECTS: Record<string, { field: string; status: number; send: (bytes: number) => Promise<[number, string]> }> =
  {
    aigc: {
      field: "file_infos",
      status: 422,
      send: async (bytes) => {
        const file_infos = [{ type: "Base64", category: "Image", base64: picture(bytes).toBase64() }];
        return post("/tencent-vod/v1/aigc-video", {
          model_name: "Kling",
          model_version: "3.0",
          prompt: PROMPT,
          file_infos,
        });
      },
    },
    "video generations": {
      field: "image",
      status: 413,
      send: (bytes) =>
        post("/v1/video/generations", { model: "kling-3.0", prompt: PROMPT, image: picture(bytes).toBase64() }),
    },
    "openai, as JSON": {
      field: "input_reference",
      status: 413,
      send: (bytes) => {
        const input_reference = `data:image/png;base64,${picture(bytes).toBase64()}`;
        return post("/v1/videos", { model: "kling-3.0", prompt: PROMPT, input_reference });
      },
    },
    "openai, as a form": {
      field: "input_reference",
      status: 413,
      send: async (bytes) => {
        const form = new FormData();
        form.append("model", "kling-3.0");
        form.append("prompt", PROMPT);
        form.append("input_reference", new File([picture(bytes)], "a.png", { type: "image/png" }));
        const response = await gateway.request("/v1/videos", { method: "POST", body: form });
        return [response.status, await response.text()];
      },
    },
    "the vendor's": {
      field: "FileInfos",
      status: 200,
      send: async (bytes) => {
        const FileInfos = [{ Type: "Base64", Category: "Image", Base64: picture(bytes).toBase64() }];
        const answer = await call(gateway, "CreateAigcVideoTask", { ...names, FileInfos });
        return [200, JSON.stringify(answer)];
      },
    },
  };

async function post(path: string, body: Json): Promise<[number, string]> {
  const response = await gateway.post(path, body);
  return [response.status, await response.text()];
}

describe.for(Object.entries(DIALECTS))("in %s", ([, { field, status, send }]) => {
  it("a file of 7 MB is taken, by the gateway and by the vendor", async ({ expect }) => {
    const [taken, text] = await send(FILES_MAX_BYTES);
    expect([taken, text.slice(0, 300)]).toEqual([200, expect.not.stringContaining("Error")]);
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { OK: 1 } });
  });

  it("one byte more is refused by the field's name, before anything is paid", async ({ expect }) => {
    const [refused, text] = await send(FILES_MAX_BYTES + 3);
    expect(refused).toBe(status);
    expect(text).toContain(field);
    expect(text).toMatch(/7 MB/);
    expect(text.length).toBeLessThan(2_000);
    expect(await emulator.calls()).toEqual({});
  });

  it("so is an image of 10 MB, which the vendor takes by URL only", async ({ expect }) => {
    const [refused, text] = await send(10 * 1024 * 1024);
    expect(refused).toBe(status === 422 ? 413 : status);
    expect(text).toContain(field);
    expect(text).toMatch(/7 MB/);
    expect(await emulator.calls()).toEqual({});
  });
});

it("several files count together", async ({ expect }) => {
  const half = picture(FILES_MAX_BYTES / 2 + 2).toBase64();
  const body = { model: "kling-3.0", prompt: PROMPT, image: half, last_image: half };
  const [status, text] = await post("/v1/video/generations", body);
  expect([status, JSON.parse(text)]).toMatchObject([413, { error: { param: "last_image" } }]);
  expect(await emulator.calls()).toEqual({});
});

it("of a request longer than the vendor takes, the member that makes it so is named", async ({ expect }) => {
  const long = "x".repeat(REQUEST_MAX_BYTES + 1);
  const aigc = await post("/tencent-vod/v1/aigc-video", { model_name: "Kling", ext_info: long });
  expect([aigc[0], JSON.parse(aigc[1])]).toMatchObject([
    413,
    { code: "payload_too_large", detail: [{ loc: ["body", "ext_info"] }] },
  ]);
  const answer = await call(gateway, "CreateAigcVideoTask", { ...names, ExtInfo: long });
  expect(answer.Error).toMatchObject({
    Code: "RequestSizeLimitExceeded",
    Message: expect.stringMatching(/^ExtInfo: /) as string,
  });
  const broken = await gateway.post("/v1/videos", `{"prompt": "${long}`);
  expect(broken.status).toBe(413);
  expect(await emulator.calls()).toEqual({});
});
