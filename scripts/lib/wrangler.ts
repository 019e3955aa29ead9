import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ROOT } from "./paths.ts";

const EXECUTABLE = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

/** A Wrangler command that ended with an error, and everything it had said. */
export class WranglerError extends Error {
  override readonly name = "WranglerError";
  readonly output: string;
  constructor(args: readonly string[], code: number | null, output: string) {
    super(
      `wrangler ${args.slice(0, 3).join(" ")} ended with ${code === null ? "a signal" : `code ${code}`}\n${output}`,
    );
    this.output = output;
  }
}

/**
 * Runs Wrangler on the Node that runs this, asks nothing, shows nothing.
 * @returns what it wrote to standard output.
 * @throws {WranglerError} when it fails.
 */
export function runWrangler(args: readonly string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [EXECUTABLE, ...args], {
      cwd: ROOT,
      env: { ...process.env, CI: "1", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" },
      stdio: ["ignore", "pipe", "pipe"],
      ...(signal && { signal }),
    });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new WranglerError(args, code, output.trim()));
    });
  });
}
