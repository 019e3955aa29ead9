import { beforeEach, describe, it } from "vitest";
import {
  answerOf,
  call,
  codeOf,
  control,
  controlResponse,
  createdTask,
  emulator,
  freshEmulator,
  send,
  signedHeaders,
  SUB_APP_ID,
  video,
} from "./support.ts";

const DEFAULTS = {
  task_seconds: 2,
  concurrency: 5,
  requests_per_second: 20,
  mode: "PUSH",
  notification_url: "",
  sign_key: "localSignKey",
  callback: { drop: 0, duplicate: 0, delay_ms: 0, jitter_ms: 0 },
  outcome: "success",
  dedupe: true,
  abort: "refuse",
  echo_base64: false,
};

beforeEach(() => control("POST", "reset"));

it("is healthy", async ({ expect }) => {
  expect(await control("GET", "health")).toEqual({ ok: true });
});

it("answers what does not exist with JSON", async ({ expect }) => {
  const unknown = await controlResponse("GET", "nothing");
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toHaveProperty("error");
  expect((await controlResponse("POST", "tasks")).status).toBe(405);
});

describe("the configuration", () => {
  it("has the contract's defaults", async ({ expect }) => {
    expect(await control("GET", "config")).toEqual(DEFAULTS);
  });

  it("is merged, in depth for callback", async ({ expect }) => {
    await control("PUT", "config", { task_seconds: 0.5, callback: { drop: 0.5, delay_ms: 10 } });
    const merged = { ...DEFAULTS, task_seconds: 0.5, callback: { ...DEFAULTS.callback, drop: 1, delay_ms: 10 } };
    expect(await control("PUT", "config", { callback: { drop: 1 } })).toEqual(merged);
    expect(await control("PUT", "config", { outcome: { ErrCode: 40_000, ErrCodeExt: "X" } })).toEqual({
      ...merged,
      outcome: { ErrCode: 40_000, ErrCodeExt: "X", Message: "" },
    });
    expect(await control("PUT", "config", { outcome: "success", notification_url: null })).toEqual(merged);
    await control("POST", "reset");
    expect(await control("GET", "config")).toEqual(DEFAULTS);
  });

  it.for<[string, unknown]>([
    ["task_seconds", { task_seconds: -1 }],
    ["concurrency", { concurrency: 1.5 }],
    ["requests_per_second", { requests_per_second: "20" }],
    ["mode", { mode: "push" }],
    ["notification_url", { notification_url: "ftp://a.test" }],
    ["sign_key", { sign_key: "with space" }],
    ["callback.drop", { callback: { drop: 1.1 } }],
    ["callback.twice", { callback: { twice: true } }],
    ["outcome", { outcome: "failure" }],
    ["outcome.ErrCode", { outcome: { ErrCode: 0, ErrCodeExt: "X" } }],
    ["dedupe", { dedupe: "no" }],
    ["abort", { abort: "maybe" }],
    ["echo_base64", { echo_base64: 1 }],
    ["task_second", { task_second: 1 }],
    ["body", []],
  ])("refuses a bad %s by name", async ([field, patch], { expect }) => {
    const response = await controlResponse("PUT", "config", patch);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ field, error: expect.stringContaining(field) });
    expect(await control("GET", "config")).toEqual(DEFAULTS);
  });
});

async function accepted(): Promise<number> {
  return (await control<unknown[]>("GET", "tasks")).length;
}

