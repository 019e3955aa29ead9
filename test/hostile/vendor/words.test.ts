/*
 * What the vendor says of the operator's account (its SecretId, its SubAppId, its quota, what it may) is not a tenant's to
 * read: in no dialect, not of a refusal and not of a failed task, not in a list and not in a stream. A tenant gets a
 * reference; the operator finds the vendor's words by it.
 */
import { beforeEach, describe, it, vi } from "vitest";
import { notifyUntilDone } from "../../support/client.ts";
import { addKey, CAR, emulator, type Gateway, type Json, recordHasAll } from "../../support/gateway.ts";
import fromText from "../../fixtures/seeds/vidu-text.json";
import { addPair, call, PAIR, startTencentGateway, VIDEO as TENCENT } from "../../routes/support/tencent-api.ts";

const REQUESTS = "/tencent-vod/v1/requests";
const SUBMISSIONS: [path: string, body: Json][] = [
  ["/tencent-vod/v1/aigc-video", CAR],
  ["/v1/video/generations", fromText],
  ["/v1/videos", { model: "sora-2", prompt: "A paper boat" }],
];
/** The emulator's own refusal of a SecretId it does not know, an account's quota, and what hides behind a harmless code. */
const ACCOUNT = "SubAppId 251007502 of uin 100012345678 may not use this: AKIDlocal, daily quota 100 of 100 used.";
const SECRET = /SubApp|251007502|100012345678|AKID|SecretId|quota|AuthFailure|Unauthorized|InvalidVodUser/i;
const PLAIN = /concerns the gateway's own account there.*reference ([0-9a-f-]{36})/;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
  await addKey("sk-tenant", "acme", ["submit", "read"]);
  await addKey("sk-operator", "operator", ["admin"]);
});

/** Everything a tenant can be shown of a task. */
async function everyView(id: string, key: string): Promise<[string, string][]> {
  const paths = [
    `${REQUESTS}/${id}`,
    `${REQUESTS}/${id}/status?logs=1`,
    `${REQUESTS}/${id}/status/stream?logs=1`,
    `${REQUESTS}?limit=10`,
    `/tencent-vod/v1/query/${id}`,
    `/tencent-vod/v1/aigc-video/${id}`,
    `/v1/video/generations/${id}`,
    `/v1/videos/${id}`,
    "/v1/videos",
    `/v1/videos/${id}/content`,
  ];
  const views: [string, string][] = [];
  for (const path of paths) views.push([path, await (await gateway.get(path, { key })).text()]);
  if (key !== "sk-tenant") return views;
  return [...views, ["DescribeTaskDetail", JSON.stringify(await call(gateway, "DescribeTaskDetail", { TaskId: id }))]];
}

const operatorsWords = async (reference: string) =>
  (await gateway.get(`/v1/admin/failures/${reference}`, { key: "sk-operator" })).json<Json>();

describe("a refusal that is about the account", () => {
  const CODES: [string, number][] = [
    ["AuthFailure.SecretIdNotFound", 500],
    ["UnauthorizedOperation", 500],
    ["InvalidParameterValue.SubAppId", 500],
    ["FailedOperation.InvalidVodUser", 500],
    ["LimitExceeded.Quota", 402],
    ["ResourceInsufficient", 402],
  ];

  it.for(CODES)("%s is HTTP %d and a reference, in every dialect", async ([code, status], { expect }) => {
    for (const [path, body] of SUBMISSIONS) {
      await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code });
      const refused = await gateway.post(path, body, { key: "sk-tenant" });
      const text = await refused.text();
      expect([path, refused.status, refused.headers.get("x-should-retry")]).toEqual([path, status, "false"]);
      expect(text).not.toContain("A fault set by a control call");
      expect(text.replaceAll("LimitExceeded.Quota", "")).not.toMatch(SECRET);
      const reference = PLAIN.exec(text)?.[1] ?? "";
      expect(text.match(new RegExp(reference, "g"))?.length).toBeGreaterThan(1);
      await recordHasAll(gateway);
      expect(await operatorsWords(reference)).toEqual({
        reference,
        owner: "acme",
        code,
        message: "A fault set by a control call.",
        failed_at: expect.any(String) as string,
      });
    }
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code });
    const { Error: error } = await call(gateway, "CreateAigcVideoTask", TENCENT);
    expect(error?.Message).toMatch(PLAIN);
    const own = ["FailedOperation.InvalidVodUser", "UnauthorizedOperation"].includes(code) || status !== 500;
    expect(error?.Code).toBe(own ? code : "InternalError");
  });

  it("names the log's line of it", async ({ expect }) => {
    const warned = vi.spyOn(console, "warn");
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "UnauthorizedOperation" });
    const refused = await gateway.post("/tencent-vod/v1/aigc-video", CAR, { key: "sk-tenant" });
    const { message } = await refused.json<{ message: string }>();
    const lines = warned.mock.calls.map(([line]) => JSON.parse(String(line)) as Json);
    warned.mockRestore();
    const reference = PLAIN.exec(message)?.[1];
    expect(lines).toContainEqual(
      expect.objectContaining({ event: "task.refused", request_id: reference, code: "UnauthorizedOperation" }),
    );
  });

  it("is told to an admin as the vendor said it, and to nobody else of the owner's", async ({ expect }) => {
    const code = "AuthFailure.SignatureFailure";
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code });
    const refused = await gateway.post("/tencent-vod/v1/aigc-video", CAR, { key: "sk-tenant" });
    const { request_id: id } = await refused.json<{ request_id: string }>();
    for (const [path, view] of await everyView(id, "sk-tenant")) expect(`${path} ${view}`).not.toMatch(SECRET);
    const own = await everyView(id, "sk-test");
    expect(own.filter(([, view]) => view.includes("A fault set by a control call")).length).toBeGreaterThanOrEqual(8);
  });
});

