/* The vendor's client with a vendor that each test makes up, or with the emulator. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { type Deps, platformDeps } from "../../src/deps.ts";
import { createVodClient, type LargeRequest } from "../../src/vod/client.ts";

export const SUB_APP_ID = 251007502;
export const NOW_MS = Date.UTC(2026, 10, 21, 8, 0, 0);
export const MEBIBYTE = 1024 * 1024;

export const CAR = { ModelName: "Kling", ModelVersion: "1.6", Prompt: "一辆汽车 🚗" };
export const SESSION = { sessionId: "0190-1", sessionContext: "token" };
export const CREATED = { Response: { TaskId: "251007502-AigcVideoTask-1t", RequestId: "r-1" } };

export type Json = Record<string, unknown>;
/** A request with a file of so many characters. */
export const withFile = (characters: number): Json => ({
  ...CAR,
  FileInfos: [{ Type: "Base64", Base64: "QUJD".repeat(characters / 4), Usage: "FirstFrame" }],
});

export type Call = { request: Request; body: string };

export const FILE = { FileUrl: "https://media.test/a.mp4?sign=1", FileId: "", MetaData: { Width: 1280, Duration: 5 } };
/** A finished task. */
export const DONE = {
  TaskId: "t-1",
  Status: "FINISH",
  ErrCode: 0,
  ErrCodeExt: "",
  Message: "",
  Progress: 100,
  Output: { FileInfos: [FILE], Usage: { OutputSeconds: 5 } },
  SessionId: "s",
  SessionContext: "token",
};

/** A client whose vendor is `answer`; `calls` is what it was sent. */
export function clientOf(
  answer: (call: Call, number: number) => Response | Promise<Response>,
  deps: Partial<Deps> = {},
) {
  const calls: Call[] = [];
  const client = createVodClient(
    {
      endpoint: "https://vod.example.test",
      subAppId: SUB_APP_ID,
      credentials: { secretId: "AKIDtest", secretKey: "test-secret-key" },
    },
    {
      ...platformDeps,
      now: () => NOW_MS,
      fetch: async (request) => {
        const call = { request, body: await request.clone().text() };
        calls.push(call);
        return answer(call, calls.length);
      },
      ...deps,
    },
  );
  const create = () => client.createTask("CreateAigcVideoTask", JSON.stringify(CAR), SESSION);
  return { calls, client, create };
}

/** A client of the emulator, whose clock is the real one. */
export function emulatorClient(deps: Partial<Deps> = {}) {
  return createVodClient(
    {
      endpoint: "http://vod.emulator.test",
      subAppId: SUB_APP_ID,
      credentials: { secretId: "AKIDlocal", secretKey: "local-secret-key" },
    },
    { ...platformDeps, fetch: (request) => env.EMULATOR.fetch(request), ...deps },
  );
}

export const refusal = (Code: string, Message = "No.") =>
  Response.json({ Response: { Error: { Code, Message }, RequestId: "r-9" } });

export const silent = (reason: string) => ({ ok: false, error: { kind: "silent", reason } });
export const unsent = (gone: boolean) => ({ ok: false, error: { kind: "unsent", gone } });

/** Time limits as they are asked for; each comes after 10 ms. */
export function shortTimeLimits() {
  const real = AbortSignal.timeout.bind(AbortSignal);
  return vi.spyOn(AbortSignal, "timeout").mockImplementation(() => real(10));
}

export const whenAborted = (request: Request) =>
  new Promise<never>((_, reject) => {
    request.signal.addEventListener("abort", () => reject(request.signal.reason as Error));
  });

/** A stored request that comes in chunks; `given` is how many bytes were handed out, `opened` how often it was opened. */
export function storedRequest(json: string, chunkBytes = 64 * 1024) {
  const bytes = new TextEncoder().encode(json);
  const seen = { given: 0, opened: 0, canceled: 0 };
  const request: LargeRequest = {
    size: bytes.byteLength,
    open: async () => {
      seen.opened += 1;
      return streamOf(bytes, chunkBytes, seen);
    },
  };
  return { bytes, request, seen };
}

export function streamOf(bytes: Uint8Array, chunkBytes: number, seen = { given: 0, opened: 0, canceled: 0 }) {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.byteLength) return controller.close();
        const chunk = bytes.slice(at, at + chunkBytes);
        at += chunk.byteLength;
        seen.given += chunk.byteLength;
        controller.enqueue(chunk);
      },
      cancel() {
        seen.canceled += 1;
      },
    },
    { highWaterMark: 0 },
  );
}
