/* What is refused, by us and by the vendor, in the words of each dialect; and that our own refusals cost nothing. */
import { beforeEach, describe, it } from "vitest";
import fromText from "../fixtures/seeds/vidu-text.json";
import { CALLBACK, CAR, emulator, type Gateway, type Json, startGateway } from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const IMAGE = "/tencent-vod/v1/aigc-image";
const REQUESTS = "/tencent-vod/v1/requests";
const GENERATIONS = "/v1/video/generations";
const NOBODYS_ID = "01a1fc4c-0000-7000-8000-000000000000";
const MEBIBYTE = 1024 * 1024;

const REQUIRED = "This field is required.";
const LONG = (max: number) => `Use at most ${max} characters.`;
const SWITCH = "Use one of: Enabled, Disabled.";
const PRIORITY = "Use -10 to 10.";

/** Each dialect's submission, and how it shows an error. */
const DIALECTS = [
  {
    path: VIDEO,
    body: CAR,
    render: (message: string, code: string) => ({ detail: message, message, code }),
  },
  {
    path: GENERATIONS,
    body: fromText,
    render: (message: string, code: string) => {
      const types: Json = {
        unauthorized: "authentication_error",
        forbidden: "authentication_error",
        unavailable: "server_error",
      };
      const type = types[code] ?? "invalid_request_error";
      return { error: { message, type, param: null, code }, code, message };
    },
  },
];

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

/** A model nobody has told us about, of which nothing is known to be impossible. */
const NEXT = { model_name: "Next" };
const config = (member: Json) => ({ output_config: member });

type Place = (string | number)[];

