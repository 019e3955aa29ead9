/*
 * What package-lock.json vouches for. It runs before anything is installed, so with nothing but Node, and any Node.
 *
 *   node scripts/lock.mjs check [FILE]      fails when something would be installed here that nothing vouches for
 *   node scripts/lock.mjs complete [FILE]   asks the registry for the hashes that are missing, and writes them down
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const REGISTRY = "https://registry.npmjs.org/";
/** The base64 of 64 bytes. Weaker hashes are no proof. */
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/**
 * @typedef {{ version?: string, name?: string, resolved?: string, integrity?: string, link?: boolean, os?: string[],
 *   cpu?: string[], libc?: string[] }} Entry
 */

const here = {
  os: process.platform,
  cpu: process.arch,
  libc: process.platform === "linux" ? (glibcVersion() ? "glibc" : "musl") : undefined,
};

function glibcVersion() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header.glibcVersionRuntime;
}

/**
 * npm's own rule: a list of names, or of names with "!" that are excluded.
 * @param {string[] | undefined} wanted
 * @param {string | undefined} actual
 */
function accepts(wanted, actual) {
  if (wanted === undefined || actual === undefined) return wanted === undefined;
  if (wanted.includes(`!${actual}`)) return false;
  return wanted.includes(actual) || wanted.every((name) => name.startsWith("!"));
}

/** @param {Entry} entry */
function isInstalledHere({ os, cpu, libc }) {
  return accepts(os, here.os) && accepts(cpu, here.cpu) && accepts(libc, here.libc);
}

/** @param {[path: string, entry: Entry]} entry */
function nameOf([path, { name, version }]) {
  return `${name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${version}`;
}

/** @param {{ packages: Record<string, Entry> }} lock */
function dependencies({ packages }) {
  return Object.entries(packages).filter(([path, { link }]) => path.includes("node_modules/") && !link);
}

/** @param {string} file */
function check(file) {
  const entries = dependencies(JSON.parse(readFileSync(file, "utf8")));
  const missing = entries.filter(([, { integrity }]) => !INTEGRITY.test(integrity ?? ""));
  const unverified = missing.filter(([, entry]) => isInstalledHere(entry));
  const elsewhere = entries.filter(([, { resolved = REGISTRY }]) => !resolved.startsWith(REGISTRY));
  for (const entry of unverified) process.stderr.write(`${nameOf(entry)} would be installed here without a hash\n`);
  for (const entry of elsewhere) process.stderr.write(`${nameOf(entry)} would come from ${entry[1].resolved}\n`);
  if (unverified.length > 0)
    process.stderr.write("`node scripts/lock.mjs complete` asks the registry for the hashes\n");
  const others = missing.length - unverified.length;
  process.stdout.write(
    `${entries.length - missing.length} of ${entries.length} packages have a hash; ${others} without one are of other platforms\n`,
  );
  return unverified.length + elsewhere.length === 0;
}

/** @param {string} file */
function complete(file) {
  const lock = JSON.parse(readFileSync(file, "utf8"));
  let left = 0;
  for (const entry of dependencies(lock)) {
    if (INTEGRITY.test(entry[1].integrity ?? "")) continue;
    const integrity = hashOf(nameOf(entry));
    if (integrity === undefined) {
      process.stderr.write(`The registry does not tell the hash of ${nameOf(entry)}\n`);
      left += 1;
      continue;
    }
    const { version, resolved, ...rest } = entry[1];
    lock.packages[entry[0]] = { version, ...(resolved && { resolved }), integrity, ...rest };
  }
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  return left === 0;
}

/** @param {string} name */
function hashOf(name) {
  try {
    const options = /** @type {const} */ ({ encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const answer = execFileSync("npm", ["view", name, "dist.integrity"], options).trim();
    return INTEGRITY.test(answer) ? answer : undefined;
  } catch {
    return undefined;
  }
}

const COMMANDS = new Map([
  ["check", check],
  ["complete", complete],
]);

const [command = "", file = "package-lock.json"] = process.argv.slice(2);
const run = COMMANDS.get(command);
if (!run) process.stderr.write("node scripts/lock.mjs check|complete [FILE]\n");
if (!run?.(file)) process.exitCode = 1;
