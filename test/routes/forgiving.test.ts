/* What the seeds' tools and clients send without thinking of it is taken for what they mean. */
import { beforeEach, describe, it } from "vitest";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import fromText from "../fixtures/seeds/vidu-text.json";
import { call, PAIR, signedRequest, startTencentGateway } from "./support/tencent-api.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const CAR = { model_name: "Kling", model_version: "2.1", prompt: "a car" };
const SUBMISSIONS: [path: string, body: Json][] = [
  [VIDEO, CAR],
  ["/v1/video/generations", fromText],
  ["/v1/videos", { prompt: "a car" }],
];

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));

describe.for(SUBMISSIONS)("POST %s", ([path, body]) => {
  it("takes JSON without a Content-Type", async ({ expect }) => {
    const response = await gateway.request(path, { method: "POST", body: bytes(body) });
    expect(response.status).toBe(200);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("holds it to what any JSON is held to", async ({ expect }) => {
    const deep = `{"prompt":${"[".repeat(40)}${"]".repeat(40)}}`;
    for (const wrong of [new TextEncoder().encode(deep), new Uint8Array([0x7b, 0xff]), bytes({ prompt: "a\0" })]) {
      const response = await gateway.request(path, { method: "POST", body: wrong });
      expect([400, 422]).toContain(response.status);
    }
    expect(await emulator.calls()).toEqual({});
  });

  it("refuses a type that is another one", async ({ expect }) => {
    const headers = { "content-type": "text/plain" };
    expect((await gateway.request(path, { method: "POST", body: bytes(body), headers })).status).toBe(415);
    expect(await emulator.calls()).toEqual({});
  });

  it("takes a key that stands alone in Authorization", async ({ expect }) => {
    const headers = { authorization: "sk-test", "content-type": "application/json" };
    const send = (authorization: string) =>
      gateway.request(path, { method: "POST", key: null, body: bytes(body), headers: { ...headers, authorization } });
    expect((await send("sk-nobody")).status).toBe(401);
    expect((await send(PAIR.secretKey)).status).toBe(401);
    expect((await send("sk-test")).status).toBe(200);
  });

  it("says of fal_webhook that nobody will be called", async ({ expect }) => {
    const response = await gateway.post(`${path}?fal_webhook=https%3A%2F%2Fexample.com%2Fhook`, body);
    expect(response.status).toBe(200);
    const told = JSON.parse(response.headers.get("x-reelgate-warnings") ?? "[]") as Json[];
    expect(told[0]).toMatchObject({
      loc: ["query", "fal_webhook"],
      type: "ignored",
      msg: expect.stringMatching(/no webhooks yet/) as string,
    });
    if (path === VIDEO) expect(await response.json()).toMatchObject({ warnings: [{ loc: ["query", "fal_webhook"] }] });
  });
});

it("fal_webhook is no doubt: strict takes it too", async ({ expect }) => {
  gateway = await startTencentGateway({ MODEL_POLICY: "strict" });
  expect((await gateway.post(`${VIDEO}?fal_webhook=https://example.com/`, CAR)).status).toBe(200);
});

describe("a version as a number", () => {
  it.for<[string, number, string]>([
    ["Kling", 2.1, "2.1"],
    ["Kling", 2, "2.0"],
    ["Hailuo", 2, "02"],
    ["Hailuo", 2.3, "2.3"],
    ["Mingmou", 1, "1.0"],
    ["Next", 7, "7"],
  ])("%s %d is %s", async ([name, number, version], { expect }) => {
    const aigc = await gateway.post(VIDEO, { ...CAR, model_name: name, model_version: number });
    expect(aigc.status).toBe(200);
    const request = { ModelName: name, ModelVersion: number, Prompt: "a car" };
    expect(await call(gateway, "CreateAigcVideoTask", request)).toHaveProperty("TaskId");
    const got = (await emulator.tasks()).map(({ request: { ModelVersion } }) => ModelVersion);
    expect(got).toEqual([version, version]);
  });

  it("is none as anything else", async ({ expect }) => {
    for (const model_version of [true, [2.1], { a: 1 }, null, ""])
      expect((await gateway.post(VIDEO, { ...CAR, model_version })).status).toBe(422);
  });
});

describe("the vendor's word on the gateway's account, at POST /", () => {
  it.for([
    ["FailedOperation.InvalidVodUser", "FailedOperation.InvalidVodUser"],
    ["UnauthorizedOperation", "UnauthorizedOperation"],
    ["UnauthorizedOperation.CamNoAuth", "UnauthorizedOperation.CamNoAuth"],
    ["AuthFailure.SecretIdNotFound", "InternalError"],
  ])("%s reads %s", async ([code, shown], { expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code });
    const request = { ModelName: "Kling", ModelVersion: "2.1", Prompt: "a car" };
    const answer = await call(gateway, "CreateAigcVideoTask", request);
    expect(answer.Error?.Code).toBe(shown);
    expect(answer.Error?.Message).not.toContain("A fault set by a control call");
  });

  it("a signed call without the type it was signed with is refused", async ({ expect }) => {
    const request = { ModelName: "Kling", ModelVersion: "2.1", Prompt: "a car" };
    const { path, headers } = await signedRequest("CreateAigcVideoTask", request, {
      contentType: "application/json; charset=utf-8",
    });
    const { "content-type": _type, ...rest } = headers;
    const init = { method: "POST", key: null, headers: rest, body: bytes(request) };
    expect(await (await gateway.request(path, init)).text()).toContain("AuthFailure");
  });
});
