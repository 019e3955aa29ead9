import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { beginTest } from "./kv-of-test.ts";
import { allOver } from "./world.ts";
import { offenceIn } from "./log-scan.ts";

// Vitest falls back to Node without a word when its plugin is not in charge; then nothing here would prove anything.
if (navigator.userAgent !== "Cloudflare-Workers") throw new Error("These tests must run in workerd.");

const offences: string[] = [];
for (const level of ["debug", "info", "log", "warn", "error", "trace"] as const) {
  const write = console[level].bind(console);
  console[level] = (...args: unknown[]) => {
    const offence = offenceIn(args);
    if (offence !== undefined) offences.push(offence);
    write(...args);
  };
}

// Each test starts from an empty, migrated database.
beforeEach(async () => {
  beginTest();
  await allOver();
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});

// Files share a runtime: the first reset of a file does not see what the file before it has left.
afterAll(async () => {
  await allOver();
  await reset();
});

// Of the whole suite: what the gateway logs while anything is tested gives nothing away.
afterEach(() => {
  expect(offences.splice(0)).toEqual([]);
});
