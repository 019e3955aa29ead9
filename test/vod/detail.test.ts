/* Answers that are larger than usual, because they echo what was sent. */
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { MAX_ECHO_BYTES, readVendorText } from "../../src/vod/answer-text.ts";
import { DESCRIBE_TIMEOUT_MS, ECHO_READ_TIMEOUT_MS, EVENTS_PER_CALL, MAX_DETAIL_BYTES } from "../../src/vod/client.ts";
import { storableTask } from "../../src/vod/stored-task.ts";
import { vendorTask, verdictOf } from "../../src/vod/tasks.ts";
import { control, freshEmulator } from "../emulator/support.ts";
import {
  CAR,
  clientOf,
  DONE,
  emulatorClient,
  MEBIBYTE,
  refusal,
  SESSION,
  shortTimeLimits,
  silent,
  storedRequest,
} from "./support.ts";

/** JSON text in chunks, with `spaces` of white space at its end, made as it is read. */
function longAnswer(json: string, spaces: number): Response {
  const chunk = new Uint8Array(MEBIBYTE / 4).fill(0x20);
  let room = spaces;
  return new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(json)),
      pull(controller) {
        if (room <= 0) return controller.close();
        controller.enqueue(chunk.subarray(0, room));
        room -= chunk.byteLength;
      },
    }),
  );
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a task's detail", () => {
  const answerOf = (task: object) =>
    JSON.stringify({ Response: { TaskType: "AigcVideoTask", Status: "FINISH", AigcVideoTask: task } });

  it("with an echo of the files is read without them", async ({ expect }) => {
    const files = [
      { Type: "Base64", Base64: "QUJD".repeat(MEBIBYTE) },
      { Type: "Url", Base64: "" },
      { Base64: "QUJD" },
    ];
    const { client } = clientOf(() => new Response(answerOf({ ...DONE, Input: { FileInfos: files, Seed: 7 } })));
    const read = await client.describeTask("t-1");
    const expected = [{ Type: "Base64", Base64: "" }, { Type: "Url", Base64: "" }, { Base64: "QUJD" }];
    expect(read).toMatchObject({ ok: true, value: { AigcVideoTask: { Input: { FileInfos: expected, Seed: 7 } } } });
  });

  it("with side notes of other types than documented is a result all the same", async ({ expect }) => {
    const FileInfos = [
      { FileUrl: "https://media.test/a.mp4", MetaData: { Width: "1280", VideoStreamSet: [{ Fps: "24" }] } },
    ];
    const odd = { ...DONE, Progress: "100", Input: { Seed: "7" }, Output: { FileInfos, Usage: "3" } };
    const { client } = clientOf(() => new Response(answerOf(odd)));
    const read = await client.describeTask("t-1");
    if (!read.ok) throw new Error("It was not read.");
    expect(verdictOf(read.value)).toEqual({ state: "succeeded" });
    expect(read.value.AigcVideoTask?.Output?.FileInfos).toMatchObject([
      { FileUrl: "https://media.test/a.mp4", MetaData: null },
    ]);
  });

  it("of 16 MB is read, and not one byte more", async ({ expect }) => {
    expect(MAX_DETAIL_BYTES).toBe(16 * MEBIBYTE);
    const json = answerOf(DONE);
    const read = async (bytes: number) =>
      clientOf(() => longAnswer(json, bytes - json.length)).client.describeTask("t-1");
    expect(await read(MAX_DETAIL_BYTES)).toMatchObject({ ok: true });
    expect(await read(MAX_DETAIL_BYTES + 1)).toEqual(silent("too_large"));
  });

  it("may take its time once it has begun, and then no more than its limit", async ({ expect }) => {
    const limits = shortTimeLimits();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const bytes = new TextEncoder().encode(answerOf(DONE));
    const slow = (end: Promise<unknown>, { signal }: Request) =>
      new Response(
        new ReadableStream<Uint8Array>({
          async start(controller) {
            signal.addEventListener("abort", () => controller.error(signal.reason));
            controller.enqueue(bytes.subarray(0, 50));
            await end;
            controller.enqueue(bytes.subarray(50));
            controller.close();
          },
        }),
      );
    const { client } = clientOf(({ request }) => slow(scheduler.wait(60), request));
    expect(await client.describeTask("t-1")).toMatchObject({ ok: true });
    expect(limits.mock.calls).toEqual([[DESCRIBE_TIMEOUT_MS]]);
    expect(vi.getTimerCount()).toBe(0);

    const endless = clientOf(({ request }) => slow(new Promise(() => {}), request));
    let settled = false;
    const result = endless.client.describeTask("t-1").finally(() => (settled = true));
    // Not expect.poll, which would put the clock forward.
    while (vi.getTimerCount() === 0) await scheduler.wait(5);
    await vi.advanceTimersByTimeAsync(ECHO_READ_TIMEOUT_MS - 1);
    expect(settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toEqual(silent("timeout"));
  });

  it("is refused as anything else is", async ({ expect }) => {
    const { client } = clientOf(() => refusal("ResourceNotFound"));
    expect(await client.describeTask("t-1")).toMatchObject({ ok: false, error: { code: "ResourceNotFound" } });
  });
});

