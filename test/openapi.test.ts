import { beforeEach, describe, it } from "vitest";
import { createApp } from "../src/app.ts";
import { API_ERROR_CODES, statusOf } from "../src/http/api-error.ts";
import { catalogueModels } from "../src/vod/catalogue/index.ts";
import { toSnake } from "../src/vod/names.ts";
import { ADDED_WHEN_SENT, vendorRequest } from "../src/vod/requests.ts";
import { call, startTencentGateway } from "./routes/support/tencent-api.ts";
import { emulator, type Gateway, type Json } from "./support/gateway.ts";

type Schema = {
  type?: string | string[];
  required?: string[];
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
};
type Example = { summary: string; value: Json };

type Operation = {
  summary?: string;
  parameters?: { name: string }[];
  requestBody?: {
    required?: boolean;
    content: Record<string, { schema: Schema; examples?: Record<string, Example> }>;
  };
  responses: Record<string, { description: string; content?: Record<string, { schema: { $ref?: string } }> }>;
};
type Description = {
  openapi: string;
  info: { title: string; version: string; description: string };
  components: { securitySchemes: Record<string, object>; schemas: Record<string, object> };
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
  await emulator.reset();
  gateway = await startTencentGateway();
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

/** Every field of a schema by its place, with all that is said of it wherever it stands. */
function fieldsOf(schema: Schema, place = ""): [string, Schema][] {
  const found: [string, Schema][] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = place === "" ? name : `${place}.${name}`;
    found.push([at, field], ...fieldsOf(field, at));
  }
  for (const inner of [schema.items, ...(schema.anyOf ?? [])]) if (inner) found.push(...fieldsOf(inner, place));
  return found;
}

const bodies = () =>
  Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody }]) =>
      Object.entries(requestBody?.content ?? {}).map(([type, { schema, examples }]) => ({
        path,
        method,
        type,
        schema,
        examples,
      })),
    ),
  );

const placesOf = (path: string) => {
  const schema = description.paths[path]?.post?.requestBody?.content["application/json"]?.schema;
  return new Set(fieldsOf(schema ?? {}).map(([place]) => place));
};

/** The members of the vendor's requests, at every level. */
function vendorPlaces(): string[] {
  const { FileInfos, SubjectInfos, OutputConfig } = vendorRequest.shape;
  const within = (name: string, shape: object) => Object.keys(shape).map((member) => `${name}.${member}`);
  return [
    ...Object.keys(vendorRequest.shape),
    ...within("FileInfos", FileInfos.unwrap().element.shape),
    ...within("SubjectInfos", SubjectInfos.unwrap().element.shape),
    ...within("OutputConfig", OutputConfig.unwrap().shape),
  ];
}

const inSnakeCase = (place: string) => place.split(".").map(toSnake).join(".");

describe("request bodies", () => {
  it("are there in seven places, and each of their fields says what it is", ({ expect }) => {
    expect(new Set(bodies().map(({ method, path }) => `${method} ${path}`)).size).toBe(7);
    for (const { path, schema } of bodies()) {
      const fields = fieldsOf(schema);
      expect(fields.length, path).toBeGreaterThan(0);
      for (const [place, field] of fields) expect(field.description, `${path} ${place}`).toMatch(/\w{2}.*\./);
    }
  });

  it.for([
    ["session_id", { maxLength: 50 }],
    ["session_context", { maxLength: 1_000 }],
    ["tasks_priority", { minimum: -10, maximum: 10, default: 0 }],
    ["start_timeout", { minimum: 1, maximum: 259_200 }],
    ["output_config.media_name", { maxLength: 64 }],
    ["output_config.storage_mode", { default: "Temporary" }],
    ["output_config.duration", { minimum: 0 }],
    ["file_infos.type", { default: "File" }],
    ["input_region", { default: "Mainland" }],
  ] as const)("have the limits and defaults of %s for programs", ([place, words], { expect }) => {
    const schema =
      description.paths["/tencent-vod/v1/aigc-video"]?.post?.requestBody?.content["application/json"]?.schema;
    const fields = fieldsOf(schema ?? {}).filter(([at]) => at === place);
    expect(fields.length).toBeGreaterThan(0);
    for (const [, field] of fields) expect(field).toMatchObject(words);
  });

  it("have every member of the vendor's requests, in both dialects that have its names", ({ expect }) => {
    const tencent = placesOf("/");
    const added = [...vendorPlaces(), ...ADDED_WHEN_SENT];
    expect(added.filter((place) => !tencent.has(place))).toEqual([]);
    for (const path of ["/tencent-vod/v1/aigc-video", "/tencent-vod/v1/aigc-image"]) {
      const known = placesOf(path);
      // The client cannot choose the gateway's application.
      const missing = added.map(inSnakeCase).filter((place) => !known.has(place));
      expect(missing).toEqual(["sub_app_id"]);
    }
  });
});

