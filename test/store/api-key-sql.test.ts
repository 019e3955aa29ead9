import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bindLiterals,
  FIND_API_KEY,
  INSERT_API_KEY,
  LIST_API_KEYS,
  REVOKE_API_KEY,
  SEED_API_KEY,
} from "../../src/store/api-key-sql.ts";

const NOW = 1_795_000_000_000;

function row(id: string, hash: string): (string | number)[] {
  return [id, "alice", "O'Hara ?2", hash, "wxyz", '["read"]', NOW];
}

function find(hash: string) {
  return env.DB.prepare(FIND_API_KEY).bind(hash).first();
}

function revoke(id: string, now: number) {
  return env.DB.prepare(bindLiterals(REVOKE_API_KEY, [id, now])).first();
}

function seed(id: string) {
  return env.DB.prepare(SEED_API_KEY)
    .bind(...row(id, "hash-seed"))
    .run();
}

describe("bindLiterals", () => {
  it("gives the database back every text and number as it was", async () => {
    const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0"));
    await fc.assert(
      fc.asyncProperty(text, fc.integer(), async (written, number) => {
        const statement = bindLiterals("SELECT ?2 AS number, ?1 AS text, ?3 AS empty", [written, number, null]);
        expect(await env.DB.prepare(statement).first()).toEqual({ number, text: written, empty: null });
      }),
    );
  });

  it.each([
    ["a missing value", []],
    ["a NUL character", ["a\0b"]],
    ["a number without end", [Number.POSITIVE_INFINITY]],
  ])("refuses %s", (_, values) => {
    expect(() => bindLiterals("SELECT ?1", values)).toThrow(RangeError);
  });
});

describe("API key statements", () => {
  it("store a key once, find it until it is revoked, and keep the time of its first revocation", async () => {
    await env.DB.prepare(bindLiterals(INSERT_API_KEY, row("id-1", "hash-1"))).run();
    await expect(env.DB.prepare(bindLiterals(INSERT_API_KEY, row("id-2", "hash-1"))).run()).rejects.toThrow(/UNIQUE/);
    expect(await find("hash-1")).toMatchObject({ id: "id-1", owner: "alice", name: "O'Hara ?2", scopes: '["read"]' });

    expect(await revoke("id-1", NOW + 1)).toMatchObject({ id: "id-1", revoked_at: NOW + 1 });
    expect(await revoke("id-1", NOW + 2)).toMatchObject({ revoked_at: NOW + 1 });
    expect(await revoke("id-0", NOW)).toBeNull();
    expect(await find("hash-1")).toBeNull();
    const { results } = await env.DB.prepare(LIST_API_KEYS).all();
    expect(results.find(({ id }) => id === "id-1")).not.toHaveProperty("key_hash");
  });

  it("seeding is idempotent and makes a revoked key valid again", async () => {
    await seed("id-a");
    await revoke("id-a", NOW);
    await seed("id-b");
    expect(await find("hash-seed")).toMatchObject({ id: "id-a" });
  });
});
