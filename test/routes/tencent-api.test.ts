/* The vendor's own API in front of our tasks: what it takes, and how it answers. */
import { beforeEach, describe, it } from "vitest";
import {
  addKey,
  CALLBACK,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  vendorFinishes,
} from "../support/gateway.ts";
import {
  addPair,
  call,
  codeOf,
  IMAGE,
  send,
  signedRequest,
  startTencentGateway,
  SUB_APP_ID,
  VIDEO,
} from "./support/tencent-api.ts";

const CREATE = "CreateAigcVideoTask";
const DESCRIBE = "DescribeTaskDetail";
const BETA = { secretId: "AKIDofBeta", secretKey: "secretOfBeta" };
const READER = { secretId: "AKIDreader", secretKey: "secretOfReader" };
const WRITER = { secretId: "AKIDwriter", secretKey: "secretOfWriter" };

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

async function complete(content: Json = {}): Promise<void> {
  for (const task of await vendorFinishes()) {
    const event = await completionOf(task, { content });
    await gateway.post(CALLBACK, event, { key: null });
  }
  await gateway.settleDeferred();
}

const created = async (json: Json, action = CREATE) => {
  const answer = await call(gateway, action, json);
  if (!answer.TaskId) throw new Error(JSON.stringify(answer));
  return answer.TaskId;
};

describe("create and describe", () => {
  it("a video: the vendor gets the body as it is, and answers come under our id", async ({ expect }) => {
    const more = {
      FileInfos: [{ Type: "Url", Url: "https://a.test/1.png" }],
      SessionId: "s1",
      SessionContext: "上下文",
    };
    const answer = await call(gateway, CREATE, { ...VIDEO, ...more, TasksPriority: "10", Seed: "7" });
    expect(Object.keys(answer).toSorted()).toEqual(["RequestId", "TaskId"]);
    expect(answer.RequestId).not.toBe(answer.TaskId);
    const [task] = await emulator.tasks();
    expect(task?.Action).toBe(CREATE);
    const { SessionId, SessionContext, ...request } = task?.request ?? {};
    expect(request).toEqual({ ...VIDEO, FileInfos: more.FileInfos, TasksPriority: 10, Seed: 7 });
    expect([SessionId, SessionContext]).not.toContain("s1");

    await complete();
    const detail = await call(gateway, DESCRIBE, { TaskId: answer.TaskId, SubAppId: SUB_APP_ID });
    expect(detail).toMatchObject({
      TaskType: "AigcVideoTask",
      Status: "FINISH",
      AigcImageTask: null,
      AigcVideoTask: { TaskId: answer.TaskId, ErrCode: 0, SessionId: "s1", SessionContext: "上下文" },
    });
    expect(detail.RequestId).not.toBe(answer.TaskId);
    const again = await call(gateway, DESCRIBE, { TaskId: answer.TaskId });
    expect(again.RequestId).not.toBe(detail.RequestId);
  });

  it("an image", async ({ expect }) => {
    const id = await created(IMAGE, "CreateAigcImageTask");
    await complete();
    const detail = await call(gateway, DESCRIBE, { TaskId: id });
    expect(detail).toMatchObject({ TaskType: "AigcImageTask", Status: "FINISH", AigcImageTask: { TaskId: id } });
  });

  it("a failure is a task that has finished", async ({ expect }) => {
    await emulator.call("PUT", "config", {
      outcome: { ErrCode: 70000, ErrCodeExt: "InternalError", Message: "broken" },
    });
    const id = await created(VIDEO);
    await complete();
    const detail = await call(gateway, DESCRIBE, { TaskId: id });
    expect(detail["Status"]).toBe("FINISH");
    expect(detail["AigcVideoTask"]).toMatchObject({ ErrCode: 70000, ErrCodeExt: "InternalError", Message: "broken" });
  });

  it("in one dialect is read in another", async ({ expect }) => {
    const ours = await created(VIDEO);
    expect((await gateway.get(`/tencent-vod/v1/requests/${ours}/status`)).status).toBe(202);
    const theirs = await gateway.post("/tencent-vod/v1/aigc-video", {
      model_name: "Kling",
      model_version: "2.1",
      prompt: "b",
    });
    const { request_id: id } = await theirs.json<{ request_id: string }>();
    expect(await call(gateway, DESCRIBE, { TaskId: id })).toMatchObject({ AigcVideoTask: { TaskId: id } });
  });

  it("without content it was removed of", async ({ expect }) => {
    const id = await created(VIDEO);
    await complete();
    await gateway.request(`/tencent-vod/v1/requests/${id}`, { method: "DELETE" });
    expect(codeOf(await call(gateway, DESCRIBE, { TaskId: id }))).toBe("ResourceNotFound");
  });

  it("a dry run does nothing, and only a signed query asks for one", async ({ expect }) => {
    const answer = await call(gateway, CREATE, VIDEO, { query: "dry_run=1" });
    expect(answer).toMatchObject({ dry_run: true, action: CREATE, request: VIDEO });
    const request = await signedRequest(CREATE, VIDEO, { query: "dry_run=1" });
    expect(codeOf(await send(gateway, { ...request, path: "/" }))).toBe("AuthFailure.SignatureFailure");
    expect(await emulator.calls()).toEqual({});
  });
});

