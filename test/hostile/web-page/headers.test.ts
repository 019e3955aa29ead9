/* What every answer says to browsers, whatever became of the request. */
import { beforeEach, describe, it } from "vitest";
import { CALLBACK, CAR, emulator, type Gateway, startGateway } from "../../support/gateway.ts";
import { prepare } from "../support.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";
const PAGE = "https://page.test";

let gateway: Gateway;
let own: string;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
  ({ own } = await prepare(gateway));
});

const failing = () =>
  startGateway({
    deps: {
      random: () => {
        throw new Error("dry");
      },
    },
  });

type Ask = (gateway: Gateway, own: string) => Promise<Response> | Response;

const ANSWERS: [status: number, name: string, ask: Ask][] = [
  [200, "an accepted task", (g) => g.post(VIDEO, CAR)],
  [200, "a result", (g, id) => g.get(`${REQUESTS}/${id}`)],
  [200, "a stream of events", (g, id) => g.get(`${REQUESTS}/${id}/status/stream`)],
  [200, "the API description", (g) => g.get("/openapi.json", { key: null })],
  [200, "readiness", (g) => g.get("/readyz", { key: null })],
  [
    200,
    "through the proxy",
    (g) => g.get("/fal/proxy", { headers: { "x-fal-target-url": `https://fal.run${REQUESTS}` } }),
  ],
  [
    204,
    "a preflight",
    (g) => g.request(VIDEO, { method: "OPTIONS", headers: { origin: PAGE, "access-control-request-method": "POST" } }),
  ],
  [
    304,
    "a status as known",
    async (g, id) => {
      const etag = (await g.get(`${REQUESTS}/${id}/status`)).headers.get("etag") ?? "";
      return g.get(`${REQUESTS}/${id}/status`, { headers: { "if-none-match": etag } });
    },
  ],
  [400, "bad JSON", (g) => g.post(VIDEO, "{")],
  [401, "no key", (g) => g.post(VIDEO, CAR, { key: null })],
  [401, "a forged event", (g) => g.post(CALLBACK, { EventType: "x" }, { key: null })],
  [404, "no such path", (g) => g.get("/nowhere")],
  [404, "no such callback", (g) => g.post("/callbacks/vod/guess", {}, { key: null })],
  [405, "another method", (g) => g.request(VIDEO, { method: "PATCH" })],
  [409, "a duplicate", (g) => g.post(VIDEO, { ...CAR, session_id: "own-session" })],
  [413, "a body too large", (g) => g.post(VIDEO, "x".repeat(11 * 1024 * 1024))],
  [415, "no JSON", (g) => g.post(VIDEO, "a=1", { headers: { "content-type": "text/plain" } })],
  [422, "a wrong field", (g) => g.post(VIDEO, { ...CAR, seed: "x" })],
  [500, "a failure of ours", async () => (await failing()).post(VIDEO, CAR)],
];

describe("security headers", () => {
  it.for(ANSWERS)("HTTP %d, %s", async ([status, , ask], { expect }) => {
    const response = await ask(gateway, own);
    expect(response.status).toBe(status);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "no-referrer",
      "strict-transport-security": expect.stringMatching(/max-age=\d{7,}/) as string,
    });
    for (const name of ["x-powered-by", "server", "set-cookie"]) expect(headers).not.toHaveProperty(name);
    await response.text();
  });
});

describe("cross-origin access", () => {
  it("is without credentials, and does not repeat the origin", async ({ expect }) => {
    const response = await gateway.get(REQUESTS, { headers: { origin: PAGE } });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  it("is not given for the vendor's callback", async ({ expect }) => {
    for (const method of ["POST", "OPTIONS"]) {
      const response = await gateway.request(CALLBACK, { method, key: null, headers: { origin: PAGE } });
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  it("line breaks in what a client sends make no header of an answer", async ({ expect }) => {
    const response = await gateway.get("/nowhere%0d%0ax-injected:%201?a=%0d%0ax-injected:1");
    expect(response.status).toBe(404);
    expect(response.headers.has("x-injected")).toBe(false);
  });
});
