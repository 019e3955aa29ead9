/* What a page of another origin may send and read; browsers decide it by these headers alone. */
import { beforeEach, describe, it } from "vitest";
import { CALLBACK, CAR, emulator, type Gateway, startGateway } from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";
const PAGE = "https://page.test";
const PROXY = "/fal/proxy";

/** Whatever fal's and OpenAI's clients send from a page, and what a page may add for deduplication, waiting, resuming. */
const SENT = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-none-match",
  "last-event-id",
  "openai-organization",
  "openai-project",
  "prefer",
  "range",
  "x-fal-no-retry",
  "x-fal-object-lifecycle-preference",
  "x-fal-queue-priority",
  "x-fal-request-timeout",
  "x-fal-runner-hint",
  "x-fal-store-io",
  "x-fal-target-url",
  "x-stainless-arch",
  "x-stainless-custom-poll-interval",
  "x-stainless-helper-method",
  "x-stainless-lang",
  "x-stainless-os",
  "x-stainless-package-version",
  "x-stainless-poll-helper",
  "x-stainless-retry-count",
  "x-stainless-runtime",
  "x-stainless-runtime-version",
  "x-stainless-timeout",
];
const READ = [
  "content-disposition",
  "content-range",
  "etag",
  "idempotent-replayed",
  "openai-poll-after-ms",
  "retry-after",
  "x-fal-request-id",
  "x-fal-request-timeout-type",
  "x-reelgate-warnings",
  "x-should-retry",
];

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

const named = (response: Response, header: string) =>
  (response.headers.get(header) ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .toSorted();

const corsHeaders = (response: Response) =>
  [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));

const preflight = (path: string, method: string) =>
  gateway.request(path, {
    key: null,
    method: "OPTIONS",
    headers: {
      origin: PAGE,
      "access-control-request-method": method,
      "access-control-request-headers": SENT.join(", "),
    },
  });

describe("a preflight", () => {
  it.for([
    ["POST", VIDEO],
    ["POST", "/v1/video/generations"],
    ["GET", REQUESTS],
    ["GET", `${REQUESTS}/abc/status/stream`],
    ["PUT", `${REQUESTS}/abc/cancel`],
    ["PUT", PROXY],
  ] as const)("allows %s %s, without a key", async ([method, path], { expect }) => {
    const response = await preflight(path, method);
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    expect(response.headers.get("access-control-max-age")).toBe("7200");
    expect(named(response, "access-control-allow-methods")).toContain(method.toLowerCase());
    expect(named(response, "access-control-allow-headers")).toEqual(SENT);
    expect(await emulator.calls()).toEqual({});
  });

  it("is nothing to the vendor's callback route", async ({ expect }) => {
    const response = await preflight(CALLBACK, "POST");
    expect(response.status).toBe(405);
    expect(corsHeaders(response)).toEqual([]);
  });
});

describe("an answer", () => {
  const headers = { origin: PAGE };

  it("can be read by a page, and so can the headers clients go by", async ({ expect }) => {
    const submitted = await gateway.post(VIDEO, CAR, { headers });
    expect(submitted.status).toBe(200);
    expect(submitted.headers.get("access-control-allow-origin")).toBe("*");
    expect(submitted.headers.get("access-control-allow-credentials")).toBeNull();
    expect(named(submitted, "access-control-expose-headers")).toEqual(READ);
    // It binds only requests outside CORS, such as an <img>; it must not say more than that.
    expect(submitted.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });

  it("can be read when it is an error, of whatever kind", async ({ expect }) => {
    const answers = [
      await gateway.post(VIDEO, {}, { headers }),
      await gateway.get(REQUESTS, { headers, key: null }),
      await gateway.get("/nowhere", { headers }),
      await gateway.request(VIDEO, { method: "DELETE", headers }),
      await gateway.get(PROXY, { headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 401, 404, 405, 400]);
    for (const answer of answers) {
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect(named(answer, "access-control-expose-headers")).toEqual(READ);
    }
  });

  it("can be read when it is a 304 that the page asked for", async ({ expect }) => {
    const { request_id: id } = await (await gateway.post(VIDEO, CAR)).json<{ request_id: string }>();
    const etag = (await gateway.get(`${REQUESTS}/${id}/status`)).headers.get("etag") ?? "";
    const same = await gateway.get(`${REQUESTS}/${id}/status`, { headers: { ...headers, "if-none-match": etag } });
    expect(same.status).toBe(304);
    expect(same.headers.get("access-control-allow-origin")).toBe("*");
    expect(named(same, "access-control-expose-headers")).toEqual(READ);
    expect([same.headers.get("etag"), same.headers.get("x-fal-request-id")]).toEqual([etag, id]);
  });

  it("names the origin once when it comes through the proxy", async ({ expect }) => {
    const response = await gateway.get(PROXY, {
      headers: { ...headers, "x-fal-target-url": `https://queue.fal.run${REQUESTS}` },
    });
    expect([response.status, await response.json()]).toEqual([200, { requests: [], next_cursor: null }]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(named(response, "access-control-expose-headers")).toEqual(READ);
  });

  it("of the callback route can be read by no page", async ({ expect }) => {
    const response = await gateway.post(CALLBACK, "not an event", { headers, key: null });
    expect(response.status).toBe(400);
    expect(corsHeaders(response)).toEqual([]);
  });
});