describe("examples", () => {
  const FAMILIES = (media: string) =>
    new Set(catalogueModels().flatMap((model) => (model.media === media ? [model.name.toLowerCase()] : [])));

  const familyIn = ({ value: { ModelName, model_name: name = ModelName, model = name } }: Example) =>
    typeof model === "string" ? model.toLowerCase().split("-", 1)[0] : undefined;

  const examplesOf = (path: string) =>
    Object.values(description.paths[path]?.post?.requestBody?.content["application/json"]?.examples ?? {});

  it("are with every body", ({ expect }) => {
    for (const { path, type, examples } of bodies()) {
      expect(Object.keys(examples ?? {}).length, `${path} ${type}`).toBeGreaterThan(0);
    }
  });

  it.for([
    ["/tencent-vod/v1/aigc-video", "video"],
    ["/tencent-vod/v1/aigc-image", "image"],
    ["/v1/video/generations", "video"],
  ] as const)("of POST %s show each family, and are taken without a doubt", async ([path, media], { expect }) => {
    const examples = examplesOf(path);
    expect(new Set(examples.map(familyIn))).toEqual(FAMILIES(media));
    for (const { summary, value } of examples) {
      const response = await gateway.post(`${path}?dry_run=1`, value);
      const answer = await response.json<Json>();
      expect([response.status, answer["warnings"]], `${summary}: ${JSON.stringify(answer)}`).toEqual([200, []]);
    }
  });

  it("of POST /v1/videos are taken without a doubt", async ({ expect }) => {
    expect(examplesOf("/v1/videos").length).toBeGreaterThan(3);
    for (const { summary, value } of examplesOf("/v1/videos")) {
      const response = await gateway.post("/v1/videos?dry_run=1", value);
      const answer = await response.json<Json>();
      expect([response.status, answer["warnings"]], `${summary}: ${JSON.stringify(answer)}`).toEqual([200, []]);
    }
  });

  it("of POST / show each family, and are taken without a doubt", async ({ expect }) => {
    const examples = examplesOf("/").filter(({ value }) => "ModelName" in value);
    expect(new Set(examples.map(familyIn))).toEqual(new Set([...FAMILIES("video"), ...FAMILIES("image")]));
    for (const { summary, value } of examples) {
      const action =
        "OutputConfig" in value && "Duration" in (value["OutputConfig"] as Json) ? ["Video"] : ["Video", "Image"];
      const answers = await Promise.all(
        action.map((media) => call(gateway, `CreateAigc${media}Task`, value, { query: "dry_run=1" })),
      );
      expect(
        answers.some(({ warnings }) => Array.isArray(warnings) && warnings.length === 0),
        summary,
      ).toBe(true);
    }
  });
});

describe("what goes with a submission", () => {
  it("is said of each", ({ expect }) => {
    for (const { path } of bodies().filter((body) => !["/", "/v1/admin/restore"].includes(body.path))) {
      const names = description.paths[path]?.post?.parameters?.map(({ name }) => name);
      expect(names, path).toEqual(
        expect.arrayContaining(["Idempotency-Key", "x-fal-request-timeout", "fal_max_queue_length", "dry_run"]),
      );
    }
  });
});

describe("errors", () => {
  it("are all there, with their statuses", ({ expect }) => {
    const operations = Object.values(description.paths).flatMap((one) => Object.values(one));
    for (const code of API_ERROR_CODES) {
      const told = operations.some(({ responses }) => responses[statusOf(code)]?.description.includes(`\`${code}\``));
      expect(told || description.info.description.includes(`${statusOf(code)} \`${code}\``), code).toBe(true);
    }
  });

  it("are with every operation, in its dialect's form", ({ expect }) => {
    for (const [path, operations] of Object.entries(description.paths)) {
      if (path === "/") continue;
      for (const [method, { responses }] of Object.entries(operations)) {
        expect(Object.keys(responses), `${method} ${path}`).toEqual(
          expect.arrayContaining(["401", "403", "429", "500", "503"]),
        );
        const form = responses["401"]?.content?.["application/json"]?.schema.$ref?.split("/").at(-1) ?? "";
        expect(Object.keys(description.components.schemas)).toContain(form);
        expect(
          form.startsWith(path.startsWith("/tencent") ? "Aigc" : path.startsWith("/v1/videos") ? "OpenAi" : "Gen"),
        ).toBe(true);
      }
    }
  });

  it("of POST / are the vendor's codes", ({ expect }) => {
    const says = description.paths["/"]?.post?.responses["200"]?.description ?? "";
    for (const code of [
      "MissingParameter",
      "UnauthorizedOperation",
      "RequestLimitExceeded",
      "InvalidParameterValue.SessionId",
    ])
      expect(says).toContain(code);
  });
});
