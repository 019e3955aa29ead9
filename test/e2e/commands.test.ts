/*
 * `npm run keys` and `npm run demo` as programs.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../scripts/lib/paths.ts";
import { createPair, failureOf, sdkClient } from "../clients/support/tencent.ts";
import { bootStack, type TestStack } from "./support/stack.ts";

const run = promisify(execFile);

const DEMO_TIMEOUT_MS = 120_000;
/** Each command that asks the database starts Wrangler, once for each statement. */
const SLOW = { timeout: 150_000 };

describe("keys", () => {
  let stateDir: string;
  let stack: TestStack;

  beforeAll(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "reelgate-keys-"));
    stack = await bootStack({ stateDir });
  });

  afterAll(async () => {
    await stack?.stop();
    await rm(stateDir, { recursive: true, force: true });
  });

  const keys = (...args: string[]) => keysWith({}, ...args);

  async function keysWith(environment: Record<string, string>, ...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [join(ROOT, "scripts/keys.ts"), ...args], {
      env: { ...process.env, GATEWAY_SECRET: undefined, STATE_DIR: stateDir, ...environment },
    });
    return stdout;
  }

  it(
    "encrypts key pairs anew when the gateway's root secret has changed, as often as it is asked to",
    SLOW,
    async () => {
      const { secretId } = await createPair(stateDir, "ohara");
      const change = { GATEWAY_SECRET: "the next local root", GATEWAY_SECRET_PREVIOUS: "local-gateway-secret" };
      expect(await keysWith(change, "reseal")).toBe("1 encrypted anew, 0 were already.\n");
      expect(await keysWith(change, "reseal")).toBe("0 encrypted anew, 1 were already.\n");
      const lost = { GATEWAY_SECRET: "a third", GATEWAY_SECRET_PREVIOUS: "a fourth" };
      const failure = { code: 1, stdout: "", stderr: expect.stringContaining(secretId) };
      await expect(keysWith(lost, "reseal")).rejects.toMatchObject(failure);
      const back = { GATEWAY_SECRET: "local-gateway-secret", GATEWAY_SECRET_PREVIOUS: "the next local root" };
      expect(await keysWith(back, "reseal")).toBe("1 encrypted anew, 0 were already.\n");
    },
  );

  async function createKey(...args: string[]): Promise<{ key: string; id: string }> {
    const output = await keys("create", "--owner", "ohara", ...args);
    const [, key = "", id = ""] = /^(sk-[\w-]{40})$[^]*? ([0-9a-f-]{36})$/m.exec(output) ?? [];
    expect(key, output).not.toBe("");
    return { key, id };
  }

  it("makes keys that work at once with their scopes only, lists them without showing them, revokes them", async () => {
    const name = `O'Hara's "key"; DROP TABLE api_keys; --`;
    const reader = await createKey("--scopes", "read", "--name", name);
    expect((await stack.get("/tencent-vod/v1/requests", { apiKey: reader.key })).status).toBe(200);
    expect((await stack.post("/tencent-vod/v1/aigc-video", {}, { apiKey: reader.key })).status).toBe(403);

    // Not used before: a gateway that knows a key may honour it for a while.
    const revoked = await createKey();
    await keys("revoke", revoked.id);
    expect((await stack.get("/tencent-vod/v1/requests", { apiKey: revoked.key })).status).toBe(401);

    const listed = (await keys("list")).split("\n");
    const line = (id: string) => listed.find((text) => text.startsWith(id));
    expect(line(reader.id)).toContain(`…${reader.key.slice(-4)}  read  `);
    expect(line(reader.id)).toMatch(/ valid /);
    expect(line(reader.id)?.endsWith(name)).toBe(true);
    expect(line(revoked.id)).toMatch(/ submit,read .* revoked /);
    for (const { key } of [reader, revoked]) expect(listed.join("\n")).not.toContain(key);
  });

  it("makes key pairs for the vendor's SDKs, lists them without showing them, revokes them", SLOW, async () => {
    const tc3 = await createPair(stateDir, "ohara", "--scopes", "read", "--name", "SDK");
    const other = await createPair(stateDir, "ohara");
    const read = (pair: typeof tc3) => failureOf(sdkClient(stack.gatewayUrl, pair).DescribeTaskDetail({ TaskId: "x" }));
    expect((await read(tc3)).code).toBe("InvalidParameterValue.TaskId");

    expect(await keys("revoke", other.secretId)).toContain(`Key ${other.secretId} is revoked.`);
    expect((await read(other)).code).toBe("AuthFailure.SecretIdNotFound");

    const listed = await keys("list");
    expect(listed).toMatch(new RegExp(`^${tc3.secretId} +ohara +TC3 +read +\\S+Z +valid +SDK$`, "m"));
    expect(listed).toMatch(new RegExp(`^${other.secretId} +ohara +TC3 +submit,read +\\S+Z +revoked \\S+Z$`, "m"));
    for (const { secretKey } of [tc3, other]) expect(listed).not.toContain(secretKey);
  });

  it.each([
    ["no owner", ["create"], "--owner"],
    ["a key pair without an owner", ["create", "--tc3"], "--owner"],
    [
      "a key pair for what the vendor has no actions for",
      ["create", "--tc3", "--owner", "a", "--scopes", "admin"],
      "--scopes",
    ],
    [
      "a key pair for elsewhere, without the key there",
      ["create", "--tc3", "--owner", "a", "--remote"],
      "GATEWAY_SECRET",
    ],
    ["reseal without the previous secret", ["reseal"], "GATEWAY_SECRET_PREVIOUS"],
    ["reseal of one", ["reseal", "AKID"], "Too many"],
    ["--tc3 where it means nothing", ["list", "--tc3"], "--tc3"],
    ["a SecretId of no key pair", ["revoke", `AKID${"0".repeat(32)}`], "AKID0"],
    ["a bad owner", ["create", "--owner", "a b"], "--owner"],
    ["an unknown scope", ["create", "--owner", "a", "--scopes", "read,write"], "--scopes"],
    ["an unknown command", ["drop"], "drop"],
    ["an unknown option", ["list", "--all"], "--all"],
    ["an id that is none", ["revoke", "7"], "ID"],
    ["an id of no key", ["revoke", "01a1fc04-5531-765e-8410-48b1e59498ba"], "01a1fc04"],
  ])("%s: exit code 2 and one line that says so", async (_, args, named) => {
    await expect(keys(...args)).rejects.toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(named) });
  });
});

it(
  "the demo gets through",
  async () => {
    const { stdout } = await run(process.execPath, [join(ROOT, "scripts/demo.ts")]);
    for (const title of ["video", "image", "vidu"]) expect(stdout).toContain(`Stored completion of the ${title} task`);
    expect(stdout).toContain("refused with HTTP 409 duplicate_session_id");
    expect(stdout).toMatch(/3 tasks submitted, 3 paid at the vendor, 3 events applied, 1 duplicate refused/);
  },
  DEMO_TIMEOUT_MS,
);
