/* A key that is revoked while its holder stays: streams and waits that it began end within half a minute. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { notify, submit } from "../../support/client.ts";
import { addKey, emulator, type Gateway, type GatewayOptions, startGateway } from "../../support/gateway.ts";
import { pass, until } from "../../support/quiet.ts";
import { fragileRecord } from "../../support/record-away.ts";

const REQUESTS = "/tencent-vod/v1/requests";
const PROMISED_MS = 30_000;
const STEP_MS = 3_000;

let gateway: Gateway;
let id: string;

async function start(options: GatewayOptions = {}): Promise<void> {
  await emulator.reset({ task_seconds: 1_000 });
  gateway = await startGateway(options);
  await addKey("sk-watcher", "acme", ["read"]);
  ({ id } = await submit(gateway));
}

const revoke = () => env.DB.prepare("UPDATE api_keys SET revoked_at = 1 WHERE id = 'key-sk-watcher'").run();

/** Lets time pass until it is over. @returns how much */
async function timeUntil(over: () => boolean, maxMs: number): Promise<number> {
  for (let ms = 0; ms < maxMs; ms += STEP_MS) {
    await pass(gateway, STEP_MS);
    // What follows from it happens in invocations of their own.
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (over()) return ms + STEP_MS;
  }
  return maxMs;
}

/** A stream that somebody reads. */
async function watch() {
  const response = await gateway.open(`${REQUESTS}/${id}/status/stream`, { authorization: "Bearer sk-watcher" });
  const seen = { text: "", ended: false };
  void (async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) seen.text += chunk;
    seen.ended = true;
  })();
  await until(() => seen.text.includes("IN_PROGRESS"));
  return seen;
}

/** A request that waits. */
function wait(path: string) {
  const seen = { status: 0, text: "" };
  void (async () => {
    const response = await gateway.open(path, { authorization: "Bearer sk-watcher" });
    seen.text = await response.text();
    seen.status = response.status;
  })();
  return seen;
}

const WAITS = (task: string) => [
  `${REQUESTS}/${task}/status?wait=60`,
  `${REQUESTS}/${task}?wait=60`,
  `/v1/video/generations/${task}?wait=60`,
];

describe("when its key is revoked", () => {
  beforeEach(() => start());

  it("a stream ends within 30 s, and shows nothing more", async ({ expect }) => {
    const stream = await watch();
    expect(await timeUntil(() => stream.ended, 60_000)).toBe(60_000);
    expect(stream.text).toContain(": ping");
    await revoke();
    expect(await timeUntil(() => stream.ended, 60_000)).toBeLessThanOrEqual(PROMISED_MS);
    const { text } = stream;
    const [task] = await emulator.tasks();
    await emulator.call("POST", "clock", { advance_seconds: 2_000 });
    if (task) await notify(gateway, task);
    expect(stream.text).toBe(text);
  });

  it("a stream that began just before, with a key that was last looked up 30 s ago, ends as soon", async ({
    expect,
  }) => {
    await gateway.get(REQUESTS, { key: "sk-watcher" });
    await pass(gateway, 29_000);
    await revoke();
    const stream = await watch();
    expect(await timeUntil(() => stream.ended, 60_000)).toBeLessThanOrEqual(PROMISED_MS);
  });

  it("a wait ends within 30 s, with 401", async ({ expect }) => {
    for (const path of WAITS(id)) {
      await env.DB.prepare("UPDATE api_keys SET revoked_at = NULL").run();
      const waiting = wait(path);
      await pass(gateway, STEP_MS);
      expect(waiting.status).toBe(0);
      await revoke();
      expect(await timeUntil(() => waiting.status !== 0, 59_000)).toBeLessThanOrEqual(PROMISED_MS);
      expect([path, waiting.status]).toEqual([path, 401]);
      expect(waiting.text).toContain("This API key was revoked.");
      await pass(gateway, 60_000);
    }
  });
});

describe("while the record is away", () => {
  it("streams and waits go on, for nobody says that their key is revoked", async ({ expect }) => {
    const { db, state } = fragileRecord();
    await start({ env: { DB: db } });
    const stream = await watch();
    const waiting = wait(`${REQUESTS}/${id}/status?wait=60`);
    await pass(gateway, STEP_MS);
    state.mode = "away";
    await timeUntil(() => stream.ended || waiting.status !== 0, 45_000);
    expect([stream.ended, waiting.status]).toEqual([false, 0]);
    // The look that answers it is on its way in real time.
    await timeUntil(() => waiting.status !== 0, 300_000);
    expect(waiting.status).toBe(202);
    state.mode = "there";
    await revoke();
    await timeUntil(() => stream.ended, 60_000);
    expect(stream.ended).toBe(true);
  });
});
