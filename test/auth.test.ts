import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { API_KEY_CACHE_MS, createKeyRing } from "../src/auth/key-ring.ts";
import { addKey, CAR, emulator, type Gateway, startGateway } from "./support/gateway.ts";

const LIST = "/tencent-vod/v1/requests";
const VIDEO = "/tencent-vod/v1/aigc-video";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

const listWith = (authorization: string) => gateway.get(LIST, { key: null, headers: { authorization } });

const revoke = (key: string) =>
  env.DB.prepare("UPDATE api_keys SET revoked_at = 1 WHERE id = ?1").bind(`key-${key}`).run();

describe("API keys", () => {
  it.for(["Bearer sk-test", "Key sk-test", "bearer sk-test", "KEY sk-test", "  Bearer   sk-test  ", "sk-test"])(
    "%j is accepted",
    async (header, { expect }) => {
      expect((await listWith(header)).status).toBe(200);
    },
  );

  it.for([
    "Bearer sk-other",
    "Bearer sk-tes",
    "Bearer sk-test2",
    "Bearer SK-TEST",
    "Bearer",
    "Bearer ",
    "sk-other",
    "Basic sk-test",
    "Bearer: sk-test",
    "Bearer sk-test extra",
    "Bearer ' OR 1=1 --",
    `Bearer ${"k".repeat(257)}`,
  ])("%j is refused", async (header, { expect }) => {
    const response = await listWith(header);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    const message = "This API key is unknown or revoked.";
    expect(await response.json()).toEqual({ detail: message, message, code: "unauthorized" });
  });

  it("a request without a key is told how to send one", async ({ expect }) => {
    const response = await gateway.get(LIST, { key: null });
    expect(response.status).toBe(401);
    const message = 'An API key is required: send the header "authorization: Bearer <key>" (or "Key <key>").';
    expect(await response.json()).toEqual({ detail: message, message, code: "unauthorized" });
  });

  it("the hash that the database holds is no key", async ({ expect }) => {
    const hash = await env.DB.prepare("SELECT key_hash FROM api_keys").first<string>("key_hash");
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await listWith(`Bearer ${hash}`)).status).toBe(401);
  });

  it("a revoked key is refused, at the latest when its time in memory is over", async ({ expect }) => {
    expect((await gateway.get(LIST)).status).toBe(200);
    await revoke("sk-test");
    gateway.clock.offsetMs = API_KEY_CACHE_MS + 1;
    expect((await gateway.get(LIST)).status).toBe(401);
    expect(API_KEY_CACHE_MS).toBeLessThanOrEqual(60_000);
  });

  it("a key that was revoked before it was ever seen is refused at once", async ({ expect }) => {
    await revoke("sk-test");
    expect((await gateway.get(LIST)).status).toBe(401);
  });

  it("a key that is created after it was refused is accepted at once", async ({ expect }) => {
    expect((await gateway.get(LIST, { key: "sk-late" })).status).toBe(401);
    await addKey("sk-late", "acme", ["read"]);
    expect((await gateway.get(LIST, { key: "sk-late" })).status).toBe(200);
  });

  it("a known key is looked up once within its time in memory", async ({ expect }) => {
    let now = 0;
    let lookups = 0;
    const { store, deps, dispatcher } = gateway.services;
    const counting = {
      ...store,
      apiKeys: {
        ...store.apiKeys,
        findByHash: (hash: string) => {
          lookups++;
          return store.apiKeys.findByHash(hash);
        },
      },
    };
    const ring = createKeyRing({ store: counting, deps: { ...deps, now: () => now }, dispatcher });
    for (now of [0, 1, API_KEY_CACHE_MS - 1]) {
      expect(await ring.identify("Bearer sk-test")).toMatchObject({ owner: "acme", keyId: "key-sk-test" });
    }
    expect(lookups).toBe(1);
    now = API_KEY_CACHE_MS;
    await ring.identify("Bearer sk-test");
    expect(lookups).toBe(2);
  });
});

const refusal = (scope: string) => {
  const message = `This API key does not have the scope "${scope}".`;
  return { detail: message, message, code: "forbidden" };
};

describe("scopes", () => {
  it("a key for reading cannot submit, and nothing reaches the vendor", async ({ expect }) => {
    await addKey("sk-reader", "acme", ["read"]);
    for (const path of [VIDEO, "/tencent-vod/v1/aigc-image"]) {
      const response = await gateway.post(path, CAR, { key: "sk-reader" });
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual(refusal("submit"));
    }
    expect(await emulator.calls()).toEqual({});
    expect((await gateway.get(LIST, { key: "sk-reader" })).status).toBe(200);
  });

  it("a key for submitting cannot read", async ({ expect }) => {
    await addKey("sk-writer", "acme", ["submit"]);
    const submitted = await gateway.post(VIDEO, CAR, { key: "sk-writer" });
    expect(submitted.status).toBe(200);
    const { request_id: id } = await submitted.json<{ request_id: string }>();
    for (const path of [LIST, `${LIST}/${id}`, `${LIST}/${id}/status`, `/tencent-vod/v1/query/${id}`]) {
      const response = await gateway.get(path, { key: "sk-writer" });
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual(refusal("read"));
    }
  });

  it("words that are no scope open nothing", async ({ expect }) => {
    await addKey("sk-odd", "acme", ["reads", "*", "SUBMIT"]);
    expect((await gateway.get(LIST, { key: "sk-odd" })).status).toBe(403);
    expect((await gateway.post(VIDEO, CAR, { key: "sk-odd" })).status).toBe(403);
  });

  it("health and API description need no key", async ({ expect }) => {
    expect(await (await gateway.get("/healthz", { key: null })).json()).toEqual({ status: "ok" });
    expect((await gateway.get("/openapi.json", { key: null })).status).toBe(200);
  });
});
