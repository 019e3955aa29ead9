/* The paths that clients of the AIGC submissions poll elsewhere: the vendor's shape under our id. */
import { beforeEach, describe, it } from "vitest";
import imageBody from "../fixtures/seeds/aigc-image.json";
import videoBody from "../fixtures/seeds/aigc-video.json";
import {
  addKey,
  CALLBACK,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const BASE = "/tencent-vod/v1";
const KINDS = [
  ["aigc-video", "aigc-image", videoBody, "AigcVideoTask", "AigcImageTask"],
  ["aigc-image", "aigc-video", imageBody, "AigcImageTask", "AigcVideoTask"],
] as const;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function submit(kind: string, body: unknown): Promise<string> {
  const response = await gateway.post(`${BASE}/${kind}`, body);
  if (response.status !== 200) throw new Error(`Refused: ${await response.text()}`);
  return (await response.json<{ id: string }>()).id;
}

async function complete(): Promise<void> {
  for (const task of await vendorFinishes()) await gateway.post(CALLBACK, await completionOf(task), { key: null });
}

const read = async (path: string, key = "sk-test") => {
  const response = await gateway.get(`${BASE}/${path}`, { key });
  return { status: response.status, body: await response.json<Json>() };
};

describe.for(KINDS)("a task of %s", ([kind, other, body, name, otherName]) => {
  it("reads under its own path as under query, from first to last", async ({ expect }) => {
    const id = await submit(kind, body);
    const early = await read(`${kind}/${id}`);
    expect(early).toEqual(await read(`query/${id}`));
    expect(early).toMatchObject({
      status: 200,
      body: { Response: { TaskType: name, [otherName]: null, [name]: { TaskId: id, Output: { FileInfos: [] } } } },
    });
    await complete();
    const late = await read(`${kind}/${id}`);
    expect(late).toEqual(await read(`query/${id}`));
    expect(late).toMatchObject({
      status: 200,
      body: {
        Response: {
          TaskType: name,
          Status: "FINISH",
          RequestId: id,
          [otherName]: null,
          [name]: {
            TaskId: id,
            Status: "FINISH",
            Progress: 100,
            ErrCode: 0,
            Output: { FileInfos: [{ FileUrl: expect.stringMatching(/^http/) as string, StorageMode: "Temporary" }] },
          },
        },
      },
    });
  });

  it("is none of the other kind", async ({ expect }) => {
    const id = await submit(kind, body);
    expect(await read(`${other}/${id}`)).toEqual({
      status: 404,
      body: {
        detail: "There is no task with this id.",
        message: "There is no task with this id.",
        code: "not_found",
      },
    });
  });

  it("is nobody else's", async ({ expect }) => {
    const id = await submit(kind, body);
    await addKey("sk-rival", "rival", ["submit", "read"]);
    for (const path of [`${kind}/${id}`, `query/${id}`]) expect((await read(path, "sk-rival")).status).toBe(404);
    expect((await read(`${kind}/${id}`, "sk-nobody")).status).toBe(401);
  });

  it("is gone when its content was removed", async ({ expect }) => {
    const id = await submit(kind, body);
    await complete();
    await gateway.request(`${BASE}/requests/${id}`, { method: "DELETE" });
    expect((await read(`${kind}/${id}`)).status).toBe(410);
    expect((await read(`${other}/${id}`)).status).toBe(404);
  });
});

describe("the description of the API", () => {
  it.for(["query", "aigc-video", "aigc-image"])("names the path %s", async (name, { expect }) => {
    const document = await (await gateway.get("/openapi.json", { key: null })).json<{ paths: Record<string, Json> }>();
    expect(document.paths[`${BASE}/${name}/{id}`]).toMatchObject({
      get: { summary: expect.stringContaining("DescribeTaskDetail") as string, responses: { 200: {}, 404: {} } },
    });
  });
});
