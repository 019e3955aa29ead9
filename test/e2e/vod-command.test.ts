/*
 * PULL mode as people set it up: `npm run vod` as a program, and a gateway that fetches its events.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { call } from "../../scripts/lib/http.ts";
import { ROOT } from "../../scripts/lib/paths.ts";
import { acceptedId, finished, paidFor, VIDEO_PATH, videoRequest } from "./support/aigc.ts";
import { bootStack, type TestStack } from "./support/stack.ts";

const run = promisify(execFile);

const CREDENTIALS = {
  VOD_SUB_APP_ID: "251007502",
  VOD_SECRET_ID: "AKIDlocal",
  VOD_SECRET_KEY: "local-secret-key",
};

const PUSH_TO_GATEWAY = ["events", "push", "--gateway", "https://video.example.test"];

async function vod(args: string[], environment: Record<string, string>): Promise<string> {
  const { stdout } = await run(process.execPath, [join(ROOT, "scripts/vod.ts"), ...args], { env: environment });
  return stdout;
}

describe("npm run vod", () => {
  let stack: TestStack;
  let remote: Record<string, string>;

  beforeAll(async () => {
    stack = await bootStack({ gateway: false });
    remote = { ...CREDENTIALS, VOD_ENDPOINT: stack.emulatorUrl };
  });
  afterAll(() => stack?.stop());
  beforeEach(() => stack.vendor.reset());

  const vendorConfig = async () => (await call(`${stack.emulatorUrl}/_emulator/config`)).body;

  it("sets PUSH with its URL and key, PULL without touching them, and shows what the vendor has", async () => {
    const url = "https://video.example.test/callbacks/vod/a-long-secret-1234";
    const pushed = await vod(["events", "push", "--url", url, "--sign-key", "abcDEF123456"], remote);
    expect(await vendorConfig()).toMatchObject({ mode: "PUSH", notification_url: url, sign_key: "abcDEF123456" });
    expect(pushed).toContain("push (PUSH");
    expect(pushed).toContain("https://video.example.test/callbacks/vod/…1234");
    expect(pushed).not.toMatch(/a-long-secret|abcDEF123456/);

    const pulled = await vod(["events", "pull"], remote);
    expect(await vendorConfig()).toMatchObject({ mode: "PULL", notification_url: url, sign_key: "abcDEF123456" });
    expect(pulled).toContain("pull (PULL");
    expect(await vod(["events", "status"], remote)).toBe(pulled);

    await vod(["events", "push", "--url", url], remote);
    expect(await vendorConfig()).toMatchObject({ mode: "PUSH", sign_key: "abcDEF123456" });
  });

  it("tells and sets where a gateway takes notifications: by its root, or by the secret that is set by hand", async () => {
    const gateway = { ...remote, GATEWAY_SECRET: "a root" };
    const derived =
      "https://video.example.test/callbacks/vod/24b7af7182d3932535544993bde8ed3ceab0d9ba632b82e7647c09680c46dad8";
    const byHand = { ...gateway, CALLBACK_SECRET: "by hand" };
    const url = ["events", "url", "--gateway", "https://video.example.test/"];
    expect(await vod(url, gateway)).toBe(`${derived}\n`);
    expect(await vod(url, byHand)).toBe("https://video.example.test/callbacks/vod/by%20hand\n");
    expect(await vod([...url, "--local"], {})).toBe("https://video.example.test/callbacks/vod/local-callback\n");
    expect(await stack.vendor.calls()).toEqual({});
    const pushed = await vod(PUSH_TO_GATEWAY, gateway);
    expect(await vendorConfig()).toMatchObject({ mode: "PUSH", notification_url: derived });
    expect(pushed).not.toContain(derived);
  });

  it("--local is the emulator with its local credentials, whatever the environment's endpoint", async () => {
    const EMULATOR_PORT = new URL(stack.emulatorUrl).port;
    await vod(["events", "pull", "--local"], { EMULATOR_PORT, VOD_ENDPOINT: "http://127.0.0.1:1" });
    expect(await vendorConfig()).toMatchObject({ mode: "PULL" });
  });

  it("shows the vendor's refusal, and exits with 1", async () => {
    const wrong = { ...remote, VOD_SECRET_KEY: "wrong" };
    const refused = { code: 1, stdout: "", stderr: expect.stringMatching(/DescribeEventConfig.*AuthFailure/) };
    await expect(vod(["events", "status"], wrong)).rejects.toMatchObject(refused);
    const nobody = { ...remote, VOD_ENDPOINT: "http://127.0.0.1:1" };
    const unreachable = { code: 1, stderr: "DescribeEventConfig: http://127.0.0.1:1 cannot be reached\n" };
    await expect(vod(["events", "status"], nobody)).rejects.toMatchObject(unreachable);
  });

  it.each([
    ["no credentials", ["events", "status"], { VOD_SECRET_ID: "" }, "VOD_SECRET_ID is not set"],
    ["an application that is no number", ["events", "status"], { VOD_SUB_APP_ID: "12a" }, "VOD_SUB_APP_ID must be"],
    ["an endpoint that is no URL", ["events", "pull"], { VOD_ENDPOINT: "vod" }, "VOD_ENDPOINT must be"],
    ["push without a URL", ["events", "push"], {}, "--url"],
    ["push to two places", [...PUSH_TO_GATEWAY, "--url", "https://a.test/"], {}, "--gateway ORIGIN or --url URL"],
    ["push to a gateway without its secret", PUSH_TO_GATEWAY, {}, "GATEWAY_SECRET"],
    ["a gateway that is none", ["events", "url", "--gateway", "a.test"], {}, "--gateway must be"],
    ["no gateway", ["events", "url"], {}, "--gateway"],
    ["a gateway for pull", ["events", "pull", "--gateway", "https://a.test/"], {}, "belongs to push and url"],
    ["a URL that is none", ["events", "push", "--url", "video.example.test"], {}, "--url must be"],
    ["a bad sign key", ["events", "push", "--url", "https://a.test/", "--sign-key", "a-b"], {}, "--sign-key must be"],
    ["a URL for pull", ["events", "pull", "--url", "https://a.test/"], {}, "belong to push"],
    ["no command", ["events"], {}, "events"],
    ["an unknown command", ["events", "drop"], {}, "drop"],
    ["an unknown group", ["tasks"], {}, "tasks"],
    ["an unknown option", ["events", "status", "--all"], {}, "--all"],
    ["too much", ["events", "status", "now"], {}, "Too many"],
  ])("%s: exit code 2, one line that says so, and no call", async (_, args, environment, named) => {
    const failure = { code: 2, stdout: "", stderr: expect.stringMatching(/^[^\n]+\n$/) };
    const attempt = vod(args, { ...remote, ...environment });
    await expect(attempt).rejects.toMatchObject(failure);
    await expect(attempt).rejects.toMatchObject({ stderr: expect.stringContaining(named) });
    expect(await stack.vendor.calls()).toEqual({});
  });

  it("--help tells the commands and the variables", async () => {
    const help = await vod(["--help"], {});
    for (const word of [
      "--url URL",
      "--gateway ORIGIN",
      "GATEWAY_SECRET",
      "events pull",
      "events status",
      "--local",
      "VOD_SECRET_ID",
    ]) {
      expect(help).toContain(word);
    }
  });
});

describe("a gateway with VOD_EVENT_MODE=pull", () => {
  let stack: TestStack;

  beforeAll(async () => {
    // Without a URL not even a vendor that falls back to PUSH could notify.
    stack = await bootStack({ environment: { VOD_EVENT_MODE: "pull", VOD_CONCURRENCY: "5" } });
    await stack.vendor.configure({ notification_url: "", task_seconds: 0.5 });
  });
  afterAll(() => stack?.stop());

  it("completes tasks from the vendor's queue, and confirms their events", async () => {
    const prompts = Array.from({ length: 12 }, (_, index) => `pulled ${index}`);
    const answers = await Promise.all(prompts.map((prompt) => stack.post(VIDEO_PATH, videoRequest(prompt))));
    const results = await Promise.all(answers.map((answer) => finished(stack, acceptedId(answer))));
    expect(results.map((result) => result.status)).toEqual(prompts.map(() => 200));
    for (const prompt of prompts) expect(await paidFor(stack, prompt)).toHaveLength(1);
    const calls = await stack.vendor.calls();
    expect(calls["ConfirmEvents"]?.["OK"]).toBeGreaterThan(0);
    // One re-read for each: what the events asked for, and nothing by a timer.
    expect(calls["DescribeTaskDetail"]).toEqual({ OK: prompts.length });
    expect(stack.logs.filter((line) => line.includes("pull_failed"))).toEqual([]);
  });
});