describe("a field of the AIGC dialect", () => {
  it.for<[string, Json, Place, string, string]>([
    ["model_name is missing", { model_name: undefined }, ["model_name"], REQUIRED, "missing"],
    ["model_name is null", { model_name: null }, ["model_name"], REQUIRED, "missing"],
    ["model_name is empty", { model_name: "" }, ["model_name"], REQUIRED, "too_small"],
    [
      "model_name is a number",
      { model_name: 5 },
      ["model_name"],
      "Invalid input: expected string, received number",
      "type_error",
    ],
    ["model_version is missing", { model_version: undefined }, ["model_version"], REQUIRED, "missing"],
    ["model_version is empty", { model_version: "" }, ["model_version"], REQUIRED, "too_small"],
    ["model_name has 65 characters", { model_name: "名".repeat(65) }, ["model_name"], LONG(64), "value_error"],
    ["model_version has 3 MB", { model_version: "v".repeat(3_000_000) }, ["model_version"], LONG(64), "value_error"],
    ["prompt is missing", { prompt: undefined }, ["prompt"], REQUIRED, "missing"],
    [
      "prompt is empty without anything in its place",
      { prompt: "", file_infos: [] },
      ["prompt"],
      "This field is required (it may be empty only with file_infos, subject_infos or scene_type).",
      "value_error",
    ],
    [
      "session_id has 51 characters",
      { session_id: "s".repeat(51) },
      ["session_id"],
      "Use at most 50 characters.",
      "value_error",
    ],
    [
      "session_id has 51 emoji",
      { session_id: "🎬".repeat(51) },
      ["session_id"],
      "Use at most 50 characters.",
      "value_error",
    ],
    [
      "session_context has 1001 characters",
      { session_context: "c".repeat(1001) },
      ["session_context"],
      "Use at most 1000 characters.",
      "value_error",
    ],
    [
      "media_name has 65 characters",
      config({ media_name: "名".repeat(65) }),
      ["output_config", "media_name"],
      "Use at most 64 characters.",
      "value_error",
    ],
    [
      "resolution has 33 characters",
      { ...NEXT, ...config({ resolution: "p".repeat(33) }) },
      ["output_config", "resolution"],
      LONG(32),
      "value_error",
    ],
    [
      "aspect_ratio has 1.5 MB",
      { ...NEXT, ...config({ aspect_ratio: "9".repeat(1_500_000) }) },
      ["output_config", "aspect_ratio"],
      LONG(32),
      "value_error",
    ],
    ["tasks_priority is 11", { tasks_priority: 11 }, ["tasks_priority"], PRIORITY, "too_big"],
    ["tasks_priority is -11", { tasks_priority: -11 }, ["tasks_priority"], PRIORITY, "too_small"],
    ['tasks_priority is "11"', { tasks_priority: "11" }, ["tasks_priority"], PRIORITY, "too_big"],
    ["tasks_priority is a word", { tasks_priority: "high" }, ["tasks_priority"], "Use a number.", "invalid_format"],
    ["tasks_priority is true", { tasks_priority: true }, ["tasks_priority"], "Use a number.", "type_error"],
    ["tasks_priority is 1.5", { tasks_priority: 1.5 }, ["tasks_priority"], "Use a whole number.", "type_error"],
    ["seed is 0.5", { seed: 0.5 }, ["seed"], "Use a whole number.", "type_error"],
    ["seed is hexadecimal", { seed: "0x10" }, ["seed"], "Use a number.", "invalid_format"],
    [
      "duration has a unit",
      config({ duration: "8s" }),
      ["output_config", "duration"],
      "Use a number.",
      "invalid_format",
    ],
    ["class_id is a list", config({ class_id: [1] }), ["output_config", "class_id"], "Use a number.", "type_error"],
    ["enhance_prompt is true", { enhance_prompt: true }, ["enhance_prompt"], SWITCH, "enum"],
    ["enhance_prompt is in lower case", { enhance_prompt: "enabled" }, ["enhance_prompt"], SWITCH, "enum"],
    [
      "storage_mode is another word",
      config({ storage_mode: "Forever" }),
      ["output_config", "storage_mode"],
      "Use one of: Permanent, Temporary.",
      "enum",
    ],
    [
      "person_generation is another word",
      config({ person_generation: "AllowAll" }),
      ["output_config", "person_generation"],
      "Use one of: AllowAdult, Disallowed.",
      "enum",
    ],
    ...[
      "audio_generation",
      "input_compliance_check",
      "output_compliance_check",
      "enhance_switch",
      "off_peak",
      "frame_interpolate",
      "logo_add",
      "enable_bgm",
    ].map((name): [string, Json, Place, string, string] => [
      `${name} is another word`,
      config({ [name]: "On" }),
      ["output_config", name],
      SWITCH,
      "enum",
    ]),
    [
      "keep_original_sound of a file is another word",
      { file_infos: [{ type: "Url" }, { keep_original_sound: "yes" }] },
      ["file_infos", 1, "keep_original_sound"],
      SWITCH,
      "enum",
    ],
    [
      "a file's type is a number",
      { file_infos: [{ type: 1 }] },
      ["file_infos", 0, "type"],
      "Invalid input: expected string, received number",
      "type_error",
    ],
    [
      "a subject's images are no list",
      { subject_infos: [{ image_urls: "u" }] },
      ["subject_infos", 0, "image_urls"],
      "Invalid input: expected array, received string",
      "type_error",
    ],
    [
      "ext_info is a number",
      { ext_info: 1 },
      ["ext_info"],
      "Use a JSON object, or a string that holds one.",
      "type_error",
    ],
    ["sub_app_id is given", { sub_app_id: 1 }, ["sub_app_id"], "The gateway sets this itself.", "value_error"],
    ["a name is in PascalCase", { SubAppId: 1 }, ["SubAppId"], "Write field names in snake_case.", "value_error"],
    ["a name is in camelCase", { subAppId: 1 }, ["subAppId"], "Write field names in snake_case.", "value_error"],
    [
      "a name in a file is in PascalCase",
      { file_infos: [{ FileId: "1" }] },
      ["file_infos", 0, "FileId"],
      "Write field names in snake_case.",
      "value_error",
    ],
    [
      "a name in output_config is in PascalCase",
      config({ Duration: 5 }),
      ["output_config", "Duration"],
      "Write field names in snake_case.",
      "value_error",
    ],
    // Two spellings that come to one name at the vendor: the second would silently win over the checked one.
    ...["sub_app_id_", "sub__app_id", "tasks_priority_", "prompt__"].map(
      (name): [string, Json, Place, string, string] => [
        `a name is written ${name}`,
        { [name]: 999 },
        [name],
        "Write field names in snake_case.",
        "value_error",
      ],
    ),
  ])("is refused when %s, and nobody is called", async ([, changes, place, msg, type], { expect }) => {
    for (const path of [VIDEO, IMAGE]) {
      const response = await gateway.post(path, { ...CAR, ...changes });
      expect(response.status).toBe(422);
      expect(await response.json()).toEqual({
        detail: [{ loc: ["body", ...place], msg, type }],
        message: `${place.join(".")}: ${msg}`,
        code: "validation_error",
      });
    }
    expect(await emulator.calls()).toEqual({});
  });

  it("__proto__ is no field: it is left out, and changes nothing", async ({ expect }) => {
    const text = `${JSON.stringify(CAR).slice(0, -1)},"__proto__":{"negative_prompt":"x"}}`;
    expect((await gateway.post(VIDEO, text)).status).toBe(200);
    const [task] = await emulator.tasks();
    expect(Object.keys(task?.request ?? {}).toSorted()).toEqual([
      "ModelName",
      "ModelVersion",
      "Prompt",
      "SessionContext",
      "SessionId",
      "SubAppId",
    ]);
  });

  it.for<[string, Json]>([
    ["a session_id of 50 characters", { session_id: "s".repeat(50) }],
    ["a session_id of 50 emoji", { session_id: "🎬".repeat(50) }],
    ["a session_context of 1000 characters", { session_context: "c".repeat(1000) }],
    ["a session_context of 1000 emoji", { session_context: "🎬".repeat(1000) }],
    ["a media_name of 64 characters", config({ media_name: "名".repeat(64) })],
    ["a model of 64 emoji", { model_name: "🎬".repeat(64), model_version: "🎬".repeat(64) }],
    [
      "a resolution and a ratio of 32 characters",
      { ...NEXT, ...config({ resolution: "p".repeat(32), aspect_ratio: "🎬".repeat(32) }) },
    ],
    ["priority 10", { tasks_priority: 10 }],
    ["priority -10", { tasks_priority: "-10" }],
  ])("is accepted at its limit: %s", async ([, changes], { expect }) => {
    expect((await gateway.post(VIDEO, { ...CAR, ...changes })).status).toBe(200);
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { OK: 1 } });
  });

  it("every problem is named, the first in the message", async ({ expect }) => {
    const response = await gateway.post(VIDEO, { session_id: "s".repeat(51), output_config: { logo_add: "?" } });
    const body = await response.json<{ detail: { loc: unknown }[]; message: string }>();
    const places = body.detail.map(({ loc }) => loc);
    expect(places).toHaveLength(5);
    expect(places).toEqual(
      expect.arrayContaining([
        ["body", "model_name"],
        ["body", "model_version"],
        ["body", "prompt"],
        ["body", "session_id"],
        ["body", "output_config", "logo_add"],
      ]),
    );
    expect(body.message).toMatch(/ \(and 4 more\)$/);
  });

  it.for([
    ["a list", "[]", "Invalid input: expected object, received array", "type_error"],
    ["a string", '"x"', "Invalid input: expected object, received string", "type_error"],
    ["null", "null", REQUIRED, "missing"],
  ] as const)("cannot be looked for in %s", async ([, text, msg, type], { expect }) => {
    const response = await gateway.post(VIDEO, text);
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      detail: [{ loc: ["body"], msg, type }],
      message: `body: ${msg}`,
      code: "validation_error",
    });
  });
});

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const bodyWith = (body: object, levels: number) => `${JSON.stringify(body).slice(0, -1)},"x":${nested(levels)}}`;

