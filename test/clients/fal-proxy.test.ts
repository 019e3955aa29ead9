/*
 * The proxy mode of fal's client, which is how it works in a page: each request goes to one URL, with the same method
 * and its real target in a header. The gateway takes path and query of that target and answers them itself.
 *
 * The client sends `authorization` in this mode only when it has `credentials`, and a page usually gives it none (the
 * client warns of it). A proxy of fal's own kind would then add its owner's key. This one adds nothing: the page passes
 * a key of its user's, by a `requestMiddleware` that sets the header.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createFalClient } from "@fal-ai/client";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { call } from "../../scripts/lib/http.ts";
import { paidFor, VIDEO_PATH, videoRequest } from "../e2e/support/aigc.ts";
import { bootStack, type TestStack } from "../e2e/support/stack.ts";
import { byProxy, ENDPOINT, FILE, reached, recorder, refusal, watch, withKey } from "./support/fal.ts";

const TASK_SECONDS = 0.3;
const REQUESTS = "/tencent-vod/v1/requests";

let stack: TestStack;
let proxyUrl: string;

beforeAll(async () => {
  stack = await bootStack();
  await stack.vendor.configure({ task_seconds: TASK_SECONDS });
  proxyUrl = `${stack.gatewayUrl}/fal/proxy`;
});

afterAll(() => stack?.stop());

describe("in a page", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** What the client takes for a page. */
  const openPage = () => vi.stubGlobal("window", { document: {} });

  it("without credentials the client sends no key, and is told so", async () => {
    openPage();
    const fal = createFalClient({ proxyUrl });
    const error = await refusal(fal.queue.submit(ENDPOINT, { input: videoRequest("from nobody") }));
    expect([error.status, error.body["code"]]).toEqual([401, "unauthorized"]);
    expect(error.message).toMatch(/API key is required/);
    expect(await paidFor(stack, "from nobody")).toHaveLength(0);
  });

  it.each(["polling", "streaming"] as const)("with a key from requestMiddleware it subscribes by %s", async (mode) => {
    openPage();
    const urls: string[] = [];
    const fal = createFalClient({
      proxyUrl,
      requestMiddleware: withKey(stack.apiKey),
      fetch: async (input, init) => {
        const request = new Request(input, init);
        urls.push(request.url);
        return fetch(request);
      },
    });
    const { seen, note } = recorder();
    const { data, requestId } = await fal.subscribe(ENDPOINT, {
      input: videoRequest(`from a page by ${mode}`),
      mode,
      onQueueUpdate: note,
    });
    expect(data).toMatchObject({ request_id: requestId, video: FILE });
    expect(seen.statuses.at(-1)).toBe("COMPLETED");
    expect(new Set(urls)).toEqual(new Set([proxyUrl]));
  });
});

describe("a request through the proxy", () => {
  it("POST, GET, an event stream and PUT are answered as without it", async () => {
    const fal = byProxy({ url: stack.gatewayUrl, apiKey: stack.apiKey });
    const submitted = await fal.queue.submit(ENDPOINT, { input: videoRequest("through and back") });
    const requestId = submitted.request_id;
    // The URLs are the gateway's own: they lead to the same task without the proxy.
    expect(submitted.response_url).toBe(`${stack.gatewayUrl}${REQUESTS}/${requestId}`);
    await reached(fal, requestId, "COMPLETED");
    const direct = await stack.get(`${REQUESTS}/${requestId}/status?logs=1`);
    expect((await watch(fal, requestId, true)).last).toEqual(direct.body);
    expect(await fal.queue.status(ENDPOINT, { requestId, logs: true })).toEqual(direct.body);
    expect((await fal.queue.result(ENDPOINT, { requestId })).data).toEqual(
      (await stack.get(`${REQUESTS}/${requestId}`)).body,
    );
    const error = await refusal(fal.queue.cancel(ENDPOINT, { requestId }));
    expect([error.status, error.body["status"]]).toEqual([400, "ALREADY_COMPLETED"]);
  });

  it("an event stream arrives while the task goes on, not at its end", async () => {
    const fal = byProxy({ url: stack.gatewayUrl, apiKey: stack.apiKey });
    await stack.vendor.configure({ task_seconds: 2 });
    const { request_id: requestId } = await fal.queue.submit(ENDPOINT, { input: videoRequest("slowly through") });
    await stack.vendor.configure({ task_seconds: TASK_SECONDS });
    const stream = await fal.queue.streamStatus(ENDPOINT, { requestId });
    const first = await new Promise((resolve) => stream.on("data", resolve));
    expect(first).toMatchObject({ status: "IN_PROGRESS" });
    expect((await stack.get(`${REQUESTS}/${requestId}/status`)).status).toBe(202);
    expect(await stream.done()).toMatchObject({ status: "COMPLETED" });
    await reached(fal, requestId, "COMPLETED");
  });
});

