import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach } from "vitest";

// Vitest falls back to Node without a word when its plugin is not in charge; then nothing here would prove anything.
if (navigator.userAgent !== "Cloudflare-Workers") throw new Error("These tests must run in workerd.");

// Storage is kept per file; each test starts from an empty, migrated database.
beforeEach(async () => {
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});