describe("nesting", () => {
  it.for([32, 1_000, 100_000])("of a body with %d levels below it is refused", async (levels, { expect }) => {
    const response = await gateway.post(VIDEO, bodyWith(CAR, levels));
    expect(response.status).toBe(422);
    const msg = "Nest at most 32 levels.";
    expect(await response.json()).toEqual({
      detail: [{ loc: ["body"], msg, type: "value_error" }],
      message: `body: ${msg}`,
      code: "validation_error",
    });
    const generation = await gateway.post(GENERATIONS, bodyWith(fromText, levels));
    expect(generation.status).toBe(400);
    expect(await generation.json()).toMatchObject({ code: "validation_error", error: { param: null } });
    expect(await emulator.calls()).toEqual({});
  });

  it("of a body with 31 levels below it reaches the vendor", async ({ expect }) => {
    const response = await gateway.post(VIDEO, bodyWith(CAR, 31));
    expect(await response.json()).toMatchObject({ code: "UnknownParameter" });
  });
});

describe("a request that is refused before its fields are looked at", () => {
  it.for(DIALECTS)("is unauthorized without a key: POST $path", async ({ path, body, render }, { expect }) => {
    const missing = await gateway.post(path, body, { key: null });
    expect(missing.status).toBe(401);
    expect(await missing.json()).toEqual(
      render('An API key is required: send the header "authorization: Bearer <key>" (or "Key <key>").', "unauthorized"),
    );
    const wrong = await gateway.post(path, body, { key: "sk-wrong" });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get("www-authenticate")).toBe("Bearer");
    expect(await wrong.json()).toEqual(render("This API key is unknown or revoked.", "unauthorized"));
    expect(await emulator.calls()).toEqual({});
  });

  it.for(DIALECTS)("is malformed when it is not JSON: POST $path", async ({ path, render }, { expect }) => {
    for (const text of ["{", "", "undefined", '{"prompt":"a",}', "model_name=Kling", "{'a':1}"]) {
      const response = await gateway.post(path, text);
      expect([text, response.status]).toEqual([text, 400]);
      expect(await response.json()).toEqual(render("The request body is not valid JSON.", "malformed_json"));
    }
    expect(await emulator.calls()).toEqual({});
  });

  it.for(DIALECTS)("has another content type: POST $path", async ({ path, body, render }, { expect }) => {
    for (const type of ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      const response = await gateway.post(path, body, { headers: { "content-type": type } });
      expect([type, response.status]).toEqual([type, 415]);
      expect(await response.json()).toEqual(
        render('Send JSON, with the header "content-type: application/json".', "unsupported_media_type"),
      );
    }
    expect(await emulator.calls()).toEqual({});
    const response = await gateway.post(path, body, { headers: { "content-type": "Application/JSON; charset=UTF-8" } });
    expect(response.status).toBe(200);
  });

  it.for(DIALECTS)("is too large: POST $path", async ({ path, body, render }, { expect }) => {
    const text = JSON.stringify({ ...body, prompt: "p".repeat(15 * MEBIBYTE) });
    const bytes = new TextEncoder().encode(text);
    const chunked = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += MEBIBYTE) controller.enqueue(bytes.subarray(at, at + MEBIBYTE));
        controller.close();
      },
    });
    const headers = { "content-type": "application/json" };
    for (const init of [
      { body: text, headers },
      { body: text, headers: { ...headers, "content-length": String(bytes.length) } },
      { body: chunked, headers },
    ]) {
      const response = await gateway.request(path, { method: "POST", ...init });
      expect(response.status).toBe(413);
      expect(await response.json()).toEqual(
        render("A request body has at most 14680064 bytes (14 MB).", "payload_too_large"),
      );
    }
    expect(await emulator.calls()).toEqual({});
  });

  it("a file of 5 MB in the body is not too large", async ({ expect }) => {
    const file_infos = [{ type: "Base64", category: "Image", base64: "A".repeat(5 * MEBIBYTE) }];
    expect((await gateway.post(VIDEO, { ...CAR, file_infos })).status).toBe(200);
    const [task] = await emulator.tasks();
    const length = `(${5 * MEBIBYTE} characters)`;
    expect(task?.request).toMatchObject({ FileInfos: [{ Type: "Base64", Base64: length }] });
  });

  it.for([
    ["GET", "/nowhere", "detail"],
    ["POST", "/tencent-vod/v1/aigc-audio", "detail"],
    ["GET", "/tencent-vod/v2/requests", "detail"],
    ["POST", "/v1/video", "error"],
    ["GET", "/v1/", "error"],
  ] as const)("is for a path that is not there: %s %s", async ([method, path, member], { expect }) => {
    const response = await gateway.request(path, { method });
    expect(response.status).toBe(404);
    const message = `There is nothing at ${method} ${path}.`;
    const error = { message, type: "invalid_request_error", param: null, code: "not_found" };
    expect(await response.json()).toEqual({
      ...(member === "detail" ? { detail: message } : { error }),
      message,
      code: "not_found",
    });
  });

  it.for([
    ["PUT", VIDEO, "POST", "detail"],
    ["GET", IMAGE, "POST", "detail"],
    ["POST", REQUESTS, "GET, HEAD", "detail"],
    ["DELETE", `${REQUESTS}/abc/status`, "GET, HEAD", "detail"],
    ["POST", "/healthz", "GET, HEAD", "detail"],
    ["GET", "/", "POST", "detail"],
    ["GET", CALLBACK, "POST", "detail"],
    ["GET", GENERATIONS, "POST", "error"],
    ["PATCH", `${GENERATIONS}/abc`, "GET, HEAD", "error"],
  ] as const)("uses another method: %s %s", async ([method, path, allow, member], { expect }) => {
    const response = await gateway.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(allow);
    const message = `${path} takes ${allow}, not ${method}.`;
    const error = { message, type: "invalid_request_error", param: null, code: "method_not_allowed" };
    expect(await response.json()).toEqual({
      ...(member === "detail" ? { detail: message } : { error }),
      message,
      code: "method_not_allowed",
    });
    expect(await emulator.calls()).toEqual({});
  });

  it("has an Idempotency-Key that is empty or longer than 255 characters", async ({ expect }) => {
    for (const [key, length] of [
      ["k".repeat(256), 256],
      ['""', 0],
    ] as const) {
      const headers = { "idempotency-key": key };
      const msg = `An Idempotency-Key has 1 to 255 characters; this one has ${length}.`;
      const aigc = await gateway.post(VIDEO, CAR, { headers });
      expect(aigc.status).toBe(422);
      expect(await aigc.json()).toEqual({
        detail: [{ loc: ["header", "Idempotency-Key"], msg, type: "value_error" }],
        message: `Idempotency-Key: ${msg}`,
        code: "validation_error",
      });
      const generation = await gateway.post(GENERATIONS, fromText, { headers });
      expect(generation.status).toBe(400);
      expect(await generation.json()).toMatchObject({ error: { param: "Idempotency-Key", code: "validation_error" } });
    }
    expect(await emulator.calls()).toEqual({});
    const longest = await gateway.post(VIDEO, CAR, { headers: { "idempotency-key": "k".repeat(255) } });
    expect(longest.status).toBe(200);
  });

  it.for([
    "status=DONE",
    "limit=0",
    "limit=101",
    "limit=1.5",
    "limit=many",
    "cursor=abc",
    "created_from=yesterday",
    "created_to=2026-11-21",
  ])("asks for a list with %s", async (query, { expect }) => {
    const response = await gateway.get(`${REQUESTS}?${query}`);
    expect(response.status).toBe(422);
    const body = await response.json<{ detail: { loc: string[] }[]; code: string; message: string }>();
    const [name] = query.split("=");
    expect(body.code).toBe("validation_error");
    expect(body.detail.map(({ loc }) => loc)).toEqual([["query", name]]);
    expect(body.message.startsWith(`${name}: Use `)).toBe(true);
  });
});

