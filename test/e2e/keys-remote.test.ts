/*
 * `npm run keys -- --remote` against a stand-in for Cloudflare's API, which says which database was written to.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "vitest";
import { ROOT } from "../../scripts/lib/paths.ts";

const run = promisify(execFile);

/** The databases of the account, by name. The first is another gateway's. */
const DATABASES: Record<string, string> = {
  reelgate: "00000000-0000-4000-8000-000000000001",
  "reelgate-second": "00000000-0000-4000-8000-000000000002",
};

let directory: string;
let cloudflare: Server;
let queried: { database: string; sql: string }[];

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? "", "http://cloudflare.test");
  const database = /\/d1\/database\/([^/]+)\/query$/.exec(url.pathname)?.[1];
  if (database !== undefined) {
    const { sql } = JSON.parse(await textOf(request)) as { sql: string };
    queried.push({ database, sql });
    return [{ success: true, results: [], meta: { duration: 0 } }];
  }
  const name = /\/d1\/database\/([^/]+)$/.exec(url.pathname)?.[1] ?? "";
  return { name, uuid: DATABASES[name] };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const result = await answer(request);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "reelgate-remote-"));
  queried = [];
  cloudflare = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => cloudflare.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await new Promise((resolve) => cloudflare.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

async function keys(...args: string[]): Promise<string> {
  const { port } = cloudflare.address() as AddressInfo;
  const { stdout } = await run(process.execPath, [join(ROOT, "scripts/keys.ts"), ...args], {
    env: {
      ...process.env,
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
      CLOUDFLARE_API_TOKEN: "token",
      CLOUDFLARE_ACCOUNT_ID: "0".repeat(32),
    },
  });
  return stdout;
}

async function secondConfig(): Promise<string> {
  const first = await readFile(join(ROOT, "wrangler.toml"), "utf8");
  const file = join(directory, "wrangler.second.toml");
  await writeFile(
    file,
    first
      .replace('name = "reelgate"', 'name = "reelgate-second"')
      .replace('database_name = "reelgate"', 'database_name = "reelgate-second"'),
  );
  return file;
}

describe("keys --remote", () => {
  it("writes into the database that wrangler.toml binds", async ({ expect }) => {
    await keys("create", "--owner", "acme", "--remote");
    expect(queried).toEqual([
      { database: DATABASES["reelgate"], sql: expect.stringContaining("INSERT INTO api_keys") },
    ]);
  });

  it("with --config into the other deployment's, and not into one that is called as the first", async ({ expect }) => {
    await keys("create", "--owner", "acme", "--remote", "--config", await secondConfig());
    expect(queried.map(({ database }) => database)).toEqual([DATABASES["reelgate-second"]]);
  });

  it("takes --config for a deployed database only", async ({ expect }) => {
    await expect(keys("list", "--config", "wrangler.second.toml")).rejects.toMatchObject({
      code: 2,
      stderr: "--config goes with --remote only\n",
    });
    expect(queried).toEqual([]);
  });
});
