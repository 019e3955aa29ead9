/* What the vendor can make of a task, as every dialect shows it: stopped, empty, with its inputs echoed, a 3D scene. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { notify, REQUESTS, submit, vendorTaskOf } from "../support/client.ts";
import { emulator, type Gateway, type Json, recordHasAll, taskRow, vendorFinishes } from "../support/gateway.ts";
import { pass, quiet, startStill } from "../support/quiet.ts";
import { addPair, call, PAIR } from "./support/tencent-api.ts";

const DETAIL = "DescribeTaskDetail";

let gateway: Gateway;
/** What the vendor says in place of the emulator's account of a task. */
let vendorSays: (detail: Detail) => Json = (detail) => detail;

type Detail = Json & { AigcVideoTask: Json };

beforeEach(async () => {
  vendorSays = (detail) => detail;
  await emulator.reset();
  const fetch = async (request: Request) => {
    const response = await env.EMULATOR.fetch(request);
    if (request.headers.get("x-tc-action") !== DETAIL) return response;
    const { Response: detail } = await response.json<{ Response: Detail }>();
    return Response.json({ Response: vendorSays(detail) });
  };
  gateway = await startStill({ deps: { fetch } });
  await addPair(PAIR, "acme", ["submit", "read"]);
});

/** The vendor has finished the task and says so. */
async function told(id: string): Promise<void> {
  await vendorFinishes();
  await notify(gateway, await vendorTaskOf(id));
  await quiet();
}

type View = { status: number; body: Json };

async function read(path: string): Promise<View> {
  const response = await gateway.get(path);
  return { status: response.status, body: await response.json<Json>() };
}

/** The task in every dialect. */
async function views(id: string) {
  return {
    status: await read(`${REQUESTS}/${id}/status`),
    result: await read(`${REQUESTS}/${id}`),
    query: await read(`/tencent-vod/v1/query/${id}`),
    job: await read(`/v1/video/generations/${id}`),
    video: await read(`/v1/videos/${id}`),
    content: await gateway.get(`/v1/videos/${id}/content`),
    detail: (await call(gateway, DETAIL, { TaskId: id })) as Json,
  };
}

describe.for<[name: string, code: string, message: string, status: number, outer: string, says: typeof vendorSays]>([
  [
    "stopped, as the outer level alone says",
    "aborted",
    "The vendor stopped the task.",
    410,
    "ABORTED",
    ({ AigcVideoTask: task, ...detail }) => ({
      ...detail,
      Status: "ABORTED",
      AigcVideoTask: { ...task, Status: "PROCESSING", Progress: 0, Output: { FileInfos: [] } },
    }),
  ],
  [
    "stopped, shown without its content",
    "aborted",
    "The vendor stopped the task.",
    410,
    "ABORTED",
    (detail) => ({ ...detail, Status: "ABORTED", AigcVideoTask: null }),
  ],
  [
    "finished without a file",
    "EmptyOutput",
    "The vendor finished the task without any file.",
    500,
    "FINISH",
    ({ AigcVideoTask: task, ...detail }) => ({ ...detail, AigcVideoTask: { ...task, Output: { FileInfos: [] } } }),
  ],
])("a task that the vendor has %s", ([, code, message, status, outer, says]) => {
  it("has failed in every dialect, also once the record has it", async ({ expect }) => {
    const { id } = await submit(gateway);
    vendorSays = says;
    await told(id);
    if (code === "EmptyOutput") {
      expect((await read(`${REQUESTS}/${id}/status`)).body).toMatchObject({ status: "IN_PROGRESS" });
      await pass(gateway, 5_000);
    }
    for (let turn = 0; turn < 2; turn++) {
      const seen = await views(id);
      expect(seen.status).toMatchObject({
        status: 200,
        body: { status: "COMPLETED", error: message, error_type: code },
      });
      expect(seen.result).toMatchObject({ status, body: { detail: message, code } });
      expect(seen.job).toMatchObject({
        status: 200,
        body: { status: "failed", url: null, error: { code, message }, data: { status: "FAILURE" } },
      });
      expect(seen.video).toMatchObject({ status: 200, body: { status: "failed", error: { code, message } } });
      expect(seen.content.status).toBe(status);
      const asTheVendor = {
        Status: outer,
        AigcVideoTask: { TaskId: id, Status: "FINISH", ErrCode: 70000, ErrCodeExt: code, Message: message },
      };
      expect(seen.query.body).toMatchObject({ Response: asTheVendor });
      expect(seen.detail).toMatchObject(asTheVendor);
      await recordHasAll(gateway);
    }
  });
});

it("a task that was empty at the first look only has succeeded", async ({ expect }) => {
  const { id } = await submit(gateway);
  vendorSays = ({ AigcVideoTask: task, ...detail }) => ({ ...detail, AigcVideoTask: { ...task, Output: null } });
  await told(id);
  vendorSays = (detail) => detail;
  await pass(gateway, 5_000);
  const { result, video, job } = await views(id);
  expect([result.status, video.body["status"], job.body["status"]]).toEqual([200, "completed", "completed"]);
});

