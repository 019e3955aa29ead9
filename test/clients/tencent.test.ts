/*
 * The unmodified `tencentcloud-sdk-nodejs-vod` with a key pair of ours, against a running gateway on an odd port: it signs
 * the host without the port and derives the service's name from it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { until } from "../../scripts/lib/until.ts";
import { acceptedId, paidFor, VIDEO_PATH, videoRequest } from "../e2e/support/aigc.ts";
import { bootStack, COMPLETION_TIMEOUT_MS, type TestStack } from "../e2e/support/stack.ts";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { type Client, createPair, failureOf, keys, type Pair, sdkClient } from "./support/tencent.ts";

const SUB_APP_ID = 251007502;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let stateDir: string;
let stack: TestStack;
let pair: Pair;
let client: Client;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "reelgate-tencent-"));
  stack = await bootStack({ stateDir });
  // The owner of the development key: what is made in one dialect is read in another.
  pair = await createPair(stateDir, "dev");
  client = sdkClient(stack.gatewayUrl, pair);
});

beforeEach(async () => {
  await stack.vendor.configure({ task_seconds: 0.3, outcome: "success" });
});

afterAll(async () => {
  await stack?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

const video = (prompt: string, more: object = {}) => ({
  SubAppId: SUB_APP_ID,
  ModelName: "Kling",
  ModelVersion: "2.1",
  Prompt: prompt,
  ...more,
});

const detailOf = (taskId: string) => client.DescribeTaskDetail({ TaskId: taskId, SubAppId: SUB_APP_ID });

const finished = (taskId: string) =>
  until(`task ${taskId} to be done`, COMPLETION_TIMEOUT_MS, async () => {
    const detail = await detailOf(taskId);
    return detail.Status === "FINISH" && detail;
  });

describe("the official SDK", () => {
  it("creates a video, describes it to its end, and fetches the file", async ({ expect }) => {
    const created = await client.CreateAigcVideoTask(
      video("sdk video", {
        OutputConfig: { StorageMode: "Temporary", Duration: 5, AspectRatio: "16:9" },
        SessionId: "sdk-1",
        SessionContext: "上下文",
        TasksPriority: 10,
      }),
    );
    expect(created.RequestId).toMatch(UUID);
    const { TaskId: taskId = "" } = created;
    expect(["WAITING", "PROCESSING"]).toContain((await detailOf(taskId)).Status);
    const detail = await finished(taskId);
    expect(detail.TaskType).toBe("AigcVideoTask");
    expect(detail.AigcVideoTask).toMatchObject({
      TaskId: taskId,
      Status: "FINISH",
      ErrCode: 0,
      ErrCodeExt: "",
      Progress: 100,
      SessionId: "sdk-1",
      SessionContext: "上下文",
    });
    const [file] = detail.AigcVideoTask?.Output?.FileInfos ?? [];
    const media = await fetch(file?.FileUrl ?? "");
    expect(media.headers.get("content-type")).toBe("video/mp4");
    expect(await paidFor(stack, "sdk video")).toHaveLength(1);
    expect((await stack.get(`/tencent-vod/v1/requests/${taskId}`)).body).toMatchObject({ session_id: "sdk-1" });
  });

  it("creates an image and describes it to its end", async ({ expect }) => {
    const body = { SubAppId: SUB_APP_ID, ModelName: "GG", ModelVersion: "3.0", Prompt: "sdk image" };
    const { TaskId: taskId = "" } = await client.CreateAigcImageTask(body);
    const detail = await finished(taskId);
    expect(detail.TaskType).toBe("AigcImageTask");
    expect(detail.AigcImageTask?.Output?.FileInfos?.[0]?.FileUrl).toMatch(/^http/);
  });

  it("reads a task that was made in another dialect", async ({ expect }) => {
    const taskId = acceptedId(await stack.post(VIDEO_PATH, videoRequest("made elsewhere")));
    expect((await finished(taskId)).AigcVideoTask?.Input?.Prompt).toBe("made elsewhere");
  });

  it("sees a failed task as one that has finished", async ({ expect }) => {
    const outcome = { ErrCode: 70000, ErrCodeExt: "InternalError", Message: "the model broke" };
    await stack.vendor.configure({ outcome });
    const { TaskId: taskId = "" } = await client.CreateAigcVideoTask(video("sdk failure"));
    expect((await finished(taskId)).AigcVideoTask).toMatchObject({ Status: "FINISH", ...outcome });
  });

  it("gets errors as from the vendor", async ({ expect }) => {
    const refused = await failureOf(client.CreateAigcVideoTask(video("x", { EnhancePrompt: "On" })));
    expect(refused).toMatchObject({
      code: "InvalidParameterValue",
      message: expect.stringMatching(/^EnhancePrompt: /),
    });
    expect(refused.requestId).toMatch(UUID);
    const tooLong = { SessionId: "s".repeat(51) };
    const codes: [() => Promise<unknown>, string][] = [
      [() => client.CreateAigcVideoTask(video("")), "MissingParameter"],
      [() => client.CreateAigcVideoTask({ ...video("x"), SubAppId: 1 }), "InvalidParameterValue.SubAppId"],
      [() => client.CreateAigcVideoTask(video("x", tooLong)), "InvalidParameterValue.SessionIdTooLong"],
      [() => detailOf("251007502-AigcVideoTask-0t"), "InvalidParameterValue.TaskId"],
      [() => client.DescribeEventConfig({ SubAppId: SUB_APP_ID }), "InvalidAction"],
      [
        () => sdkClient(stack.gatewayUrl, { ...pair, secretKey: "x" }).DescribeTaskDetail({ TaskId: "x" }),
        "AuthFailure.SignatureFailure",
      ],
      [
        () => sdkClient(stack.gatewayUrl, { ...pair, secretId: "AKIDx" }).DescribeTaskDetail({ TaskId: "x" }),
        "AuthFailure.SecretIdNotFound",
      ],
    ];
    for (const [call, code] of codes) expect((await failureOf(call())).code).toBe(code);
    expect(await paidFor(stack, "x")).toEqual([]);
  });

  it("is told the vendor's refusal", async ({ expect }) => {
    await stack.vendor.addFault({
      action: "CreateAigcVideoTask",
      kind: "error",
      code: "InvalidParameterValue.FileId",
      times: 1,
    });
    expect((await failureOf(client.CreateAigcVideoTask(video("refused")))).code).toBe("InvalidParameterValue.FileId");
  });

  it("repeats a SessionId: the error names the first task", async ({ expect }) => {
    const { TaskId: taskId } = await client.CreateAigcVideoTask(video("twice", { SessionId: "sdk-twice" }));
    const error = await failureOf(client.CreateAigcVideoTask(video("twice", { SessionId: "sdk-twice" })));
    expect(error.code).toBe("InvalidParameterValue.SessionId");
    expect(error.message).toContain(`TaskId: ${taskId}`);
    expect(await paidFor(stack, "twice")).toHaveLength(1);
  });

  it("with a key pair of less, or one that is revoked", async ({ expect }) => {
    const reader = await createPair(stateDir, "dev", "--scopes", "read");
    const reading = sdkClient(stack.gatewayUrl, reader);
    expect((await failureOf(reading.CreateAigcVideoTask(video("x")))).code).toBe("UnauthorizedOperation");
    const revoked = await createPair(stateDir, "dev");
    await keys(stateDir, "revoke", revoked.secretId);
    const late = sdkClient(stack.gatewayUrl, revoked);
    expect((await failureOf(late.CreateAigcVideoTask(video("x")))).code).toBe("AuthFailure.SecretIdNotFound");
  });
});

describe("the answer is lost", () => {
  let line: CuttingProxy;

  beforeAll(async () => {
    line = await startCuttingProxy(stack.gatewayUrl);
  });

  afterAll(() => line?.close());

  it("the SDK does not repeat; with the same SessionId its user learns the TaskId, and one task is paid", async ({
    expect,
  }) => {
    line.cut(1);
    const far = sdkClient(line.url, pair);
    const body = video("lost", { SessionId: "sdk-lost" });
    const error = await failureOf(far.CreateAigcVideoTask(body));
    expect([error.code, error.requestId]).toEqual(["", ""]);
    expect(line.passed).toHaveLength(1);
    const second = await failureOf(far.CreateAigcVideoTask(body));
    expect(second.code).toBe("InvalidParameterValue.SessionId");
    const [, taskId = ""] = /TaskId: ([0-9a-f-]{36})$/.exec(second.message) ?? [];
    expect((await finished(taskId)).AigcVideoTask?.ErrCode).toBe(0);
    expect(await paidFor(stack, "lost")).toHaveLength(1);
  });
});
