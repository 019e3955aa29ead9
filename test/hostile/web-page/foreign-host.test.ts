/*
 * Requests under a name that is not the gateway's: of a page that has had its own name point here (DNS rebinding), or of
 * somebody who wants answers with URLs of his own.
 */
import { beforeEach, describe, it } from "vitest";
import { CALLBACK, CAR, emulator, type Json, ORIGIN, startGateway } from "../../support/gateway.ts";

beforeEach(() => emulator.reset());

const VIDEO = "/tencent-vod/v1/aigc-video";
const PUBLIC_URL = "https://video.example.com";
const LOCAL = { GATEWAY_LOCAL: "1" };
const FOREIGN = [
  "https://evil.test",
  "https://workers.dev",
  "https://reelgate.workers.dev.evil.test",
  "https://evilworkers.dev",
  "http://10.0.0.1:8787",
];
const FOREIGN_LOCALLY = [
  ...FOREIGN,
  ORIGIN,
  "http://evil.test:8787",
  "http://localhost.evil.test",
  "http://127.0.0.1.evil.test:8787",
  "http://evil.localhost:8787",
];

/** With a good key and a good body: 200 where the name is right. */
async function answers(bindings: Json, origins: string[], path = VIDEO): Promise<[string, number][]> {
  const gateway = await startGateway({ env: bindings });
  return Promise.all(
    origins.map(async (origin) => [origin, (await gateway.post(`${origin}${path}`, CAR)).status] as [string, number]),
  );
}

const all = (origins: string[], status: number) => origins.map((origin) => [origin, status]);

describe("a deployed gateway", () => {
  it("without a PUBLIC_URL takes requests under names of the platform only", async ({ expect }) => {
    expect(await answers({}, FOREIGN)).toEqual(all(FOREIGN, 421));
    expect(await emulator.calls()).toEqual({});
    expect(await answers({}, [ORIGIN])).toEqual(all([ORIGIN], 200));
  });

  it("with one takes any, and no answer repeats the name", async ({ expect }) => {
    const gateway = await startGateway({ env: { PUBLIC_URL } });
    for (const origin of FOREIGN) {
      const answer = await gateway.post(`${origin}${VIDEO}`, CAR);
      expect(answer.status).toBe(200);
      expect((await answer.json<{ status_url: string }>()).status_url.startsWith(`${PUBLIC_URL}/`)).toBe(true);
    }
  });

  it("says it on every path, in the words of each dialect, and calls nobody", async ({ expect }) => {
    const gateway = await startGateway();
    const at = (path: string) => `https://evil.test${path}`;
    const message =
      "This gateway answers under its workers.dev name only. To serve it under another name, set PUBLIC_URL.";
    const code = "misdirected_request";
    for (const path of ["/healthz", "/readyz", "/openapi.json", VIDEO, CALLBACK, "/fal/proxy", "/nowhere"]) {
      const answer = await gateway.post(at(path), CAR);
      expect([path, answer.status, await answer.json()]).toEqual([path, 421, { detail: message, message, code }]);
    }
    for (const path of ["/v1/videos", "/v1/video/generations"]) {
      const answer = await gateway.post(at(path), CAR);
      expect([answer.status, await answer.json()]).toMatchObject([421, { error: { message, code } }]);
    }
    const tencent = await gateway.post(at("/"), {}, { key: null });
    expect(await tencent.json()).toMatchObject({ Response: { Error: { Code: "InvalidRequest", Message: message } } });
    expect(await emulator.calls()).toEqual({});
  });
});

describe("a gateway on one's own machine", () => {
  it("takes requests under the names of that machine only", async ({ expect }) => {
    expect(await answers(LOCAL, FOREIGN_LOCALLY)).toEqual(all(FOREIGN_LOCALLY, 421));
    expect(await emulator.calls()).toEqual({});
    const own = ["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787", "http://LOCALHOST"];
    expect(await answers(LOCAL, own)).toEqual(all(own, 200));
  });

  it("and under that of its PUBLIC_URL, for a tunnel to it", async ({ expect }) => {
    const bindings = { ...LOCAL, PUBLIC_URL };
    expect(await answers(bindings, FOREIGN_LOCALLY)).toEqual(all(FOREIGN_LOCALLY, 421));
    const own = [PUBLIC_URL, "http://localhost:8787"];
    expect(await answers(bindings, own)).toEqual(all(own, 200));
  });
});
