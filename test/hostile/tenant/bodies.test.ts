/*
 * Whatever comes in as a body: never a fault of ours, always JSON of the dialect, nothing of the inside, nothing of
 * another owner's, nothing changed there, and no call to the vendor for a request that is refused.
 */
import * as fc from "fast-check";
import { beforeEach, describe, it } from "vitest";
import type { Json } from "../../support/gateway.ts";
import { check, HARD, jsonOf, oddText, oddValue } from "../odd.ts";
import { type Arena, calm, fieldsOf, put, startArena, SUBMISSIONS, VICTIM_KEY, VICTIM_SESSION } from "../support.ts";

const REQUESTS = "/tencent-vod/v1/requests";
const TIMEOUT_MS = 60_000;

let arena: Arena;

beforeEach(async () => {
  arena = await startArena();
});

describe("bodies", { timeout: TIMEOUT_MS }, () => {
  it.for(SUBMISSIONS)("with an odd value at any known field: %s", async ([path, body], { expect }) => {
    const fields = await fieldsOf(arena.gateway, path);
    expect(fields.length).toBeGreaterThanOrEqual(10);
    const odd = fc.array(fc.tuple(fc.constantFrom(...fields), oddValue), { minLength: 1, maxLength: 3 });
    await check(
      170,
      fc.asyncProperty(odd, async (changes) => {
        const changed = changes.reduce((whole: unknown, [place, value]) => put(whole, place, value), body);
        await arena.submit(path, jsonOf(changed));
      }),
    );
    expect([...arena.statuses].toSorted((a, b) => a - b)).toEqual([200, path.startsWith("/v1/") ? 400 : 422]);
    await arena.untouched();
  });

  it.for(SUBMISSIONS)("with each hard value at each known field: %s", async ([path, body]) => {
    for (const place of await fieldsOf(arena.gateway, path)) {
      for (const value of HARD) await arena.submit(path, jsonOf(put(body, place, value)));
    }
    await arena.untouched();
  });

  it("of any JSON, or with unknown members", async () => {
    const submission = fc.constantFrom(...SUBMISSIONS);
    const member = fc.tuple(
      oddText.filter((name) => name.length < 1000),
      oddValue,
    );
    await check(
      120,
      fc.asyncProperty(
        submission,
        fc.boolean(),
        oddValue,
        fc.array(member, { maxLength: 3 }),
        ([path, body], bare, value, members) =>
          arena.submit(path, bare ? jsonOf(value) : jsonOf({ ...body, ...Object.fromEntries(members) })),
      ),
    );
    await arena.untouched();
  });

  it("of any bytes, and of good JSON with bytes changed", async () => {
    const splice = fc.record({
      where: fc.double({ min: 0, max: 1, noNaN: true }),
      bytes: fc.uint8Array({ maxLength: 8 }),
    });
    await check(
      120,
      fc.asyncProperty(
        fc.constantFrom(...SUBMISSIONS),
        fc.option(splice),
        fc.uint8Array({ maxLength: 200 }),
        ([path, body], change, raw) => {
          if (!change) return arena.submit(path, raw);
          const good = new TextEncoder().encode(JSON.stringify(body));
          const from = Math.floor(change.where * good.length);
          good.set(change.bytes.subarray(0, good.length - from), from);
          return arena.submit(path, good);
        },
      ),
    );
    await arena.untouched();
  });

  it("of another media type, or none", async () => {
    const type = fc.constantFrom(
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "multipart/form-data; boundary=x",
      "application/json; charset=utf-16",
      "application/vnd.api+json",
      "APPLICATION/JSON",
      "application/json, text/html",
      "application/jsonx",
      "*/*",
      "",
      ";",
    );
    await check(
      60,
      fc.asyncProperty(fc.constantFrom(...SUBMISSIONS), type, oddValue, ([path], contentType, value) =>
        arena.submit(path, jsonOf(value), { "content-type": contentType }),
      ),
    );
  });

  it("that name another owner's session_id or Idempotency-Key meet nothing of theirs", async ({ expect }) => {
    const [path, body] = SUBMISSIONS[0] ?? ["", {}];
    const mine = await arena.gateway.post(
      path,
      { ...body, session_id: VICTIM_SESSION },
      { headers: { "idempotency-key": VICTIM_KEY } },
    );
    expect(mine.status).toBe(200);
    expect(mine.headers.get("idempotent-replayed")).toBeNull();
    expect((await mine.json<Json>())["request_id"]).not.toBe(arena.ids.victim);
    const found = await calm(await arena.gateway.get(`${REQUESTS}?session_id=${VICTIM_SESSION}`), REQUESTS);
    expect(found.text).not.toContain(arena.ids.victim);
    await arena.untouched();
  });
});
