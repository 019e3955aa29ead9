/* The vendor's client against every way in which a call can go wrong. */
import { afterEach, describe, it, vi } from "vitest";
import { CREATE_TIMEOUT_MS, DESCRIBE_TIMEOUT_MS } from "../../src/vod/client.ts";
import { ruleOf } from "../../src/vod/errors.ts";
import {
  type Call,
  CAR,
  clientOf,
  CREATED,
  MEBIBYTE,
  NOW_MS,
  refusal,
  SESSION,
  shortTimeLimits,
  silent,
  SUB_APP_ID,
  unsent,
  whenAborted,
} from "./support.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a call", () => {
  it("carries action, version, sub-app id, session and the request, signed", async ({ expect }) => {
    const { calls, create } = clientOf(() => Response.json(CREATED));
    expect(await create()).toEqual({ ok: true, value: { TaskId: CREATED.Response.TaskId, RequestId: "r-1" } });
    expect(calls).toHaveLength(1);
    const { request, body } = calls[0] as Call;
    expect(request.method).toBe("POST");
    expect(request.url).toBe("https://vod.example.test/");
    expect(request.redirect).toBe("manual");
    expect(request.headers.get("x-tc-action")).toBe("CreateAigcVideoTask");
    expect(request.headers.get("x-tc-version")).toBe("2018-07-17");
    expect(request.headers.get("x-tc-timestamp")).toBe(String(NOW_MS / 1000));
    expect(request.headers.get("content-type")).toMatch(/^application\/json/);
    expect(request.headers.get("authorization")).toMatch(
      /^TC3-HMAC-SHA256 Credential=AKIDtest\/2026-11-21\/vod\/tc3_request, SignedHeaders=[a-z;-]+, Signature=[0-9a-f]{64}$/,
    );
    expect(JSON.parse(body)).toEqual({
      SubAppId: SUB_APP_ID,
      ...CAR,
      SessionId: "0190-1",
      SessionContext: "token",
    });
  });

  it("sends the stored text as it is, with three members more", async ({ expect }) => {
    const { calls, client } = clientOf(() => Response.json(CREATED));
    const stored = String.raw`{"ModelName":"GG","Seed":1e2,"Prompt":"\u6c7d \"}", "Prompt":"twice" }`;
    await client.createTask("CreateAigcImageTask", stored, { sessionId: 'a"b', sessionContext: "汽" });
    const added = `,"SubAppId":${SUB_APP_ID},"SessionId":"a\\"b","SessionContext":"汽"}`;
    expect(calls[0]?.body).toBe(stored.slice(0, -1) + added);
    expect(JSON.parse(calls[0]?.body ?? "")).toMatchObject({ SessionId: 'a"b', Seed: 100 });
  });

  it("is not made of what is no object", async ({ expect }) => {
    const { calls, client } = clientOf(() => Response.json(CREATED));
    for (const stored of ["", "null", '{"ModelName":"Kl'])
      expect(await client.createTask("CreateAigcVideoTask", stored, SESSION)).toEqual(unsent(true));
    expect(calls).toEqual([]);
  });

  it("reads a task with what it knows and what it does not", async ({ expect }) => {
    const detail = {
      TaskType: "AigcVideoTask",
      Status: "PROCESSING",
      AigcVideoTask: { TaskId: "t-1", Status: "PROCESSING", Novelty: [1] },
      AigcImageTask: null,
      Novelty: { A: 1 },
      RequestId: "r-1",
    };
    const { calls, client } = clientOf(() => Response.json({ Response: detail }));
    expect(await client.describeTask("t-1")).toEqual({ ok: true, value: detail });
    expect(calls[0]?.request.headers.get("x-tc-action")).toBe("DescribeTaskDetail");
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({ SubAppId: SUB_APP_ID, TaskId: "t-1" });
  });
});

