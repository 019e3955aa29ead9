/*
 * `scripts/lock.mjs`: what would be installed here without anything vouching for it.
 */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../../scripts/lib/paths.ts";

const run = promisify(execFile);

const HASH = `sha512-${"a".repeat(86)}==`;
const OTHER_OS = process.platform === "darwin" ? "linux" : "darwin";

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reelgate-lock-"));
  file = join(folder, "package-lock.json");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function lock(command: string, packages: object): Promise<{ code: number; stdout: string; stderr: string }> {
  await writeFile(file, JSON.stringify({ lockfileVersion: 3, packages: { "": { name: "root" }, ...packages } }));
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  return run(process.execPath, [join(ROOT, "scripts/lock.mjs"), command, file], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

it("the project's own lock file vouches for all that is installed here", async () => {
  await expect(run(process.execPath, ["scripts/lock.mjs", "check"], { cwd: ROOT })).resolves.toMatchObject({
    stderr: "",
  });
});

it.each([
  ["without a hash", { version: "1.0.0" }],
  ["with a weak one", { version: "1.0.0", integrity: "sha1-hvDVhtDNo9nSDDmPCKNJbTzGpQ4=" }],
  [
    "without a hash, for this system",
    { version: "1.0.0", optional: true, os: [process.platform], cpu: [process.arch] },
  ],
  ["without a hash, for all systems but one", { version: "1.0.0", os: [`!${OTHER_OS}`] }],
  ["from elsewhere", { version: "1.0.0", integrity: HASH, resolved: "git+ssh://git@github.com/a/b.git#0123" }],
])("a package %s fails, by its name", async (_, entry) => {
  const { code, stderr } = await lock("check", { "node_modules/x/node_modules/@scope/y": entry });
  expect(code).toBe(1);
  expect(stderr).toContain("@scope/y@1.0.0 would");
});

it("one that is not installed here is counted, and does not fail", async () => {
  const packages = {
    "node_modules/good": { version: "1.0.0", integrity: HASH },
    "node_modules/os": { version: "1.0.0", os: [OTHER_OS] },
    "node_modules/not-this-os": { version: "1.0.0", os: [`!${process.platform}`] },
    "node_modules/cpu": { version: "1.0.0", os: [process.platform], cpu: ["s390x"] },
    "node_modules/workspace": { link: true },
    console: { name: "a workspace" },
  };
  expect(await lock("check", packages)).toEqual({
    code: 0,
    stdout: "1 of 4 packages have a hash; 3 without one are of other platforms\n",
    stderr: "",
  });
});

it("complete asks the registry for what is missing, and says what it does not tell", async () => {
  const npm = join(folder, "npm");
  await writeFile(npm, `#!/bin/sh\n[ "$2" = "@scope/told@1.0.0" ] && echo "${HASH}"\n`);
  await chmod(npm, 0o755);
  const packages = {
    "node_modules/@scope/told": { version: "1.0.0", optional: true, os: [process.platform] },
    "node_modules/untold": { version: "2.0.0", os: [OTHER_OS] },
  };
  const { code, stderr } = await lock("complete", packages);
  expect([code, stderr]).toEqual([1, "The registry does not tell the hash of untold@2.0.0\n"]);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
    lockfileVersion: 3,
    packages: {
      "": { name: "root" },
      "node_modules/@scope/told": { version: "1.0.0", integrity: HASH, optional: true, os: [process.platform] },
      "node_modules/untold": packages["node_modules/untold"],
    },
  });
});