describe("a failed task whose failure is about the account", () => {
  const OUTCOMES: [string, Json, string][] = [
    ["by its code", { ErrCode: 70000, ErrCodeExt: "UnauthorizedOperation", Message: "no" }, "InternalError"],
    ["by its quota", { ErrCode: 70000, ErrCodeExt: "ResourceInsufficient", Message: "no" }, "ResourceInsufficient"],
    ["by its words", { ErrCode: 70000, ErrCodeExt: "InternalError", Message: ACCOUNT }, "InternalError"],
    ["in Chinese", { ErrCode: 40000, ErrCodeExt: "InvalidParameter", Message: "账号余额不足" }, "InvalidParameter"],
  ];

  it.for(OUTCOMES)("%s shows it nowhere", async ([, outcome, code], { expect }) => {
    await emulator.reset({ outcome });
    const submitted = await gateway.post("/tencent-vod/v1/aigc-video", CAR, { key: "sk-tenant" });
    const { request_id: id } = await submitted.json<{ request_id: string }>();
    await notifyUntilDone(gateway);
    // As the object shows it, and as the record does.
    for (let turn = 0; turn < 2; turn++) {
      const views = await everyView(id, "sk-tenant");
      for (const [path, view] of views) {
        expect(`${path} ${view}`).not.toMatch(SECRET);
        expect(view).not.toContain(String(outcome["Message"] === "no" ? '"no"' : outcome["Message"]));
      }
      expect(views.filter(([, view]) => PLAIN.test(view)).length).toBeGreaterThanOrEqual(8);
      const [, result] = views[0] ?? ["", "{}"];
      expect(JSON.parse(result)).toMatchObject({ code, request_id: id });
      await recordHasAll(gateway);
    }
    expect(await operatorsWords(id)).toMatchObject({ code: outcome["ErrCodeExt"], message: outcome["Message"] });
    const [, own] = (await everyView(id, "sk-test"))[4] ?? [];
    expect(JSON.parse(own ?? "{}")).toMatchObject({ Response: { AigcVideoTask: outcome } });
  });

  it.for([
    "ErrMsg:1080p does not support durations longer than 8 seconds.",
    "FileId 387702299774574677 does not exist.",
    "The prompt violates the content policy.",
  ])("is not any other, which its client must read: %s", async (Message, { expect }) => {
    await emulator.reset({ outcome: { ErrCode: 40000, ErrCodeExt: "InvalidParameterValue", Message } });
    const submitted = await gateway.post("/tencent-vod/v1/aigc-video", CAR, { key: "sk-tenant" });
    const { request_id: id } = await submitted.json<{ request_id: string }>();
    await notifyUntilDone(gateway);
    const result = await gateway.get(`${REQUESTS}/${id}`, { key: "sk-tenant" });
    expect(await result.json()).toMatchObject({ code: "InvalidParameterValue", message: Message });
  });
});

describe("the vendor's words behind a reference", () => {
  it("are no tenant's, whatever the reference", async ({ expect }) => {
    const path = "/v1/admin/failures/01a1fc4c-0000-7000-8000-000000000000";
    expect((await gateway.get(path, { key: null })).status).toBe(401);
    expect((await gateway.get(path, { key: "sk-tenant" })).status).toBe(403);
    expect((await gateway.get(path, { key: "sk-operator" })).status).toBe(404);
    expect((await gateway.get("/v1/admin/failures/x'", { key: "sk-operator" })).status).toBe(404);
  });

  it("go when the task's content is removed", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "UnauthorizedOperation" });
    const refused = await gateway.post("/tencent-vod/v1/aigc-video", CAR, { key: "sk-tenant" });
    const { request_id: id } = await refused.json<{ request_id: string }>();
    await gateway.request(`${REQUESTS}/${id}`, { method: "DELETE", key: "sk-tenant" });
    await recordHasAll(gateway);
    expect(await operatorsWords(id)).toMatchObject({ code: "UnauthorizedOperation", message: null });
  });
});

describe("the SubAppId", () => {
  it("is in no dry run of a tenant who does not know it, and in no error", async ({ expect }) => {
    for (const [path, body] of SUBMISSIONS) {
      const dry = await gateway.post(`${path}?dry_run=1`, body, { key: "sk-tenant" });
      const text = await dry.text();
      expect(text).not.toContain("251007502");
      expect(JSON.parse(text)).toMatchObject({ set_when_sent: ["SubAppId", "SessionId", "SessionContext"] });
    }
    const { SubAppId: app, ...nameless } = TENCENT;
    const query = "dry_run=1";
    expect(JSON.stringify(await call(gateway, "CreateAigcVideoTask", nameless, { query }))).not.toContain(String(app));
    const named = await call(gateway, "CreateAigcVideoTask", TENCENT, { query });
    expect(named).toMatchObject({ request: TENCENT, set_when_sent: ["SessionId", "SessionContext"] });
    const { Error: wrong } = await call(gateway, "CreateAigcVideoTask", { ...TENCENT, SubAppId: 1 });
    expect(wrong).toEqual({
      Code: "InvalidParameterValue.SubAppId",
      Message: "SubAppId: This gateway serves another one; it may be left out.",
    });
  });

  it("is an admin's to see", async ({ expect }) => {
    const admin = { secretId: "AKIDofAdmin", secretKey: "secretOfAdmin" };
    await addPair(admin, "acme", ["submit", "admin"]);
    const { SubAppId: app, ...nameless } = TENCENT;
    const options = { query: "dry_run=1", pair: admin };
    expect(await call(gateway, "CreateAigcVideoTask", nameless, options)).toMatchObject({ request: { SubAppId: app } });
    expect(PAIR).not.toEqual(admin);
  });
});