describe("a refusal", () => {
  it.for(["InvalidParameter", "RequestLimitExceeded", "InternalError", "AuthFailure.SignatureFailure", "NeverHeardOf"])(
    "%s comes back with its rule, and is not sent again",
    async (code, { expect }) => {
      const { calls, create } = clientOf(() => refusal(code, "不行"));
      expect(await create()).toEqual({
        ok: false,
        error: { kind: "refused", code, message: "不行", requestId: "r-9", rule: ruleOf(code) },
      });
      expect(calls).toHaveLength(1);
    },
  );

  it("may lack a message and a request id", async ({ expect }) => {
    const { create } = clientOf(() => Response.json({ Response: { Error: { Code: "InvalidParameter" } } }));
    expect(await create()).toEqual({
      ok: false,
      error: { kind: "refused", code: "InvalidParameter", message: "", rule: ruleOf("InvalidParameter") },
    });
  });

  it("AuthFailure.SignatureExpire is answered once with a fresh timestamp", async ({ expect }) => {
    let now = NOW_MS;
    const { calls, create } = clientOf(
      (_, number) => {
        now += 7_000;
        return number === 1 ? refusal("AuthFailure.SignatureExpire") : Response.json(CREATED);
      },
      { now: () => now },
    );
    expect(await create()).toMatchObject({ ok: true, value: { TaskId: CREATED.Response.TaskId } });
    const stamps = calls.map(({ request }) => Number(request.headers.get("x-tc-timestamp")));
    expect(stamps).toEqual([NOW_MS / 1000, NOW_MS / 1000 + 7]);
    const signatures = new Set(calls.map(({ request }) => request.headers.get("authorization")));
    expect(signatures.size).toBe(2);
    expect(calls[1]?.body).toBe(calls[0]?.body);
  });

  it("a renewed call ends when the first one would have", async ({ expect }) => {
    const limits = shortTimeLimits();
    const { calls, create } = clientOf(({ request }, number) =>
      number === 1 ? refusal("AuthFailure.SignatureExpire") : whenAborted(request),
    );
    expect(await create()).toEqual(silent("timeout"));
    expect(calls).toHaveLength(2);
    expect(limits.mock.calls).toEqual([[CREATE_TIMEOUT_MS]]);
  });

  it("is kept short, whatever the vendor says", async ({ expect }) => {
    const { create } = clientOf(() => refusal(`InvalidParameter.${"x".repeat(10_000)}`, "m".repeat(100_000)));
    const result = await create();
    if (result.ok || result.error.kind !== "refused") throw new Error("It was to be refused.");
    expect([result.error.code.length, result.error.message.length]).toEqual([200, 2_000]);
    expect(result.error.rule).toEqual(ruleOf("InvalidParameter"));
  });

  it("a second AuthFailure.SignatureExpire is final", async ({ expect }) => {
    const { calls, create } = clientOf(() => refusal("AuthFailure.SignatureExpire"));
    expect(await create()).toMatchObject({
      ok: false,
      error: { kind: "refused", code: "AuthFailure.SignatureExpire" },
    });
    expect(calls).toHaveLength(2);
  });
});

const stream = (chunks: number, bytes: number) => {
  let left = chunks;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(new Uint8Array(bytes).fill(0x20));
    },
  });
};