it("inputs that the vendor echoes cost no result, are stored nowhere, and shown in no dialect", async ({ expect }) => {
  await emulator.reset({ echo_base64: true });
  const base64 = "QUJD".repeat(2_200_000);
  const file_infos = [{ type: "Base64", category: "Image", base64 }];
  let echoed = 0;
  vendorSays = (detail) => {
    echoed = JSON.stringify(detail).length;
    return detail;
  };
  const { id } = await submit(gateway, { file_infos });
  await told(id);
  expect(echoed).toBeGreaterThan(base64.length);
  for (let turn = 0; turn < 2; turn++) {
    expect(JSON.stringify(await taskRow(id)).length).toBeLessThan(20_000);
    const { content, ...seen } = await views(id);
    expect([seen.result.status, seen.status.body["status"], seen.job.body["status"]]).toEqual([
      200,
      "COMPLETED",
      "completed",
    ]);
    expect([content.status, seen.video.body["status"]]).toEqual([200, "completed"]);
    expect(seen.detail).toMatchObject({ Status: "FINISH", AigcVideoTask: { Output: { FileInfos: [{}] } } });
    for (const view of Object.values(seen)) expect(JSON.stringify(view).length).toBeLessThan(20_000);
    await recordHasAll(gateway);
  }
});

describe("a 3D scene", () => {
  const SCENE = { model_name: "Hunyuan", model_version: "3d_2.0", scene_type: "3d_scene", procedure: "LongFlow" };
  const GLB = "model/gltf-binary";

  it("keeps what each file is for, its content and its type, in every dialect", async ({ expect }) => {
    const { id } = await submit(gateway, SCENE);
    await told(id);
    const part = (usage_type: string) => ({
      usage_type,
      content_type: GLB,
      url: expect.stringMatching(/\.glb$/) as string,
    });
    const files = [
      {
        content_type: "application/json",
        usage_type: "position_info",
        content: JSON.stringify({ positions: [[0, 0, 0]] }),
      },
      part("scene_url"),
      part("mesh_url"),
      part("mesh_simplified_url"),
    ];
    const procedure = [expect.stringMatching(/-Procedure-/) as string];
    for (let turn = 0; turn < 2; turn++) {
      const seen = await views(id);
      expect(seen.result).toMatchObject({
        status: 200,
        body: { video: files[1], videos: files, procedure_task_ids: procedure },
      });
      expect((seen.result.body["videos"] as Json[])[0]).not.toHaveProperty("url");
      const { url } = part("scene_url");
      expect(seen.job.body).toMatchObject({
        url,
        video_url: null,
        format: "gltf-binary",
        metadata: { url, files, procedure_task_ids: procedure },
      });
      expect(seen.video.body).toMatchObject({ status: "completed", files, procedure_task_ids: procedure });
      const asTheVendor = {
        AigcVideoTask: {
          Output: {
            FileInfos: [
              { UsageType: "position_info", FileContent: expect.stringContaining("positions") as string, FileUrl: "" },
              { UsageType: "scene_url" },
              { UsageType: "mesh_url" },
              { UsageType: "mesh_simplified_url" },
            ],
            ProcedureTaskIds: procedure,
          },
        },
      };
      expect(seen.query.body).toMatchObject({ Response: asTheVendor });
      expect(seen.detail).toMatchObject(asTheVendor);
      expect([seen.content.status, seen.content.headers.get("content-type")]).toEqual([
        200,
        "application/octet-stream",
      ]);
      expect(new TextDecoder().decode(await seen.content.arrayBuffer())).toMatch(/^glTF/);
      for (const { body } of [seen.result, seen.job, seen.video])
        expect(JSON.stringify({ ...body, data: null })).not.toMatch(/"url":""|video\/mp4/);
      await recordHasAll(gateway);
    }
  });

  it("is no part of a plain video's result", async ({ expect }) => {
    const { id } = await submit(gateway);
    await told(id);
    const { result, video, job } = await views(id);
    expect(result.body).not.toHaveProperty("procedure_task_ids");
    expect(video.body).not.toHaveProperty("files");
    expect(job.body["metadata"]).not.toHaveProperty("files");
    expect(job.body).toMatchObject({ format: "mp4", video_url: expect.any(String) as string });
    expect(result.body["video"]).not.toHaveProperty("usage_type");
  });

  it.for<[string, Json, string]>([
    ["by its URL", { FileUrl: "https://media.test/a.webm?x=1" }, "video/webm"],
    ["by its type", { FileUrl: "https://media.test/a", FileType: "MOV" }, "video/quicktime"],
    [
      "by its container",
      { FileUrl: "https://media.test/a", MetaData: { Container: "mov,mp4,m4a,3gp,3g2,mj2" } },
      "video/mp4",
    ],
    ["not at all, where nothing says it", { FileUrl: "https://media.test/a" }, "application/octet-stream"],
  ])("a file's type is known %s", async ([, file, type], { expect }) => {
    const { id } = await submit(gateway);
    vendorSays = ({ AigcVideoTask: task, ...detail }) => ({
      ...detail,
      AigcVideoTask: { ...task, Output: { FileInfos: [file] } },
    });
    await told(id);
    expect((await read(`${REQUESTS}/${id}`)).body).toMatchObject({ video: { content_type: type } });
  });
});
