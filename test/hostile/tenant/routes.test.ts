/*
 * Whatever comes in on any route: never a fault of ours, always JSON of the dialect, nothing of the inside, nothing of
 * another owner's, nothing changed there.
 */
import * as fc from "fast-check";
import { beforeEach, describe, it } from "vitest";
import { check, oddText, pathId, sendable } from "../odd.ts";
import { type Arena, calm, routesOf, startArena } from "../support.ts";

const REQUESTS = "/tencent-vod/v1/requests";
const HEADERS =
  "authorization idempotency-key content-type prefer last-event-id if-none-match accept origin range content-encoding " +
  "x-fal-target-url x-fal-request-timeout x-fal-queue-priority x-fal-no-retry x-fal-store-io x-forwarded-host";
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
const TIMEOUT_MS = 60_000;

let arena: Arena;

beforeEach(async () => {
  arena = await startArena();
});

describe("every route", { timeout: TIMEOUT_MS }, () => {
  it("with odd headers, methods and ids", async ({ expect }) => {
    const routes = routesOf(arena.gateway);
    expect(routes.length).toBeGreaterThanOrEqual(15);
    const header = fc
      .tuple(fc.constantFrom(...HEADERS.split(" ")), oddText)
      .filter(([, value]) => value.length < 2000 && sendable(value));
    for (const { path } of routes) {
      await check(
        12,
        fc.asyncProperty(
          fc.constantFrom(...METHODS),
          pathId,
          fc.uniqueArray(header, { maxLength: 4, selector: ([name]) => name }),
          fc.boolean(),
          async (method, id, headers, keyed) => {
            const where = arena.withIds(path.replaceAll(/:\w+/g, () => id));
            await arena.ask(where, {
              method,
              body: "{}",
              headers: Object.fromEntries(headers),
              key: keyed ? "sk-test" : null,
            });
          },
        ),
      );
    }
    // A DELETE of our own task may have been among them; never one of another's.
    await arena.untouched();
  });

  it("read with another owner's id answers as for an id that is not there", async ({ expect }) => {
    const nobodys = "01a1fc4c-0000-7000-8000-000000000000";
    const withId = routesOf(arena.gateway).filter(({ path }) => path.includes(":id"));
    expect(withId.length).toBeGreaterThanOrEqual(6);
    for (const { method, path } of withId) {
      const answerFor = async (id: string) => {
        const json = { headers: { "content-type": "application/json" }, body: '{"prompt":"A paper boat"}' };
        const response = await arena.gateway.request(path.replace(":id", id), {
          method,
          ...(method === "POST" && json),
        });
        return [response.status, (await response.text()).replaceAll(id, "ID")];
      };
      const [status, text] = await answerFor(arena.ids.victim);
      expect([method, path, status, text]).toEqual([method, path, 404, text]);
      expect(await answerFor(nobodys)).toEqual([status, text]);
    }
    await arena.untouched();
  });

  it("paths of any characters", async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "",
        ".",
        "..",
        "//",
        "tencent-vod",
        "v1",
        "requests",
        "fal",
        "proxy",
        "callbacks",
        "vod",
        "status",
        "OWN",
        "VICTIM",
      ),
      fc.webSegment(),
      pathId,
    );
    await check(
      150,
      fc.asyncProperty(
        fc.constantFrom("GET", "POST", "PUT", "DELETE"),
        fc.array(piece, { maxLength: 6 }),
        async (method, pieces) => {
          await arena.ask(arena.withIds(`/${pieces.join("/")}`), { method, body: "[]" });
        },
      ),
    );
    await arena.untouched();
  });

  it("queries of any kind: cursors, limits, dates, words", async () => {
    const names = fc.constantFrom(
      "status",
      "model_name",
      "session_id",
      "created_from",
      "created_to",
      "cursor",
      "limit",
      "logs",
      "wait",
      "fal_max_queue_length",
      "__proto__",
      "Sign",
      "T",
    );
    const date = fc
      .date({ noInvalidDate: false })
      .map((day) => (Number.isNaN(day.getTime()) ? "NaN" : day.toISOString()));
    const value = fc.oneof(
      oddText.filter((text) => text.length < 2000).map((text) => encodeURIComponent(text.toWellFormed())),
      date.map(encodeURIComponent),
      fc.constantFrom(
        "VICTIM",
        "OWN",
        "0",
        "1",
        "100",
        "101",
        "1e1",
        "-1",
        "COMPLETED",
        "queued",
        "%00",
        "%FF",
        "%ED%A0%80",
        "9999-12-31T23:59:59.999999999Z",
        "0000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-21T08:00:00%2B23:59",
      ),
    );
    const targets = [
      REQUESTS,
      `${REQUESTS}/OWN/status`,
      `${REQUESTS}/VICTIM/status`,
      `${REQUESTS}/OWN`,
      "/readyz",
      "/openapi.json",
    ];
    await check(
      200,
      fc.asyncProperty(
        fc.constantFrom(...targets),
        fc.array(fc.tuple(names, value), { maxLength: 4 }),
        async (path, pairs) => {
          await arena.ask(arena.withIds(`${path}?${pairs.map((pair) => pair.join("=")).join("&")}`));
        },
      ),
    );
    await arena.untouched();
  });
});

describe("/fal/proxy", { timeout: TIMEOUT_MS }, () => {
  it("reaches this arena.gateway only, and for the caller only", async () => {
    const host = fc.constantFrom(
      "fal.run",
      "queue.fal.run",
      "fal.ai",
      "fal.ai.evil.test",
      "evil.test",
      "u:p@fal.run",
      "fal.run:1",
      "[::1]",
      "FAL.RUN",
      "fal.run.",
    );
    const piece = fc.oneof(
      fc.constantFrom(
        "",
        "fal",
        "%66al",
        "proxy",
        "tencent-vod",
        "v1",
        "requests",
        "VICTIM",
        "OWN",
        "..",
        "callbacks",
        "readyz",
        "?limit=x",
      ),
      pathId,
    );
    await check(
      150,
      fc.asyncProperty(
        fc.constantFrom("https://", "http://", "//", "ftp://", "javascript:", ""),
        host,
        fc.array(piece, { maxLength: 5 }),
        fc.constantFrom("GET", "POST", "PUT", "DELETE"),
        async (scheme, name, pieces, method) => {
          const target = arena.withIds(`${scheme}${name}/${pieces.join("/")}`);
          if (!sendable(target)) return;
          const response = await arena.gateway.request("/fal/proxy", {
            method,
            headers: { "x-fal-target-url": target, "content-type": "application/json" },
            ...(method !== "GET" && { body: "{}" }),
          });
          // What the proxy itself refuses is no dialect's but fal's.
          const refused = (await response.clone().text()).includes("x-fal-target-url");
          await calm(response, refused ? "/fal/proxy" : new URL(target).pathname);
          if (/evil|::1/.test(name) && !refused) throw new Error(`${target} was not refused.`);
        },
      ),
    );
    await arena.untouched();
  });

  it("gives no more than the caller's own key does", async ({ expect }) => {
    const headers = { "x-fal-target-url": `https://queue.fal.run${REQUESTS}/${arena.ids.victim}` };
    expect((await arena.gateway.get("/fal/proxy", { headers })).status).toBe(404);
    expect((await arena.gateway.get("/fal/proxy", { headers, key: null })).status).toBe(401);
    expect((await arena.gateway.get("/fal/proxy", { headers, key: "sk-victim" })).status).toBe(200);
  });
});
