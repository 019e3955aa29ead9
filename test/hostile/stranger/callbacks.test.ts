/*
 * Whatever comes in as a notification: never a fault of ours, always JSON of the dialect, nothing of the inside, nothing of
 * another owner's, nothing changed there.
 */
import * as fc from "fast-check";
import { beforeEach, describe, it } from "vitest";
import { CALLBACK, CALLBACK_SECRET, CAR, completionOf, emulator, type EmulatorTask } from "../../support/gateway.ts";
import { check, jsonOf, oddValue, pathId } from "../odd.ts";
import { type Arena, calm, put, startArena } from "../support.ts";

const TIMEOUT_MS = 60_000;

let arena: Arena;
/** Another owner's, still at work at the vendor: an event that was believed would end it. */
let running: EmulatorTask;

beforeEach(async () => {
  arena = await startArena();
  await emulator.call("PUT", "config", { task_seconds: 1_000 });
  await arena.gateway.post("/tencent-vod/v1/aigc-video", CAR, { key: "sk-victim" });
  const task = (await emulator.tasks()).find(({ Status }) => Status !== "FINISH");
  if (!task) throw new Error("The vendor has no running task.");
  running = task;
  await arena.remember();
});

describe("callbacks", { timeout: TIMEOUT_MS }, () => {
  it("with another secret are not there, whatever they bring", async () => {
    const secret = fc.oneof(
      fc.constantFrom(
        CALLBACK_SECRET.slice(0, -1),
        `${CALLBACK_SECRET}2`,
        CALLBACK_SECRET.toUpperCase(),
        `${CALLBACK_SECRET}%00`,
        "",
        "%FF",
      ),
      pathId,
    );
    await check(
      60,
      fc.asyncProperty(secret, oddValue, async (word, value) => {
        const path = `/callbacks/vod/${word}`;
        const { status } = await arena.ask(path, { method: "POST", body: jsonOf(value), key: null });
        if (status !== 404) throw new Error(`${path} answers ${status}.`);
      }),
    );
    await arena.untouched();
  });

  it("with the secret, of any content, change no task", async () => {
    const genuine = await completionOf(running);
    const places = [
      ["EventType"],
      ["AigcVideoCompleteEvent"],
      ["AigcVideoCompleteEvent", "TaskId"],
      ["AigcVideoCompleteEvent", "SessionContext"],
      ["AigcVideoCompleteEvent", "SessionId"],
      ["AigcVideoCompleteEvent", "Output"],
      ["Sign"],
      ["T"],
      ["__proto__"],
    ];
    await check(
      120,
      fc.asyncProperty(fc.constantFrom(...places), oddValue, fc.boolean(), async (place, value, whole) => {
        const body = jsonOf(whole ? value : put(genuine, place, value));
        await calm(await arena.gateway.post(CALLBACK, body, { key: null }), "/callbacks/");
      }),
    );
    await arena.untouched();
  });

  it("of any bytes, and nested beyond measure, change no task", async () => {
    await check(
      60,
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (body) => {
        await calm(await arena.gateway.request(CALLBACK, { method: "POST", body, key: null }), "/callbacks/");
      }),
    );
    const { Sign, T } = await completionOf(running);
    const deep = `{"EventType":"Other","Sign":"${Sign}","T":${T},"x":${"[".repeat(500_000)}${"]".repeat(500_000)}}`;
    await calm(await arena.gateway.post(CALLBACK, deep, { key: null }), "/callbacks/");
    await arena.untouched();
  });
});