describe("a fault", () => {
  const action = "CreateAigcVideoTask";
  const ACCEPTED = 1;
  const NOT_ACCEPTED = 0;

  async function rawCall(): Promise<Response> {
    const payload = JSON.stringify(video);
    return send(await signedHeaders({ action, payload }), payload);
  }

  it("answers with the code it was given, so many times, for its action only", async ({ expect }) => {
    const fault = { action, kind: "error", code: "LimitExceeded.Quota", times: 2 };
    expect(await control("POST", "faults", fault)).toEqual([fault]);
    expect(await codeOf("DescribeTasks", { SubAppId: SUB_APP_ID })).toBe("OK");
    const codes = [];
    for (let i = 0; i < 3; i++) codes.push(await codeOf(action, video));
    expect(codes).toEqual(["LimitExceeded.Quota", "LimitExceeded.Quota", "OK"]);
    expect(await accepted()).toBe(ACCEPTED);
    expect(await control("GET", "calls")).toEqual({
      [action]: { "LimitExceeded.Quota": 2, OK: 1 },
      DescribeTasks: { OK: 1 },
    });
  });

  it("waits its turn, also when it is meant for every action", async ({ expect }) => {
    await control("POST", "faults", { action: "*", kind: "error", code: "InternalError" });
    const second = { action, kind: "error", code: "FailedOperation" };
    expect(await control("POST", "faults", second)).toHaveLength(2);
    expect(await codeOf(action, video)).toBe("InternalError");
    expect(await codeOf("DescribeTasks", { SubAppId: SUB_APP_ID })).toBe("OK");
    expect(await codeOf(action, video)).toBe("FailedOperation");
    expect(await control("GET", "faults")).toEqual([]);
  });

  it("is over when that is said", async ({ expect }) => {
    await control("POST", "faults", { action: "*", kind: "http_500", times: 100 });
    expect(await control("DELETE", "faults")).toEqual([]);
    expect(await codeOf(action, video)).toBe("OK");
  });

  it("is no answer to a wrong signature", async ({ expect }) => {
    await control("POST", "faults", { action, kind: "http_500" });
    const payload = JSON.stringify(video);
    const response = await send(await signedHeaders({ action, payload, secretKey: "wrong" }), payload);
    expect((await answerOf(response)).Error?.Code).toBe("AuthFailure.SignatureFailure");
    expect((await rawCall()).status).toBe(500);
  });

  it("is an HTTP 500 that is no JSON", async ({ expect }) => {
    await control("POST", "faults", { action, kind: "http_500" });
    const response = await rawCall();
    expect(response.status).toBe(500);
    await expect(response.json()).rejects.toThrow(SyntaxError);
    expect(await accepted()).toBe(NOT_ACCEPTED);
  });

  it.for([
    ["drop_before_accept", NOT_ACCEPTED],
    ["drop_after_accept", ACCEPTED],
  ] as const)("breaks the connection: %s", async ([kind, count], { expect }) => {
    await control("POST", "faults", { action, kind });
    await expect(rawCall().then((response) => response.text())).rejects.toThrow(/dropped|connection lost/i);
    expect(await accepted()).toBe(count);
    expect(await control("GET", "calls")).toEqual({ [action]: { [kind]: 1 } });
  });

  it("makes the answer slow, not the task", async ({ expect }) => {
    await control("POST", "faults", { action, kind: "slow", delay_ms: 400 });
    const start = Date.now();
    const pending = rawCall();
    await expect.poll(accepted).toBe(ACCEPTED);
    expect(Date.now() - start).toBeLessThan(350);
    expect((await answerOf(await pending)).TaskId).toBeDefined();
    expect(Date.now() - start).toBeGreaterThanOrEqual(390);
  });

  it("lets the task be made late, also when the caller has hung up", async ({ expect }) => {
    await control("POST", "faults", { action, kind: "late", delay_ms: 400, times: 2 });
    const start = Date.now();
    const payload = JSON.stringify(video);
    const headers = await signedHeaders({ action, payload });
    const init = { method: "POST", headers, body: payload, signal: AbortSignal.timeout(100) };
    await expect(emulator.fetch(new Request("http://emulator.test", init))).rejects.toThrow(/timeout/i);
    expect(await accepted()).toBe(NOT_ACCEPTED);
    expect((await answerOf(await rawCall())).TaskId).toBeDefined();
    expect(Date.now() - start).toBeGreaterThanOrEqual(490);
    expect(await accepted()).toBe(2);
    expect(await control("GET", "calls")).toEqual({ [action]: { OK: 2 } });
  });

  it("makes nothing late that was forgotten meanwhile", async ({ expect }) => {
    await control("POST", "faults", { action, kind: "late", delay_ms: 200 });
    const pending = rawCall();
    await expect.poll(async () => control("GET", "faults")).toEqual([]);
    await control("POST", "reset");
    await expect(pending.then((response) => response.text())).rejects.toThrow(/dropped|connection lost/i);
    expect(await accepted()).toBe(NOT_ACCEPTED);
  });

  it("cuts the JSON of the answer", async ({ expect }) => {
    await control("POST", "faults", { action, kind: "bad_json" });
    const response = await rawCall();
    expect(response.status).toBe(200);
    await expect(response.json()).rejects.toThrow(SyntaxError);
    expect(await accepted()).toBe(ACCEPTED);
  });

  it.for<[string, object]>([
    ["action", { action: "CreateAigcAudioTask", kind: "http_500" }],
    ["kind", { action, kind: "explode" }],
    ["code", { action, kind: "error" }],
    ["delay_ms", { action, kind: "slow" }],
    ["delay_ms", { action, kind: "late" }],
    ["times", { action, kind: "http_500", times: 0 }],
    ["count", { action, kind: "http_500", count: 1 }],
  ])("is refused for a bad %s", async ([field, fault], { expect }) => {
    const response = await controlResponse("POST", "faults", fault);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ field });
    expect(await control("GET", "faults")).toEqual([]);
  });
});

