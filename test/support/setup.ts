import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect } from "vitest";
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

// Storage is kept per file; each test starts from an empty, migrated database.
beforeEach(async () => {
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});

// Of the whole suite: what the gateway logs while anything is tested gives nothing away.
afterEach(() => {
  expect(offences.splice(0)).toEqual([]);
});