describe("silence", () => {
  it.for<[string, () => Response, string]>([
    ["HTTP 500", () => new Response("<html>500</html>", { status: 500 }), "http_status"],
    ["HTTP 502 with a plausible body", () => Response.json(CREATED, { status: 502 }), "http_status"],
    ["HTTP 201", () => Response.json(CREATED, { status: 201 }), "http_status"],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } }),
      "http_status",
    ],
    ["HTML", () => new Response("<html>gateway</html>"), "not_json"],
    ["half a JSON document", () => new Response('{"Response":{"TaskId":"25100'), "not_json"],
    ["nothing", () => new Response(""), "not_json"],
    ["no body", () => new Response(null), "not_json"],
    ["a list", () => Response.json([]), "shape"],
    ["null", () => Response.json(null), "shape"],
    ["no envelope", () => Response.json({ TaskId: "t-1" }), "shape"],
    ["an envelope without a task id", () => Response.json({ Response: { RequestId: "r-1" } }), "shape"],
    ["an empty task id", () => Response.json({ Response: { TaskId: "", RequestId: "r-1" } }), "shape"],
    ["a task id without end", () => Response.json({ Response: { TaskId: "t".repeat(201) } }), "shape"],
    ["a numeric task id", () => Response.json({ Response: { TaskId: 1, RequestId: "r-1" } }), "shape"],
    ["an error without a code", () => Response.json({ Response: { Error: { Message: "?" } } }), "shape"],
    ["an answer over 1 MiB", () => new Response(stream(17, MEBIBYTE / 16)), "too_large"],
    [
      "a declared length over 1 MiB",
      () => new Response("{}", { headers: { "content-length": String(MEBIBYTE + 1) } }),
      "too_large",
    ],
  ])("%s is silence", async ([, answer, reason], { expect }) => {
    const { calls, create } = clientOf(answer);
    expect(await create()).toEqual(silent(reason));
    expect(calls).toHaveLength(1);
  });

  it("an answer of exactly 1 MiB is read", async ({ expect }) => {
    const json = JSON.stringify(CREATED);
    const { create } = clientOf(() => new Response(json + " ".repeat(MEBIBYTE - json.length)));
    expect(await create()).toMatchObject({ ok: true });
  });

  it("a broken connection is silence, and is not repeated", async ({ expect }) => {
    const { calls, create } = clientOf(() => Promise.reject(new TypeError("Network connection lost.")));
    expect(await create()).toEqual(silent("network"));
    expect(calls).toHaveLength(1);
  });

  it("a connection that breaks within the answer is silence", async ({ expect }) => {
    const { create } = clientOf(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('{"Response":'));
              controller.error(new Error("reset"));
            },
          }),
        ),
    );
    expect(await create()).toEqual(silent("network"));
  });

  it("a vendor that never answers is given up after the create call's time limit", async ({ expect }) => {
    const limits = shortTimeLimits();
    const { calls, create } = clientOf(({ request }) => whenAborted(request));
    expect(await create()).toEqual(silent("timeout"));
    expect(limits.mock.calls).toEqual([[CREATE_TIMEOUT_MS]]);
    expect(CREATE_TIMEOUT_MS).toBe(15_000);
    expect(calls).toHaveLength(1);
  });

  it("the time limit begins with the call, not with what comes before it", async ({ expect }) => {
    const order: string[] = [];
    const real = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      order.push(`limit ${ms}`);
      return real(ms);
    });
    const now = () => {
      order.push("signed");
      return NOW_MS;
    };
    const { create } = clientOf(
      () => {
        order.push("called");
        return Response.json(CREATED);
      },
      { now },
    );
    await create();
    expect(order).toEqual(["signed", `limit ${CREATE_TIMEOUT_MS}`, "called"]);
  });

  it("a read is given up sooner, within the vendor's own 5 s for a notification", async ({ expect }) => {
    const limits = shortTimeLimits();
    const { client } = clientOf(({ request }) => whenAborted(request));
    expect(await client.describeTask("t-1")).toEqual(silent("timeout"));
    expect(limits.mock.calls).toEqual([[DESCRIBE_TIMEOUT_MS]]);
    expect(DESCRIBE_TIMEOUT_MS).toBeLessThan(5_000);
  });

  it("an answer that stops in its middle is given up too", async ({ expect }) => {
    shortTimeLimits();
    const { create } = clientOf(
      ({ request }) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('{"Response":'));
              request.signal.addEventListener("abort", () => controller.error(request.signal.reason));
            },
          }),
        ),
    );
    expect(await create()).toEqual(silent("timeout"));
  });
});