const MESSAGE = "A fault set by a control call.";

const refuseNext = (code: string, times = 1) =>
  emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code, times });

describe("the vendor's refusal", () => {
  it.for([
    ["InvalidParameter", 422],
    ["InvalidParameterValue.FileId", 422],
    ["MissingParameter", 422],
    ["UnknownParameter", 422],
    ["ResourceNotFound", 422],
    ["RequestSizeLimitExceeded", 413],
    ["LimitExceeded.Quota", 402],
    ["ResourceInsufficient", 402],
    ["AuthFailure.SignatureFailure", 500],
    ["AuthFailure.SecretIdNotFound", 500],
    ["UnauthorizedOperation", 500],
    ["FailedOperation.InvalidVodUser", 500],
    ["InvalidParameterValue.SubAppId", 500],
  ] as const)("%s is HTTP %d, and the session_id is free again", async ([code, status], { expect }) => {
    const body = { ...CAR, session_id: "mine" };
    await refuseNext(code);
    const refused = await gateway.post(VIDEO, body);
    expect(refused.status).toBe(status);
    const answer = await refused.json<{ request_id: string }>();
    expect(answer).toEqual({ detail: MESSAGE, message: MESSAGE, code, request_id: answer.request_id });
    expect(answer.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(refused.headers.get("x-should-retry")).toBe("false");
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { [code]: 1 } });

    const read = await gateway.get(`${REQUESTS}/${answer.request_id}`);
    expect(read.status).toBeGreaterThanOrEqual(400);
    expect(await read.json()).toMatchObject({ code, message: MESSAGE });

    const again = await gateway.post(VIDEO, body);
    expect(again.status).toBe(200);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it.for([
    "InternalError",
    "ServiceUnavailable",
    "FailedOperation",
    "SomethingNewNextMonth",
    "InvalidParameterValue.SessionId",
    "FailedOperation.TaskDuplicate",
  ])("%s may hide a paid task: accepted, in progress, and the session_id is kept", async (code, { expect }) => {
    const body = { ...CAR, session_id: "mine" };
    await refuseNext(code);
    const accepted = await gateway.post(VIDEO, body);
    expect(accepted.status).toBe(200);
    const { request_id: id } = await accepted.json<{ request_id: string }>();
    const status = await gateway.get(`${REQUESTS}/${id}/status`);
    expect(status.status).toBe(202);
    expect(await status.json()).toMatchObject({ status: "IN_PROGRESS" });
    expect(await (await gateway.get(`${REQUESTS}?status=unknown`)).json()).toMatchObject({
      requests: [{ request_id: id }],
    });
    const again = await gateway.post(VIDEO, body);
    expect(again.status).toBe(409);
    expect(again.headers.get("x-should-retry")).toBe("false");
    expect(await again.json()).toMatchObject({ code: "duplicate_session_id", request_id: id });
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { [code]: 1 } });
  });

  it("of a signature that expired on the way is met with a new one; a second one is an error of ours", async ({
    expect,
  }) => {
    await refuseNext("AuthFailure.SignatureExpire");
    expect((await gateway.post(VIDEO, CAR)).status).toBe(200);
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { "AuthFailure.SignatureExpire": 1, OK: 1 } });
    await refuseNext("AuthFailure.SignatureExpire", 2);
    const refused = await gateway.post(VIDEO, CAR);
    expect(refused.status).toBe(500);
    expect(await refused.json()).toMatchObject({ code: "AuthFailure.SignatureExpire" });
  });

  it("of a member that does not exist there is the client's to read", async ({ expect }) => {
    const response = await gateway.post(VIDEO, { ...CAR, output_config: { frame_rate: 60 } });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "UnknownParameter",
      message: expect.stringContaining("FrameRate") as string,
    });
  });

  it.for([
    ["InvalidParameter", 422, "invalid_request_error"],
    ["LimitExceeded.Quota", 402, "invalid_request_error"],
    ["AuthFailure.SignatureFailure", 500, "server_error"],
  ] as const)("%s reads in the video generations dialect as HTTP %d", async ([code, status, type], { expect }) => {
    await refuseNext(code);
    const response = await gateway.post(GENERATIONS, fromText);
    expect(response.status).toBe(status);
    const body = await response.json<{ request_id: string }>();
    expect(body).toEqual({
      error: { message: MESSAGE, type, param: null, code },
      code,
      message: MESSAGE,
      request_id: body.request_id,
    });
    const job = await (await gateway.get(`${GENERATIONS}/${body.request_id}`)).json();
    expect(job).toMatchObject({ status: "failed", error: { code, message: MESSAGE } });
  });

  it("with wrong credentials is an error of the operator's, without the credentials", async ({ expect }) => {
    gateway = await startGateway({ env: { VOD_SECRET_KEY: "not-the-key" } });
    const response = await gateway.post(VIDEO, CAR);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ code: "AuthFailure.SignatureFailure" });
    expect(text).not.toMatch(/not-the-key|AKIDlocal/);
  });
});

