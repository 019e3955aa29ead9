import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { vod } from "tencentcloud-sdk-nodejs-vod";
import { ROOT } from "../../../scripts/lib/paths.ts";

const run = promisify(execFile);

export type Client = InstanceType<typeof vod.v20180717.Client>;
export type Pair = { secretId: string; secretKey: string };

/** The key tool as a program, on the database of a running gateway. */
export async function keys(stateDir: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(ROOT, "scripts/keys.ts"), ...args], {
    env: { ...process.env, STATE_DIR: stateDir },
  });
  return stdout;
}

export async function createPair(stateDir: string, owner: string, ...args: string[]): Promise<Pair> {
  const output = await keys(stateDir, "create", "--tc3", "--owner", owner, ...args);
  const [, secretId = "", secretKey = ""] = /^SecretId: +(AKID\w{32})\nSecretKey: +(\w{40})$/m.exec(output) ?? [];
  if (!secretId) throw new Error(output);
  return { secretId, secretKey };
}

/** The official SDK as its users have it: nothing but the endpoint is ours. */
export function sdkClient(url: string, credential: Pair): Client {
  return new vod.v20180717.Client({
    credential,
    region: "",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(url).host } },
  });
}

/** How a call ended: its error's code and message. */
export async function failureOf(call: Promise<unknown>): Promise<{ code: string; message: string; requestId: string }> {
  return call.then(
    () => ({ code: "OK", message: "", requestId: "" }),
    ({ code = "", message, requestId = "" }: Error & { code?: string; requestId?: string }) => ({
      code,
      message,
      requestId,
    }),
  );
}