describe("who may", () => {
  it("another owner's task is not there", async ({ expect }) => {
    await addPair(BETA, "beta", ["submit", "read"]);
    const id = await created({ ...VIDEO, SessionId: "mine" });
    const stranger = await call(gateway, DESCRIBE, { TaskId: id }, { pair: BETA });
    const nobody = await call(gateway, DESCRIBE, { TaskId: id.replace(/.$/, "x") });
    expect(stranger.Error).toEqual({ Code: "InvalidParameterValue.TaskId", Message: "The TaskId does not exist." });
    expect(nobody.Error).toEqual(stranger.Error);
    expect(codeOf(await call(gateway, CREATE, { ...VIDEO, SessionId: "mine" }, { pair: BETA }))).toBe("OK");
  });

  it("each action wants its scope", async ({ expect }) => {
    await addPair(READER, "acme", ["read"]);
    await addPair(WRITER, "acme", ["submit"]);
    for (const action of [CREATE, "CreateAigcImageTask"])
      expect(codeOf(await call(gateway, action, VIDEO, { pair: READER }))).toBe("UnauthorizedOperation");
    expect(await emulator.calls()).toEqual({});
    const { TaskId: id } = await call(gateway, CREATE, VIDEO, { pair: WRITER });
    expect(codeOf(await call(gateway, DESCRIBE, { TaskId: id }, { pair: WRITER }))).toBe("UnauthorizedOperation");
    expect(codeOf(await call(gateway, DESCRIBE, { TaskId: id }, { pair: READER }))).toBe("OK");
  });

  it("an API key does not sign, and a key pair is no API key", async ({ expect }) => {
    await addKey("sk-all", "acme", ["submit", "read", "admin"]);
    const response = await gateway.request("/", { method: "POST", key: "sk-all", body: "{}" });
    expect(await response.json()).toMatchObject({ Response: { Error: { Code: "MissingParameter" } } });
    const { headers } = await signedRequest(CREATE, VIDEO);
    const other = await gateway.request("/tencent-vod/v1/requests", { key: null, headers });
    expect(other.status).toBe(401);
  });

  it("too many requests are told so, counted by key pair and only when signed", async ({ expect }) => {
    const counted: string[] = [];
    const RATE_LIMITER = {
      limit: async ({ key }: { key: string }) => ({ success: counted.push(key) < 2 }),
    };
    const limited = await startTencentGateway({ RATE_LIMITER });
    const sent = { "cf-ray": "9a1b2c3d4e5f6a7b-FRA" };
    const forged = await signedRequest(CREATE, VIDEO, { sent: { ...sent, "content-type": "application/json; x=1" } });
    expect(codeOf(await send(limited, forged))).toBe("AuthFailure.SignatureFailure");
    expect(counted).toEqual([]);
    expect(codeOf(await call(limited, DESCRIBE, { TaskId: "x" }, { sent }))).toBe("InvalidParameterValue.TaskId");
    expect(codeOf(await call(limited, DESCRIBE, { TaskId: "x" }, { sent }))).toBe("RequestLimitExceeded");
    expect(counted).toEqual(["AKIDofAcme", "AKIDofAcme"]);
  });
});

describe("at the door", () => {
  it.for([
    ["X-TC-Action", "MissingParameter"],
    ["X-TC-Version", "MissingParameter"],
    ["X-TC-Timestamp", "MissingParameter"],
    ["Authorization", "AuthFailure.InvalidAuthorization"],
  ] as const)("%s is required", async ([name, code], { expect }) => {
    expect(codeOf(await call(gateway, CREATE, VIDEO, { sent: { [name.toLowerCase()]: "" } }))).toBe(code);
  });

  it("only our actions are there, in one version", async ({ expect }) => {
    for (const action of ["CreateAigcAudioTask", "DescribeEventConfig", "createaigcvideotask", "constructor"])
      expect(codeOf(await call(gateway, action, VIDEO))).toBe("InvalidAction");
    const sent = { "x-tc-version": "2017-03-12" };
    expect(codeOf(await call(gateway, CREATE, VIDEO, { sent }))).toBe("NoSuchVersion");
  });

  it("the host counts with its port and without, and under its public name", async ({ expect }) => {
    const at = async (path: string, host: string) => {
      const request = await signedRequest(DESCRIBE, { TaskId: "x" }, { host });
      return codeOf(await send(gateway, { ...request, path }));
    };
    const known = "InvalidParameterValue.TaskId";
    gateway = await startTencentGateway({ GATEWAY_LOCAL: "1" });
    expect(await at("http://127.0.0.1:8787/", "127.0.0.1:8787")).toBe(known);
    expect(await at("http://127.0.0.1:8787/", "127.0.0.1")).toBe(known);
    expect(await at("http://127.0.0.1:8787/", "vod.tencentcloudapi.com")).toBe("AuthFailure.SignatureFailure");
    gateway = await startTencentGateway({ PUBLIC_URL: "https://media.example.com:444" });
    expect(await at("/", "media.example.com:444")).toBe(known);
    expect(await at("/", "media.example.com")).toBe(known);
    expect(await at("/", "example.com")).toBe("AuthFailure.SignatureFailure");
  });

  it("GET has nothing here, in the gateway's own words", async ({ expect }) => {
    const response = await gateway.get("/", { key: null });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(await response.json()).toMatchObject({ code: "method_not_allowed" });
  });
});