describe("events", () => {
  it("come with their files' echo and are read without it", async ({ expect }) => {
    const event = (n: number, Base64: string) => ({
      EventHandle: `h-${n}`,
      EventType: "AigcVideoTaskComplete",
      FileUploadEvent: null,
      AigcVideoCompleteEvent: { TaskId: `t-${n}`, SessionContext: `c-${n}`, Input: { FileInfos: [{ Base64 }] } },
    });
    const files = "QUJD".repeat(MEBIBYTE / 2);
    const EventSet = Array.from({ length: EVENTS_PER_CALL }, (_, n) => event(n, n < 10 ? files : ""));
    const { client } = clientOf(() => Response.json({ Response: { EventSet } }));
    const pulled = await client.pullEvents();
    const echoes = pulled.ok ? JSON.stringify(pulled.value.map(({ content }) => content)) : files;
    expect(echoes).not.toContain("QUJDQUJD");
    expect(pulled).toMatchObject({
      ok: true,
      value: EventSet.map((_, n) => ({
        handle: `h-${n}`,
        event: { eventType: "AigcVideoTaskComplete", completion: { vendorTaskId: `t-${n}`, sessionContext: `c-${n}` } },
      })),
    });
  });

  it("that nobody knows are told from what is no event", async ({ expect }) => {
    const EventSet = [{ EventHandle: "h", EventType: "Novelty", AigcVideoCompleteEvent: null }, { EventHandle: null }];
    const { client } = clientOf(() => Response.json({ Response: { EventSet } }));
    expect(await client.pullEvents()).toEqual({
      ok: true,
      value: [
        {
          handle: "h",
          event: { eventType: "Novelty" },
          content: { EventType: "Novelty", AigcVideoCompleteEvent: null },
        },
        { handle: undefined, event: undefined, content: {} },
      ],
    });
  });

  it("are none when the vendor says so, in either way", async ({ expect }) => {
    const none = clientOf((_, number) =>
      number === 1 ? Response.json({ Response: { EventSet: null } }) : refusal("ResourceNotFound"),
    );
    expect(await none.client.pullEvents()).toEqual({ ok: true, value: [] });
    expect(await none.client.pullEvents()).toEqual({ ok: true, value: [] });
  });
});

describe("the text of what the vendor sends", () => {
  const sent = (body: string) => new Request("https://gateway.test/", { method: "POST", body });
  it("has a limit of its own for what is kept", async ({ expect }) => {
    const limits = { maxReadBytes: MAX_ECHO_BYTES, maxKeptBytes: 1000 };
    const echo = `{"Base64":"${"A".repeat(100_000)}"}`;
    expect(await readVendorText(sent(echo), limits)).toBe('{"Base64":""}');
    expect(await readVendorText(sent("汽".repeat(333)), limits)).toBe("汽".repeat(333));
    expect(await readVendorText(sent("汽".repeat(334)), limits)).toBeUndefined();
    expect(await readVendorText(sent(""), limits)).toBe("");
  });
});

describe("with the emulator's echo", () => {
  beforeEach(() => freshEmulator({ echo_base64: true, task_seconds: 0 }));

  it("a task of 6 MB is read and stored like any other", async ({ expect }) => {
    const client = emulatorClient();
    const files = [{ Type: "Base64", Base64: "QUJD".repeat(MEBIBYTE * 1.5) }];
    const { request } = storedRequest(JSON.stringify({ ...CAR, FileInfos: files }));
    const created = await client.createTask("CreateAigcVideoTask", request, SESSION);
    if (!created.ok) throw new Error("It was to be created.");
    await control("POST", "clock", { advance_seconds: 1 });
    const read = await client.describeTask(created.value.TaskId);
    if (!read.ok || !read.value.AigcVideoTask) throw new Error("It was to be read.");
    expect(verdictOf(read.value)).toEqual({ state: "succeeded" });
    const stored = storableTask(read.value.AigcVideoTask);
    expect(stored.length).toBeLessThan(5_000);
    expect(vendorTask.parse(JSON.parse(stored))).toEqual(read.value.AigcVideoTask);
  });
});