describe("a failure of the gateway itself", () => {
  it.for(DIALECTS)("says so, without its inside: POST $path", async ({ path, body }, { expect }) => {
    gateway = await startGateway({
      deps: {
        random: () => {
          throw new Error("entropy-pool-37 is dry");
        },
      },
    });
    const response = await gateway.post(path, body);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      message: "The gateway failed. Nothing in the request is at fault.",
      code: "internal_error",
    });
    expect(text).not.toContain("entropy");
    expect(await emulator.calls()).toEqual({});
  });
});

describe("while the dispatcher cannot be reached", () => {
  /** Bindings whose object fails each call with `cause`, and how often it was told of a task. */
  function away(cause: Error) {
    const told = { times: 0 };
    const reject = () => Promise.reject(cause);
    const submit = () => {
      told.times += 1;
      return reject();
    };
    const object = { submit, observe: reject, read: reject, list: reject, cancel: reject, rememberKey: reject };
    const DISPATCHER = { getByName: () => object } as unknown as Env["DISPATCHER"];
    return { told, bindings: { DISPATCHER } };
  }
  const overloaded = Object.assign(new Error("Durable Object is overloaded."), { overloaded: true });

  it.for(DIALECTS)("a task is a 503 with its id, for whoever tries again: POST $path", async (dialect, { expect }) => {
    const { path, body, render } = dialect;
    for (const [error, seconds, times] of [
      [new Error("Network connection lost."), "2", 4],
      [overloaded, "10", 1],
    ] as const) {
      const { told, bindings } = away(error);
      gateway = await startGateway({ env: bindings });
      const response = await gateway.post(path, body);
      expect([response.status, response.headers.get("retry-after"), told.times]).toEqual([503, seconds, times]);
      const answer = await response.json<{ request_id: string; message: string }>();
      const { request_id: id, message } = answer;
      expect(message).toContain(`may have taken the task all the same, as ${id}; try again.`);
      expect(answer).toEqual({ ...render(message, "unavailable"), request_id: id });
    }
    expect(await emulator.calls()).toEqual({});
  });

  it("nobody says that a task is not there", async ({ expect }) => {
    gateway = await startGateway({ env: away(new Error("Network connection lost.")).bindings });
    for (const [method, path] of [
      ["GET", `${REQUESTS}/${NOBODYS_ID}`],
      ["GET", `${REQUESTS}/${NOBODYS_ID}/status`],
      ["GET", `${GENERATIONS}/${NOBODYS_ID}`],
      ["GET", REQUESTS],
      ["PUT", `${REQUESTS}/${NOBODYS_ID}/cancel`],
    ] as const) {
      const response = await gateway.request(path, { method });
      expect([path, response.status, response.headers.get("retry-after")]).toEqual([path, 503, "2"]);
      expect(await response.json()).toMatchObject({ code: "unavailable" });
    }
  });
});

