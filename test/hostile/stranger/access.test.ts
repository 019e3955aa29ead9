/* Who may do what on which route, read off the app's own table of routes: a new route without a guard fails here. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { type Scope, SCOPES } from "../../../src/auth/scopes.ts";
import { addKey, CAR, emulator, type Gateway, startGateway, taskStates } from "../../support/gateway.ts";
import { errorOf, prepare, PUBLIC, routesOf } from "../support.ts";

const LIST = "/tencent-vod/v1/requests";
const VIDEO = "/tencent-vod/v1/aigc-video";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

const guarded = () => routesOf(gateway).filter(({ method, path }) => !PUBLIC.includes(`${method} ${path}`));

function scopeOf(method: string, path: string): Scope {
  if (path.startsWith("/v1/admin/")) return "admin";
  return method === "GET" ? "read" : "submit";
}

describe("every route", () => {
  it("is known to this test as public, or guarded", async ({ expect }) => {
    const names = routesOf(gateway).map(({ method, path }) => `${method} ${path}`);
    expect(names).toEqual(expect.arrayContaining(PUBLIC));
    expect(guarded().length).toBeGreaterThanOrEqual(10);
    for (const { path } of guarded()) expect(path).toMatch(/^\/(tencent-vod\/)?v1\//);
  });

  it("that is guarded wants a key, and exactly one scope of it", async ({ expect }) => {
    const { own } = await prepare(gateway);
    for (const scope of SCOPES) await addKey(`sk-${scope}`, "acme", [scope]);
    await addKey("sk-none", "acme", []);
    await addKey("sk-odd", "acme", ["*", "ADMIN", "submit,read", "root"]);
    for (const { method, path } of guarded()) {
      const target = path.replace(/:\w+/, own);
      const ask = (key: string | null) =>
        gateway.request(target, {
          method,
          key,
          headers: { "content-type": "application/json" },
          ...(method !== "GET" && { body: "{}" }),
        });
      const without = await ask(null);
      expect([method, path, without.status]).toEqual([method, path, 401]);
      expect(errorOf(await without.json())).toMatchObject({ code: "unauthorized" });
      for (const key of ["sk-none", "sk-odd"]) {
        const powerless = await ask(key);
        expect([method, path, powerless.status]).toEqual([method, path, 403]);
        expect(errorOf(await powerless.json())).toMatchObject({ code: "forbidden" });
      }
      const opened = [];
      for (const scope of SCOPES) if ((await ask(`sk-${scope}`)).status !== 403) opened.push(scope);
      expect([method, path, opened]).toEqual([method, path, [scopeOf(method, path)]]);
    }
  });

  it("that is public tells nothing of tasks or owners", async ({ expect }) => {
    const { own, victim } = await prepare(gateway);
    for (const path of ["/healthz", "/readyz", "/openapi.json"]) {
      const text = await (await gateway.get(path, { key: null })).text();
      expect(text).not.toMatch(new RegExp(`${own}|${victim}|acme|victim`));
    }
    expect(await (await gateway.get("/readyz", { key: null })).json()).not.toHaveProperty("queue");
    await addKey("sk-reader", "acme", ["read", "submit"]);
    expect(await (await gateway.get("/readyz", { key: "sk-reader" })).json()).not.toHaveProperty("queue");
  });
});

describe("the request limit", () => {
  /** As through a location of Cloudflare's, where alone the platform counts. */
  const platform = { "cf-ray": "9a1b2c3d4e5f6a7b-FRA" };
  const limiter = (limit: (key: string) => boolean | Promise<boolean>) => {
    const keys: string[] = [];
    const binding: RateLimit = {
      async limit({ key }) {
        keys.push(key);
        return { success: await limit(key) };
      },
    };
    return { keys, env: { RATE_LIMITER: binding } };
  };

  it.for([
    [VIDEO, "detail"],
    ["/v1/video/generations", "error"],
  ] as const)("refuses in the dialect, with a time, and without the vendor: %s", async ([path, member], { expect }) => {
    const { keys, env: bindings } = limiter(() => false);
    gateway = await startGateway({ env: bindings });
    const response = await gateway.post(path, CAR, { headers: platform });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toMatch(/^[1-9]\d?$/);
    expect(await response.json()).toMatchObject({ code: "too_many_requests", [member]: expect.anything() as unknown });
    expect(keys).toEqual(["key-sk-test"]);
    expect(await emulator.calls()).toEqual({});
    expect(await taskStates()).toEqual({});
  });

  it("counts each key by itself, also what it may not do, once through the proxy too", async ({ expect }) => {
    const { keys, env: bindings } = limiter((key) => key !== "key-sk-busy");
    gateway = await startGateway({ env: bindings });
    await addKey("sk-busy", "acme", ["read"]);
    expect((await gateway.get(LIST, { headers: platform })).status).toBe(200);
    expect((await gateway.get(LIST, { headers: platform, key: "sk-busy" })).status).toBe(429);
    expect((await gateway.post(VIDEO, CAR, { headers: platform, key: "sk-busy" })).status).toBe(429);
    const headers = { ...platform, "x-fal-target-url": `https://queue.fal.run${LIST}` };
    expect((await gateway.get("/fal/proxy", { headers })).status).toBe(200);
    expect(keys).toEqual(["key-sk-test", "key-sk-busy", "key-sk-busy", "key-sk-test"]);
  });

  it("does not count who has no key, nor a local run", async ({ expect }) => {
    const { keys, env: bindings } = limiter(() => false);
    gateway = await startGateway({ env: bindings });
    expect((await gateway.get(LIST, { headers: platform, key: null })).status).toBe(401);
    expect((await gateway.get(LIST, { headers: platform, key: "sk-unknown" })).status).toBe(401);
    expect((await gateway.get("/healthz", { headers: platform, key: null })).status).toBe(200);
    expect((await gateway.get(LIST)).status).toBe(200);
    expect(keys).toEqual([]);
  });

  it("that is absent or broken stops nobody", async ({ expect }) => {
    for (const bindings of [{ RATE_LIMITER: undefined }, limiter(() => Promise.reject(new Error("down"))).env]) {
      gateway = await startGateway({ env: bindings as unknown as Partial<Env> });
      expect((await gateway.get(LIST, { headers: platform })).status).toBe(200);
    }
  });

  it("is the binding of wrangler.toml: 600 a minute, then no more", async ({ expect }) => {
    const calls = Array.from({ length: 1_201 }, () => env.RATE_LIMITER.limit({ key: "a" }));
    const allowed = (await Promise.all(calls)).filter(({ success }) => success).length;
    expect(allowed).toBeGreaterThanOrEqual(600);
    // Twice that when a minute ends meanwhile.
    expect(allowed).toBeLessThanOrEqual(1_200);
    expect(await env.RATE_LIMITER.limit({ key: "b" })).toEqual({ success: true });
  });
});