describe("a target", () => {
  let foreign: Server;
  let foreignHost: string;
  let connections = 0;

  beforeAll(async () => {
    foreign = createServer((_request, response) => response.end("{}"));
    foreign.on("connection", () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve));
    foreignHost = `127.0.0.1:${(foreign.address() as AddressInfo).port}`;
  });

  afterAll(() => new Promise((resolve) => foreign?.close(resolve)));

  const through = (target: string | undefined, method = "GET", json?: unknown) =>
    call(proxyUrl, {
      method,
      apiKey: stack.apiKey,
      json,
      ...(target !== undefined && { headers: { "x-fal-target-url": target } }),
    });

  const foreignTargets: [string, () => string][] = [
    ["of another host", () => `http://${foreignHost}${REQUESTS}`],
    ["with fal.run as its user", () => `http://fal.run@${foreignHost}${REQUESTS}`],
    ["with fal.run in its query", () => `http://${foreignHost}${REQUESTS}?to=queue.fal.run`],
    ["with fal.run before the host's end", () => `http://queue.fal.run.localhost:${foreignHost.split(":")[1]}/`],
    ["whose host only ends in the same letters", () => `https://notfal.run${REQUESTS}`],
    ["of the gateway itself", () => `${stack.gatewayUrl}${REQUESTS}`],
    ["without a host", () => REQUESTS],
    ["that is no URL", () => "queue fal run"],
    ["that is empty", () => ""],
  ];

  it.each(foreignTargets)("%s is refused, whatever the method, and never fetched", async (_, target) => {
    for (const method of ["GET", "POST", "PUT"]) {
      const answer = await through(target(), method, method === "GET" ? undefined : videoRequest("for a foreign host"));
      expect(answer.status).toBe(400);
      expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
      expect(answer.body).toMatchObject({
        code: "bad_request",
        detail: expect.stringContaining("x-fal-target-url"),
        message: expect.stringContaining("x-fal-target-url"),
      });
    }
    expect(connections).toBe(0);
    expect(await paidFor(stack, "for a foreign host")).toHaveLength(0);
  });

  it("that is missing is refused", async () => {
    const answer = await through(undefined);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "bad_request", detail: expect.stringContaining("x-fal-target-url") });
  });

  it("that is the proxy again is refused", async () => {
    expect((await through("https://fal.run/fal/proxy")).status).toBe(400);
  });

  it.each(["https://queue.fal.run", "https://fal.run", "https://rest.fal.ai", "https://queue.fal.run:8443"])(
    "of %s gives path and query, nothing else",
    async (origin) => {
      const answer = await through(`${origin}${REQUESTS}?limit=0`);
      expect([answer.status, answer.body]).toMatchObject([422, { detail: [{ loc: ["query", "limit"] }] }]);
      expect(await through(`${origin}${REQUESTS}?session_id=${encodeURIComponent("no such/session")}`)).toMatchObject({
        status: 200,
        body: { requests: [] },
      });
    },
  );

  it("whose path begins like another host's stays a path", async () => {
    for (const path of [`//${foreignHost}${VIDEO_PATH}`, `/\\${foreignHost}${VIDEO_PATH}`, "//", "//:0"]) {
      const answer = await through(`https://queue.fal.run${path}`, "POST", videoRequest("for a path like a host"));
      expect([path, answer.status, answer.body]).toMatchObject([path, 404, { code: "not_found" }]);
    }
    expect(connections).toBe(0);
    expect(await paidFor(stack, "for a path like a host")).toHaveLength(0);
  });

  it("may be a path that needs no key, or one that is not there", async () => {
    expect((await through("https://fal.run/healthz")).status).toBe(200);
    expect((await through("https://fal.run/nowhere")).status).toBe(404);
    expect((await through(`https://fal.run${VIDEO_PATH}`, "DELETE")).status).toBe(405);
  });
});
