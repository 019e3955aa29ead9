import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import { createApp } from "../src/app.ts";
import { ConfigError, parseConfig } from "../src/config.ts";
import { platformDeps } from "../src/deps.ts";
import { createServices } from "../src/services.ts";
import { dispatcherClient } from "../src/tasks/dispatcher-client.ts";
import { CALLBACK, ORIGIN } from "./support/gateway.ts";

const REQUIRED = {
  VOD_SUB_APP_ID: "251007502",
  VOD_SECRET_ID: "AKIDtest",
  VOD_SECRET_KEY: "test-secret-key",
  GATEWAY_SECRET: "a root secret of 32 characters...",
};

const problemOf = (variables: object): string => {
  try {
    parseConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "none";
};

const MEGABYTE = 1024 * 1024;

describe("configuration", () => {
  it("needs four variables; the rest has defaults", ({ expect }) => {
    expect(parseConfig(REQUIRED)).toEqual({
      roots: [REQUIRED.GATEWAY_SECRET],
      vod: {
        endpoint: "https://vod.intl.tencentcloudapi.com",
        subAppId: 251007502,
        credentials: { secretId: "AKIDtest", secretKey: "test-secret-key" },
        concurrency: 1,
        requestsPerSecond: 20,
        modelConcurrency: new Map(),
        rereadAfterMs: 180_000,
        connections: 5,
        resendAfterMs: 60_000,
        eventMode: "push",
        defaults: "seeds",
      },
      callbacks: { pathSecrets: { set: [], derived: true }, signKeys: [] },
      limits: { maxWaiting: 5_000, maxWaitingBytes: 500 * MEGABYTE, maxDailyBytes: 20_000 * MEGABYTE, maxStreams: 200 },
      retentionDays: 30,
      media: { origins: [], maxBytes: 512 * MEGABYTE, idleMs: 15_000 },
      modelPolicy: "open",
      local: false,
    });
  });

  it("takes all that can be set, the current one of each pair first", ({ expect }) => {
    const all = {
      ...REQUIRED,
      VOD_ENDPOINT: "http://127.0.0.1:8788",
      VOD_TOKEN: "token",
      VOD_CONCURRENCY: "3",
      VOD_REQUESTS_PER_SECOND: "5",
      VOD_REREAD_SECONDS: "7",
      VOD_CONNECTIONS: "40",
      VOD_RESEND_SECONDS: "90",
      VOD_EVENT_MODE: "pull",
      MAX_WAITING: "11",
      MAX_WAITING_MEGABYTES: "12",
      MAX_DAILY_MEGABYTES: "14",
      MAX_STREAMS: "13",
      RETENTION_DAYS: "9",
      INPUT_RETENTION_DAYS: "0",
      MEDIA_ORIGINS: " http://store.example.test , https://127.0.0.1:8443/",
      MEDIA_MAX_MEGABYTES: "14",
      MEDIA_IDLE_SECONDS: "15",
      FOREIGN_IDS: "allow",
      MODEL_POLICY: "strict",
      VOD_DEFAULTS: "vendor",
      VOD_MODEL_CONCURRENCY: '{"Kling":2,"Vidu/q3-pro":1}',
      VOD_SIGN_KEY: "sign",
      VOD_SIGN_KEY_PREVIOUS: "sign-before",
      GATEWAY_SECRET_PREVIOUS: "root-before",
      CALLBACK_SECRET: "callback",
      CALLBACK_SECRET_PREVIOUS: "callback-before",
      GATEWAY_LOCAL: "1",
      DISPATCHER_LOCATION: "apac",
      PUBLIC_URL: "https://video.example.test/",
    };
    expect(parseConfig(all)).toEqual({
      roots: [REQUIRED.GATEWAY_SECRET, "root-before"],
      vod: {
        endpoint: "http://127.0.0.1:8788",
        subAppId: 251007502,
        credentials: { secretId: "AKIDtest", secretKey: "test-secret-key", token: "token" },
        concurrency: 3,
        requestsPerSecond: 5,
        modelConcurrency: new Map([
          ["Kling", 2],
          ["Vidu/q3-pro", 1],
        ]),
        rereadAfterMs: 7_000,
        connections: 40,
        resendAfterMs: 90_000,
        eventMode: "pull",
        defaults: "vendor",
      },
      callbacks: {
        pathSecrets: { set: ["callback", "callback-before"], derived: false },
        signKeys: ["sign", "sign-before"],
      },
      limits: { maxWaiting: 11, maxWaitingBytes: 12 * MEGABYTE, maxDailyBytes: 14 * MEGABYTE, maxStreams: 13 },
      retentionDays: 9,
      inputRetentionDays: 0,
      media: {
        origins: ["http://store.example.test", "https://127.0.0.1:8443", "http://127.0.0.1:8788"],
        maxBytes: 14 * MEGABYTE,
        idleMs: 15_000,
      },
      foreignIds: "allow",
      modelPolicy: "strict",
      publicUrl: "https://video.example.test",
      local: true,
    });
  });

  it("an optional variable that is empty is not set", ({ expect }) => {
    const empty = {
      VOD_TOKEN: "",
      VOD_SIGN_KEY: " ",
      VOD_SIGN_KEY_PREVIOUS: "",
      GATEWAY_SECRET_PREVIOUS: "",
      CALLBACK_SECRET: " ",
      CALLBACK_SECRET_PREVIOUS: "",
      GATEWAY_LOCAL: "",
      VOD_EVENT_MODE: "",
      DISPATCHER_LOCATION: "",
      PUBLIC_URL: "",
    };
    expect(parseConfig({ ...REQUIRED, ...empty })).toEqual(parseConfig(REQUIRED));
  });

  it("the previous sign key alone still verifies, while a rotation runs", ({ expect }) => {
    const config = parseConfig({ ...REQUIRED, VOD_SIGN_KEY_PREVIOUS: "sign-before" });
    expect(config.callbacks.signKeys).toEqual(["sign-before"]);
  });

  it("secrets lose the white space that a terminal adds", ({ expect }) => {
    const config = parseConfig({ ...REQUIRED, VOD_SECRET_ID: " AKIDtest\n", VOD_SECRET_KEY: "test-secret-key\r\n" });
    expect(config.vod.credentials).toEqual({ secretId: "AKIDtest", secretKey: "test-secret-key" });
  });

  it.for(Object.keys(REQUIRED))("says that %s is not set", (name, { expect }) => {
    expect(problemOf({ ...REQUIRED, [name]: undefined })).toBe(`The gateway is not configured: ${name} is not set.`);
  });

  it("names every variable that is missing, in one message", ({ expect }) => {
    expect(problemOf({})).toBe(
      "The gateway is not configured: " +
        "VOD_SUB_APP_ID is not set; VOD_SECRET_ID is not set; VOD_SECRET_KEY is not set; GATEWAY_SECRET is not set.",
    );
  });

  it.for([
    ["VOD_SUB_APP_ID", "hunter2"],
    ["VOD_SUB_APP_ID", "12.75"],
    ["VOD_SUB_APP_ID", "-987654"],
    ["VOD_SUB_APP_ID", "0"],
    ["VOD_SUB_APP_ID", ""],
    ["VOD_SECRET_ID", ""],
    ["VOD_SECRET_ID", "   "],
    ["VOD_SECRET_KEY", ""],
    ["VOD_SECRET_KEY", "\n"],
    ["GATEWAY_SECRET", ""],
    ["GATEWAY_SECRET", "hunter2"],
    ["GATEWAY_SECRET", "x".repeat(31)],
    ["GATEWAY_SECRET_PREVIOUS", "hunter2"],
    ["CALLBACK_SECRET", "hunter2"],
    ["CALLBACK_SECRET_PREVIOUS", "hunter2"],
    ["CALLBACK_SECRET", REQUIRED.GATEWAY_SECRET],
    ["CALLBACK_SECRET_PREVIOUS", REQUIRED.GATEWAY_SECRET],
    ["GATEWAY_LOCAL", "hunter2"],
    ["VOD_ENDPOINT", ""],
    ["VOD_ENDPOINT", "hunter2.example.test"],
    ["VOD_ENDPOINT", "ftp://hunter2.example.test"],
    ["PUBLIC_URL", "hunter2"],
    ["PUBLIC_URL", "javascript:hunter2"],
    ["VOD_EVENT_MODE", "PULL"],
    ["MODEL_POLICY", "OPEN"],
    ["FOREIGN_IDS", "hunter2"],
    ["MEDIA_ORIGINS", "hunter2.example.test"],
    ["MEDIA_ORIGINS", "https://hunter2.example.test/files"],
    ["MEDIA_ORIGINS", "https://a.test,file:///hunter2"],
    ["VOD_DEFAULTS", "hunter2"],
    ["DISPATCHER_LOCATION", "hunter2"],
    ["VOD_EVENT_MODE", "hunter2"],
    ...[
      "VOD_CONCURRENCY",
      "VOD_REQUESTS_PER_SECOND",
      "VOD_REREAD_SECONDS",
      "VOD_CONNECTIONS",
      "VOD_RESEND_SECONDS",
      "MAX_WAITING",
      "MAX_WAITING_MEGABYTES",
      "MAX_DAILY_MEGABYTES",
      "MAX_STREAMS",
      "RETENTION_DAYS",
    ].flatMap((name) => ["0", "-987654", "12.75", "hunter2"].map((value) => [name, value] as const)),
    ["VOD_CONNECTIONS", "987654"],
    ["INPUT_RETENTION_DAYS", "-987654"],
    ["INPUT_RETENTION_DAYS", "12.75"],
  ] as const)("refuses %s=%j by its name, without its value", ([name, value], { expect }) => {
    const message = problemOf({ ...REQUIRED, [name]: value });
    expect(message.startsWith(`The gateway is not configured: ${name} `)).toBe(true);
    expect(message).not.toContain(";");
    for (const secret of ["hunter2", "12.75", "987654", ...Object.values(REQUIRED)]) {
      expect(message).not.toContain(secret);
    }
  });

  it("a gateway without its secrets says so on every path, calls nobody, and keeps the others to itself", async ({
    expect,
  }) => {
    const calls: string[] = [];
    const fetch = async (request: Request) => {
      calls.push(request.url);
      return new Response();
    };
    const deps = { ...platformDeps, fetch };
    const app = createApp((bindings) =>
      createServices({ env: bindings, deps, dispatcher: dispatcherClient(bindings, deps) }),
    );
    const broken = { ...env, VOD_SECRET_KEY: undefined };
    for (const path of ["/healthz", "/tencent-vod/v1/requests", CALLBACK]) {
      const response = await app.fetch(new Request(`${ORIGIN}${path}`), broken);
      expect(response.status).toBe(500);
      const message = "The gateway is not configured: VOD_SECRET_KEY is not set.";
      expect(await response.json()).toEqual({ detail: message, message, code: "not_configured" });
    }
    expect(calls).toEqual([]);
  });
});