describe("while the record does not answer", () => {
  function recordAway(): Partial<Env> {
    const reject = () => Promise.reject(new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."));
    const statement = { bind: () => statement, first: reject, all: reject, run: reject };
    return { DB: { prepare: () => statement, batch: reject } as unknown as D1Database };
  }

  it.for(DIALECTS)("a task is taken, and sent once: POST $path", async ({ path, body }, { expect }) => {
    // The key was good a moment ago.
    await gateway.get(REQUESTS);
    await gateway.settleDeferred();
    gateway = await startGateway({ env: recordAway() });
    const accepted = await gateway.post(path, body);
    expect(accepted.status).toBe(200);
    const { task_id: id } = await accepted.json<{ task_id: string }>();
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { OK: 1 } });
    expect((await gateway.get(`${REQUESTS}/${id}/status`)).status).toBe(202);
  });

  it("nobody says that a task is not there, nor who somebody new is", async ({ expect }) => {
    await gateway.get(REQUESTS);
    await gateway.settleDeferred();
    gateway = await startGateway({ env: recordAway() });
    for (const [path, key] of [
      [`${REQUESTS}/${NOBODYS_ID}`, "sk-test"],
      [`${REQUESTS}/${NOBODYS_ID}/status`, "sk-test"],
      [`${GENERATIONS}/${NOBODYS_ID}`, "sk-test"],
      [REQUESTS, "sk-test"],
      [REQUESTS, "sk-never-seen"],
    ] as const) {
      const response = await gateway.get(path, { key });
      expect([path, response.status, response.headers.get("retry-after")]).toEqual([path, 503, "2"]);
      expect(await response.json()).toMatchObject({ code: "unavailable" });
    }
  });
});
