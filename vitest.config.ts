import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/** The emulator runs beside the gateway's tests as a Worker of its own, built as it would be deployed. */
function buildEmulator(): { type: "ESModule"; path: string; contents: string } {
  const outdir = path.join(root, ".wrangler/test-build/emulator-unit");
  execFileSync("wrangler", ["deploy", "--dry-run", "-c", "emulator/wrangler.toml", "--outdir", outdir], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
  return { type: "ESModule", path: "index.js", contents: readFileSync(path.join(outdir, "index.js"), "utf8") };
}

// Every [secrets] name of wrangler.toml, so that the plugin does not warn; the local values of docs/operations.md, which
// programs that the tests start take from here, too.
const secrets = {
  VOD_SUB_APP_ID: "251007502",
  VOD_SECRET_ID: "AKIDlocal",
  VOD_SECRET_KEY: "local-secret-key",
  VOD_SIGN_KEY: "localSignKey",
  GATEWAY_SECRET: "local-gateway-secret",
};
Object.assign(process.env, { ...secrets, ...process.env });

/** The tests in workerd run as a deploy would, which takes no short secrets. */
const ownSecrets = {
  GATEWAY_SECRET: "test-gateway-secret-0123456789abcdef",
  CALLBACK_SECRET: "test-callback-secret-0123456789abcdef",
};

export default defineConfig({
  test: {
    // The gateway logs one object per event; only a failing test's are worth a look.
    silent: "passed-only",
    projects: [
      {
        plugins: [
          cloudflareTest(async () => ({
            main: "./test/support/worker.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              cf: false,
              bindings: {
                ...secrets,
                ...ownSecrets,
                VOD_ENDPOINT: "http://vod.emulator.test",
                // Of a run of test/tasks/model or test/hostile/fuzz that is to be made again.
                TEST_SEED: process.env.SEED ?? "",
                // How many requests test/hostile/fuzz sends.
                TEST_FUZZ_RUNS: process.env.FUZZ_RUNS ?? "",
                TEST_MIGRATIONS: await readD1Migrations(path.join(root, "migrations")),
              },
              serviceBindings: { EMULATOR: "emulator" },
              workers: [
                {
                  name: "emulator",
                  modules: [buildEmulator()],
                  compatibilityDate: "2026-11-01",
                  durableObjects: { VENDOR: { className: "Vendor", useSQLite: true } },
                },
              ],
            },
          })),
        ],
        test: {
          name: "workerd",
          // One runtime a worker instead of one a file; setup.ts empties what tests share.
          isolate: false,
          maxWorkers: 2,
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/clients/**", "test/faults/**", "test/simulator/**"],
          setupFiles: ["./test/support/setup.ts"],
          // Generous, for busy machines; no test waits for it.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "node",
          include: ["test/{e2e,clients,faults,simulator}/**/*.test.ts"],
          globalSetup: ["./test/e2e/support/build.ts"],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
