/* The catalogue over HTTP, in the shape of OpenAI's list. */
import { beforeEach, describe, it } from "vitest";
import { catalogueModels, modelId, parseModelName } from "../../src/vod/catalogue/index.ts";
import { addKey, type Gateway, type Json, startGateway } from "../support/gateway.ts";

let gateway: Gateway;

beforeEach(async () => {
  gateway = await startGateway();
});

type Entry = Json & { id: string; object: string; created: number; owned_by: string };

async function list(): Promise<Entry[]> {
  const response = await gateway.get("/v1/models");
  if (response.status !== 200) throw new Error(`Refused: ${await response.text()}`);
  const body = await response.json<{ object: string; data: Entry[] }>();
  if (body.object !== "list") throw new Error("This is no list.");
  return body.data;
}

const read = async (path: string, init?: { key: string | null }) => {
  const response = await gateway.get(path, init);
  return { status: response.status, body: await response.json<Json>() };
};

describe("GET /v1/models", () => {
  it("lists each model once, as OpenAI does", async ({ expect }) => {
    const data = await list();
    expect(new Set(data.map(({ id }) => id)).size).toBe(data.length);
    for (const entry of data) {
      expect(entry).toMatchObject({ object: "model", owned_by: "tencent-vod" });
      expect(entry.created).toBeGreaterThan(Date.parse("2025-12-01") / 1000);
      expect(Number.isInteger(entry.created)).toBe(true);
    }
  });

  it("has every model of the catalogue, under the name that is read back", async ({ expect }) => {
    const byId = new Map((await list()).map((entry) => [entry.id, entry]));
    for (const { name, version, media } of catalogueModels()) {
      const named = { ModelName: name, ModelVersion: version };
      const entry = byId.get(modelId(named));
      expect(entry).toMatchObject({ model_name: name, model_version: version });
      expect(entry?.media).toContain(media);
      expect(parseModelName(entry?.id ?? "", media)).toEqual(named);
    }
  });
});

describe("GET /v1/models/{id}", () => {
  it("tells what a model can do and who says so", async ({ expect }) => {
    const { status, body } = await read("/v1/models/kling-2.6");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: "kling-2.6",
      created: Date.parse("2026-04-30") / 1000,
      model_name: "Kling",
      model_version: "2.6",
      media: ["video"],
      listed: true,
      constraints: {
        video: {
          durations: [5, 10],
          resolutions: ["720P", "1080P"],
          aspect_ratios: ["16:9", "9:16", "1:1"],
          audio: true,
          last_frame: true,
          references: true,
          images: { min: 0, max: 4 },
          videos: { min: 0, max: 1 },
          scene_types: ["motion_control", "avatar_i2v", "lip_sync"],
          sources: {
            durations: [
              { name: "VOD AIGC access guide, third-party copy", date: "2026-09-10", allowed: [5, 10] },
              { name: "sdk-nodejs-intl-en, October 2026", date: "2026-10", allowed: { min: 3, max: 15 } },
              { name: "sdk-nodejs 4.1.299", date: "2026-08-21", allowed: { min: 3, max: 15 } },
            ],
          },
        },
      },
    });
  });

  it("shows what a model says of each medium it makes", async ({ expect }) => {
    const { body } = await read("/v1/models/Kling-2.1");
    expect(body).toMatchObject({
      id: "kling-2.1",
      media: ["video", "image"],
      constraints: { video: { durations: [5, 10] }, image: { resolutions: ["1K", "2K"] } },
    });
  });

  it("says of a model that is no longer listed so", async ({ expect }) => {
    expect((await read("/v1/models/gem-3.0")).body).toMatchObject({ listed: false, media: ["image"] });
  });

  it("is the entry of the list", async ({ expect }) => {
    const [entry] = await list();
    expect((await read(`/v1/models/${entry?.id}`)).body).toEqual(entry);
  });

  it.for(["kling-9.9", "gpt-4o", "__proto__", "kling%2F2.6"])("does not know %s", async (id, { expect }) => {
    const { status, body } = await read(`/v1/models/${id}`);
    expect(status).toBe(404);
    expect(body).toMatchObject({ error: { type: "invalid_request_error", code: "not_found" } });
  });
});

describe("a caller", () => {
  it.for(["/v1/models", "/v1/models/kling-2.6"])("needs a key that may read: %s", async (path, { expect }) => {
    await addKey("sk-submit", "acme", ["submit"]);
    expect((await read(path, { key: null })).status).toBe(401);
    expect((await read(path, { key: "sk-submit" })).status).toBe(403);
  });
});
