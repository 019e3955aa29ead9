/* Bodies, good and bad, and every error in the vendor's words. */
import { beforeEach, describe, it } from "vitest";
import { ApiError, type ApiErrorCode } from "../../src/http/api-error.ts";
import { MAX_BODY_BYTES } from "../../src/http/body-size.ts";
import { parseCreate } from "../../src/routes/tencent-api/schema.ts";
import { translate } from "../../src/routes/tencent-api/translate.ts";
import { StoreUnavailableError } from "../../src/store/index.ts";
import { DispatcherUnavailableError } from "../../src/tasks/contract.ts";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import { call, codeOf, send, signedRequest, startTencentGateway, SUB_APP_ID, VIDEO } from "./support/tencent-api.ts";

const CREATE = "CreateAigcVideoTask";
const LONG = "InvalidParameterValue";
const { SubAppId: _, ...REQUEST } = VIDEO;
const output = (members: Json) => ({ ...VIDEO, ModelName: "Next", OutputConfig: members });

const SEED_004 = {
  SubAppId: SUB_APP_ID,
  ModelName: "GV",
  ModelVersion: "3.1-fast",
  FileInfos: [{ FileId: "3704211***509819" }],
  LastFrameFileId: "3704211***509911",
  Prompt: "generate a car",
  NegativePrompt: "red",
  EnhancePrompt: "Enabled",
  OutputConfig: {
    StorageMode: "Temporary",
    AspectRatio: "9:16",
    AudioGeneration: "Enabled",
    PersonGeneration: "AllowAdult",
    InputComplianceCheck: "Enabled",
    OutputComplianceCheck: "Enabled",
  },
  SessionId: "mysession2",
  SessionContext: "mysessionContext",
  TasksPriority: "10",
  ExtInfo: "myextinfo",
};

describe("a body's translation", () => {
  const translated = (json: Json) => translate(CREATE, parseCreate(json, SUB_APP_ID));

  it("of the vendor's own example", ({ expect }) => {
    const { SubAppId: _app, SessionId: _id, SessionContext: _context, ...request } = SEED_004;
    expect(translated(SEED_004)).toMatchObject({
      action: CREATE,
      request: { ...request, TasksPriority: 10 },
      sessionId: "mysession2",
      sessionContext: "mysessionContext",
    });
  });

  it.for<[string, Json, Json]>([
    ["without SubAppId", REQUEST, REQUEST],
    ["with SubAppId as text", { ...REQUEST, SubAppId: String(SUB_APP_ID) }, REQUEST],
    ["with members nobody knows yet", { ...VIDEO, NewXYZ: { a_b: 1 } }, { ...REQUEST, NewXYZ: { a_b: 1 } }],
    [
      "with null and empty text",
      { ...VIDEO, SceneType: "", Seed: null, OutputConfig: { Resolution: "" } },
      { ...REQUEST, OutputConfig: {} },
    ],
    [
      "with numbers as text",
      { ...VIDEO, Seed: "5", OutputConfig: { Duration: "5", ClassId: "2", OutputImageCount: "3" } },
      { ...REQUEST, Seed: 5, OutputConfig: { Duration: 5, ClassId: 2, OutputImageCount: 3 } },
    ],
    [
      "without a prompt, but with a file",
      { ...VIDEO, Prompt: "", FileInfos: [{ Url: "https://a.test/1.png" }] },
      { ModelName: "Kling", ModelVersion: "2.1", FileInfos: [{ Url: "https://a.test/1.png" }] },
    ],
  ])("%s", ([, json, request], { expect }) => {
    const draft = translated(json);
    expect(draft.request).toEqual(request);
    expect(draft.sessionId).toBeUndefined();
  });

  it("says where a finding is in the client's own names", ({ expect }) => {
    expect(translated(VIDEO).locate(["FileInfos", 2, "Usage"])).toEqual(["body", "FileInfos", 2, "Usage"]);
  });
});