describe("the list of tasks", () => {
  it("has what was accepted, newest last", async ({ expect }) => {
    const request = { ...video, SessionId: "s1", SessionContext: "ctx", TasksPriority: "10" };
    const first = await createdTask("CreateAigcVideoTask", request);
    const second = await createdTask("CreateAigcVideoTask", video);
    await codeOf("CreateAigcVideoTask", request);
    expect(await control("GET", "tasks")).toMatchObject([
      {
        TaskId: first,
        Action: "CreateAigcVideoTask",
        SessionId: "s1",
        SessionContext: "ctx",
        Status: "PROCESSING",
        CreateTime: expect.stringMatching(/Z$/),
        request,
      },
      { TaskId: second, SessionId: "", SessionContext: "" },
    ]);
  });
});

describe("a reset", () => {
  it("gives the second's calls back", async ({ expect }) => {
    await freshEmulator({ requests_per_second: 1 });
    const codes = [await codeOf("CreateAigcVideoTask", video), await codeOf("CreateAigcVideoTask", video)];
    await freshEmulator({ requests_per_second: 1 });
    codes.push(await codeOf("CreateAigcVideoTask", video));
    expect(codes).toEqual(["OK", "RequestLimitExceeded", "OK"]);
  });

  it("forgets tasks, sessions, events, faults, counts, clock and configuration", async ({ expect }) => {
    await freshEmulator({ mode: "PULL", task_seconds: 0 });
    await createdTask("CreateAigcVideoTask", { ...video, SessionId: "s" });
    await control("POST", "faults", { action: "*", kind: "http_500", times: 3 });
    await control("POST", "clock", { advance_seconds: 1000 });
    await control("POST", "reset");

    expect(await control("GET", "tasks")).toEqual([]);
    expect(await control("GET", "faults")).toEqual([]);
    expect(await control("GET", "calls")).toEqual({});
    expect(await control("GET", "config")).toEqual(DEFAULTS);
    const { now } = await control<{ now: string }>("GET", "clock");
    expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(5000);
    expect((await call("DescribeEventsState", { SubAppId: SUB_APP_ID }))["CountOfEventsToPull"]).toBe(0);
    expect(await codeOf("CreateAigcVideoTask", { ...video, SessionId: "s" })).toBe("OK");
  });
});
