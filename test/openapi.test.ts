import { beforeEach, describe, it } from "vitest";
import { createApp } from "../src/app.ts";
import { type Gateway, startGateway } from "./support/gateway.ts";

type Operation = {
  summary?: string;
  requestBody?: {
    required?: boolean;
    content: Record<string, { schema: { required?: string[]; properties: object } }>;
  };
  responses: Record<string, { description: string }>;
};
type Description = {
  openapi: string;
  info: { title: string; version: string };
  components: { securitySchemes: Record<string, object> };
  security: object[];
  paths: Record<string, Record<string, Operation>>;
};

const BODIES: Record<string, string[]> = {
  "/tencent-vod/v1/aigc-video": ["model_name", "model_version", "prompt"],
  "/tencent-vod/v1/aigc-image": ["model_name", "model_version", "prompt"],
  "/v1/video/generations": ["model", "prompt"],
};

const ROUTES = [
  "get /tencent-vod/v1/query/{id}",
  "get /tencent-vod/v1/requests",
  "get /tencent-vod/v1/requests/{id}",
  "get /tencent-vod/v1/requests/{id}/status",
  "get /v1/video/generations/{id}",
  "post /",
  "post /tencent-vod/v1/aigc-image",
  "post /tencent-vod/v1/aigc-video",
  "post /v1/video/generations",
];

let gateway: Gateway;
let description: Description;

beforeEach(async () => {
  gateway = await startGateway();
  const response = await gateway.get("/openapi.json", { key: null });
  if (!response.headers.get("content-type")?.startsWith("application/json")) throw new Error("This is no JSON.");
  description = await response.json<Description>();
});

const routesOf = (paths: Description["paths"]) =>
  Object.entries(paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));

describe("/openapi.json", () => {
  it("is an OpenAPI 3.1 document of this API", ({ expect }) => {
    expect(description.openapi).toBe("3.1.0");
    expect(description.info.title).toBe("Reelgate");
    expect(description.info.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it("names the routes of this issue", ({ expect }) => {
    expect(routesOf(description.paths)).toEqual(expect.arrayContaining(ROUTES));
  });

  it("leaves out no route of any dialect", ({ expect }) => {
    const routes = createApp(() => gateway.services)
      .routes.filter(({ method, path }) => method !== "ALL" && /^\/(tencent-vod|v1)\//.test(path))
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(routes.length).toBeGreaterThanOrEqual(ROUTES.length);
    expect(routesOf(description.paths)).toEqual(expect.arrayContaining(routes));
  });

  it("gives every operation a summary and answers with descriptions", ({ expect }) => {
    for (const operation of Object.values(description.paths).flatMap((operations) => Object.values(operations))) {
      expect(operation.summary).toMatch(/\S/);
      const answers = Object.values(operation.responses);
      expect(answers.length).toBeGreaterThan(0);
      for (const answer of answers) expect(answer.description).toMatch(/\S/);
    }
  });

  it.for(Object.entries(BODIES))("%s requires a JSON body with %j", ([path, required], { expect }) => {
    const body = description.paths[path]?.post?.requestBody;
    expect(body?.required).toBe(true);
    expect(Object.keys(body?.content ?? {})).toEqual(["application/json"]);
    expect(body?.content["application/json"]?.schema.required?.toSorted()).toEqual(required);
  });

  it("describes every field of the seeds and the vendor's newer ones", ({ expect }) => {
    const schema =
      description.paths["/tencent-vod/v1/aigc-video"]?.post?.requestBody?.content["application/json"]?.schema;
    const names =
      "ext_info enhance_prompt file_infos input_region last_frame_file_id last_frame_url model_name model_version " +
      "negative_prompt output_config procedure prompt scene_type seed session_context session_id start_timeout subject_infos tasks_priority";
    expect(Object.keys(schema?.properties ?? {}).toSorted()).toEqual(names.split(" ").toSorted());
  });

  it("says that a key is needed, as a bearer token", ({ expect }) => {
    expect(description.components.securitySchemes).toEqual({ apiKey: { type: "http", scheme: "bearer" } });
    expect(description.security).toEqual([{ apiKey: [] }]);
  });
});