describe("a body is refused", () => {
  let gateway: Gateway;

  beforeEach(async () => {
    await emulator.reset();
    gateway = await startTencentGateway();
  });

  const without = (name: string) => ({ ...VIDEO, [name]: undefined });

  it.for<[string, unknown, string, RegExp]>([
    ["no ModelName", without("ModelName"), "MissingParameter", /^ModelName: This field is required/],
    ["an empty ModelVersion", { ...VIDEO, ModelVersion: "" }, "MissingParameter", /^ModelVersion: /],
    ["no prompt", without("Prompt"), "MissingParameter", /^Prompt: .* only with FileInfos/],
    ["a number for a text", { ...VIDEO, Prompt: 7 }, "InvalidParameter", /^Prompt: /],
    ["one file for many", { ...VIDEO, FileInfos: { Url: "u" } }, "InvalidParameter", /^FileInfos: /],
    ["a file that is a text", { ...VIDEO, FileInfos: ["u"] }, "InvalidParameter", /^FileInfos\.0: /],
    ["another switch", { ...VIDEO, EnhancePrompt: "On" }, "InvalidParameterValue", /^EnhancePrompt: /],
    [
      "a nested one",
      { ...VIDEO, OutputConfig: { StorageMode: "x" } },
      "InvalidParameterValue",
      /^OutputConfig.StorageMode: /,
    ],
    ["a model of 65 characters", { ...VIDEO, ModelName: "m".repeat(65) }, LONG, /^ModelName: Use at most 64 /],
    ["a version of 3 MB", { ...VIDEO, ModelVersion: "v".repeat(3_000_000) }, LONG, /^ModelVersion: Use at most 64 /],
    ["a resolution of 33", output({ Resolution: "p".repeat(33) }), LONG, /^OutputConfig\.Resolution: Use at most 32 /],
    ["a ratio of 1.5 MB", output({ AspectRatio: "9".repeat(1_500_000) }), LONG, /^OutputConfig\.AspectRatio: .* 32 /],
    ["a priority of 11", { ...VIDEO, TasksPriority: 11 }, "InvalidParameterValue", /^TasksPriority: Use -10 to 10/],
    [
      "the missing before the wrong",
      { ...without("ModelName"), EnhancePrompt: "On", Seed: {} },
      "MissingParameter",
      /^ModelName.* \(and 2 more\)/,
    ],
    ["another SubAppId", { ...VIDEO, SubAppId: 1 }, "InvalidParameterValue.SubAppId", /serves another one/],
    [
      "a long SessionId",
      { ...VIDEO, SessionId: "s".repeat(51) },
      "InvalidParameterValue.SessionIdTooLong",
      /at most 50/,
    ],
    [
      "a long SessionContext",
      { ...VIDEO, SessionContext: "🎬".repeat(1001) },
      "InvalidParameterValue.SessionContextTooLong",
      /at most 1000/,
    ],
    ["another spelling", { ...VIDEO, sessionId: "s" }, "UnknownParameter", /^sessionId: Write SessionId/],
    ["snake case", { ...VIDEO, start_timeout: 1 }, "UnknownParameter", /start_timeout/],
    ["a list", [], "InvalidParameter", /not a JSON object/],
    ["a text", "x", "InvalidParameter", /not a JSON object/],
    ["half a character", { ...VIDEO, Prompt: "\ud800" }, "InvalidParameterValue", /^Prompt: /],
  ])("with %s", async ([, json, code, message], { expect }) => {
    const { Error: error } = await call(gateway, CREATE, json);
    expect(error?.Code).toBe(code);
    expect(error?.Message).toMatch(message);
    expect(await emulator.calls()).toEqual({});
  });

  it("not for texts at their limit", async ({ expect }) => {
    const [name, format] = ["🎬".repeat(64), "🎬".repeat(32)];
    const json = { ...output({ Resolution: format, AspectRatio: format }), ModelName: name, ModelVersion: name };
    expect(codeOf(await call(gateway, CREATE, json))).toBe("OK");
  });

  it.for([
    ["malformed", "{", "application/json", "InvalidParameter"],
    ["empty", "", "application/json", "InvalidParameter"],
    ["a form", "ModelName=Kling", "application/x-www-form-urlencoded", "InvalidParameter"],
    [
      "too large",
      `${JSON.stringify(VIDEO)}${" ".repeat(MAX_BODY_BYTES)}`,
      "application/json",
      "RequestSizeLimitExceeded",
    ],
  ] as const)("that is %s", async ([, body, contentType, code], { expect }) => {
    expect(codeOf(await call(gateway, CREATE, undefined, { body, contentType }))).toBe(code);
  });

  it("by the catalogue under MODEL_POLICY=strict, before anything is paid", async ({ expect }) => {
    gateway = await startTencentGateway({ MODEL_POLICY: "strict" });
    const json = {
      SubAppId: SUB_APP_ID,
      ModelName: "Hailuo",
      ModelVersion: "02",
      Prompt: "a",
      OutputConfig: { Duration: 60 },
    };
    const { Error: error } = await call(gateway, CREATE, json);
    expect(error?.Code).toBe("InvalidParameterValue");
    expect(error?.Message).toMatch(/^OutputConfig\.Duration: .* The nearest possible value: 10\.$/);
    expect(await emulator.calls()).toEqual({});
  });

  it("of a stranger unread", async ({ expect }) => {
    const pair = { secretId: "AKIDstranger", secretKey: "x" };
    const request = await signedRequest(CREATE, VIDEO, { pair });
    const body = "[".repeat(MAX_BODY_BYTES + 1);
    expect(codeOf(await send(gateway, { ...request, body }))).toBe("AuthFailure.SecretIdNotFound");
  });

  it("a TaskId must be a text", async ({ expect }) => {
    for (const [json, code] of [
      [{}, "MissingParameter"],
      [{ TaskId: "" }, "MissingParameter"],
      [{ TaskId: 7 }, "InvalidParameter"],
      [{ TaskId: "x", SubAppId: 7 }, "InvalidParameterValue.SubAppId"],
      [{ TaskID: "x" }, "UnknownParameter"],
    ] as const)
      expect(codeOf(await call(gateway, "DescribeTaskDetail", json))).toBe(code);
  });

  it.for<[ApiError | Error, string]>([
    ...Object.entries({
      queue_full: "RequestLimitExceeded",
      too_many_requests: "RequestLimitExceeded",
      too_many_waiting: "RequestLimitExceeded",
      daily_limit: "RequestLimitExceeded",
      unavailable: "InternalError",
      internal_error: "InternalError",
      forbidden: "UnauthorizedOperation",
    }).map(([code, theirs]): [ApiError, string] => [new ApiError(code as ApiErrorCode, "m"), theirs]),
    [new StoreUnavailableError("gone"), "InternalError"],
    [new DispatcherUnavailableError("gone"), "InternalError"],
    [new Error("broken"), "InternalError"],
    [new ApiError({ vendor: "LimitExceeded.Quota", status: 402 }, "m"), "LimitExceeded.Quota"],
    // The vendor's word about the gateway's own credentials is not about the client's.
    [new ApiError({ vendor: "AuthFailure.SignatureFailure", status: 500 }, "m"), "InternalError"],
  ])("an error of the gateway, %s, is %s", async ([error, code], { expect }) => {
    gateway.services.store.record.find = () => Promise.reject(error);
    const id = "01a1fc4c-0000-7000-8000-000000000000";
    expect(codeOf(await call(gateway, "DescribeTaskDetail", { TaskId: id }))).toBe(code);
  });
});
