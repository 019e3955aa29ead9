/* Creates whose request cannot be read, or not to its end: what that says about the vendor. */
import { afterEach, describe, it, vi } from "vitest";
import { CREATE_TIMEOUT_MS, type LargeRequest, REQUEST_READ_TIMEOUT_MS } from "../../src/vod/client.ts";
import {
  clientOf,
  CREATED,
  refusal,
  SESSION,
  shortTimeLimits,
  silent,
  storedRequest,
  streamOf,
  unsent,
  whenAborted,
  withFile,
} from "./support.ts";

const ACTION = "CreateAigcVideoTask";

afterEach(() => {
  vi.restoreAllMocks();
});

const bytesOf = (json: string) => new TextEncoder().encode(json);
const json = JSON.stringify(withFile(400_000));
const whole = bytesOf(json);

/** Gives `bytes`, then breaks. */
function breaking(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const reader = streamOf(bytes, 64 * 1024).getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.error(new Error("storage is away"));
      else controller.enqueue(value);
    },
  });
}

/** Gives `bytes`, then nothing. */
function stalling(bytes: Uint8Array, canceled: () => void = () => {}): ReadableStream<Uint8Array> {
  const reader = streamOf(bytes, 64 * 1024).getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) await new Promise(() => {});
      else controller.enqueue(value);
    },
    cancel: canceled,
  });
}

type Open = LargeRequest["open"];
const good: Open = async () => streamOf(whole, 64 * 1024);
const away: Open = () => Promise.reject(new Error("storage is away"));
const gone: Open = async () => null;

/** One request, opened differently each time. */
function opening(...opens: Open[]): LargeRequest {
  let next = 0;
  return { size: whole.byteLength, open: () => (opens[next++] ?? good)() };
}

describe("a large request that cannot be read", () => {
  it.for<[string, boolean, Open[]]>([
    ["gone at once", true, [gone]],
    ["gone after it was hashed", true, [good, gone]],
    ["not to be opened", false, [away]],
    ["not to be opened again", false, [good, away]],
    ["breaking off while it is hashed", false, [async () => breaking(whole.subarray(0, 200_000))]],
    ["shorter than it was", true, [async () => streamOf(whole.subarray(0, -1), 64 * 1024)]],
    ["empty", true, [async () => streamOf(new Uint8Array(), 1)]],
    ["longer than it was", true, [async () => streamOf(bytesOf(`${json} `), 64 * 1024)]],
    ["no object", true, [async () => streamOf(bytesOf(`${json.slice(0, -1)} `), 64 * 1024)]],
  ])("%s: nothing was sent, gone: %s", async ([, isGone, opens], { expect }) => {
    const { calls, client } = clientOf(() => Response.json(CREATED));
    expect(await client.createTask(ACTION, opening(...opens), SESSION)).toEqual(unsent(isGone));
    expect(calls).toEqual([]);
  });

  it("in time is given up before the call", async ({ expect }) => {
    const limits = shortTimeLimits();
    const { calls, client } = clientOf(() => Response.json(CREATED));
    expect(
      await client.createTask(
        ACTION,
        opening(() => new Promise(() => {})),
        SESSION,
      ),
    ).toEqual(unsent(false));
    let canceled = false;
    const stalled = stalling(whole.subarray(0, 100_000), () => (canceled = true));
    expect(
      await client.createTask(
        ACTION,
        opening(async () => stalled),
        SESSION,
      ),
    ).toEqual(unsent(false));
    expect(canceled).toBe(true);
    expect(calls).toEqual([]);
    expect(limits.mock.calls).toEqual([[REQUEST_READ_TIMEOUT_MS], [REQUEST_READ_TIMEOUT_MS]]);
  });

  it("opened too late is closed", async ({ expect }) => {
    shortTimeLimits();
    let canceled = false;
    const { client } = clientOf(() => Response.json(CREATED));
    const later = Promise.withResolvers<ReadableStream<Uint8Array>>();
    const request = opening(() => later.promise);
    expect(await client.createTask(ACTION, request, SESSION)).toEqual(unsent(false));
    later.resolve(stalling(whole, () => (canceled = true)));
    await expect.poll(() => canceled).toBe(true);
  });

  it("to its end while it is sent was not sent: the signature is for the whole", async ({ expect }) => {
    const { client } = clientOf(() => Response.json(CREATED));
    const broken: Open = async () => breaking(whole.subarray(0, 200_000));
    expect(await client.createTask(ACTION, opening(good, broken), SESSION)).toEqual(unsent(false));
    const short: Open = async () => streamOf(whole.subarray(0, 200_000), 64 * 1024);
    expect(await client.createTask(ACTION, opening(good, short), SESSION)).toEqual(unsent(false));
  });

  it("to its end is not held against the request when the vendor refuses the torn body", async ({ expect }) => {
    const broken: Open = async () => breaking(whole.subarray(0, 200_000));
    const fetch = async ({ body }: Request) => {
      await body?.pipeTo(new WritableStream()).catch(() => {});
      return refusal("AuthFailure.SignatureFailure");
    };
    const { client } = clientOf(() => Response.json(CREATED), { fetch });
    expect(await client.createTask(ACTION, opening(good, broken), SESSION)).toEqual(unsent(false));
  });

  it("any further when the time of the call is over was not sent", async ({ expect }) => {
    const limits = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const abort = new AbortController();
      if (ms === CREATE_TIMEOUT_MS) setTimeout(() => abort.abort(new DOMException("late", "TimeoutError")), 20);
      return abort.signal;
    });
    let canceled = false;
    const stalled: Open = async () => stalling(whole.subarray(0, 200_000), () => (canceled = true));
    const fetch = (request: Request) => {
      void request.body?.pipeTo(new WritableStream()).catch(() => {});
      return whenAborted(request);
    };
    const { client } = clientOf(() => Response.json(CREATED), { fetch });
    expect(await client.createTask(ACTION, opening(good, stalled), SESSION)).toEqual(unsent(false));
    expect(limits.mock.calls).toEqual([[REQUEST_READ_TIMEOUT_MS], [CREATE_TIMEOUT_MS]]);
    expect(canceled).toBe(true);
  });

  it("again in what is left of the call's time was not sent", async ({ expect }) => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const abort = new AbortController();
      if (ms === CREATE_TIMEOUT_MS) setTimeout(() => abort.abort(new DOMException("late", "TimeoutError")), 50);
      return abort.signal;
    });
    const { calls, client } = clientOf(() => refusal("AuthFailure.SignatureExpire"));
    const stuck: Open = () => new Promise(() => {});
    expect(await client.createTask(ACTION, opening(good, good, stuck), SESSION)).toEqual(unsent(false));
    expect(calls).toHaveLength(1);
  });

  it("again after its first call was refused as expired was not sent", async ({ expect }) => {
    const { calls, client } = clientOf(() => refusal("AuthFailure.SignatureExpire"));
    expect(await client.createTask(ACTION, opening(good, good, away), SESSION)).toEqual(unsent(false));
    expect(await client.createTask(ACTION, opening(good, good, gone), SESSION)).toEqual(unsent(true));
    expect(calls).toHaveLength(2);
  });
});

describe("a large request that was read", () => {
  it("and not answered is in doubt", async ({ expect }) => {
    shortTimeLimits();
    const { client } = clientOf(({ request }) => whenAborted(request));
    expect(await client.createTask(ACTION, opening(good, good), SESSION)).toEqual(silent("timeout"));
  });

  it("and not taken whole is in doubt: it may be the vendor's fault", async ({ expect }) => {
    const { request, seen } = storedRequest(json, 1024);
    const lost = () => Promise.reject(new TypeError("Network connection lost."));
    const { client } = clientOf(() => Response.json(CREATED), { fetch: lost });
    expect(await client.createTask(ACTION, request, SESSION)).toEqual(silent("network"));
    expect(seen).toMatchObject({ opened: 2, canceled: 1 });
  });

  it("and answered early is what the answer says", async ({ expect }) => {
    const early = clientOf(() => Response.json(CREATED), { fetch: async () => refusal("RequestLimitExceeded") });
    expect(await early.client.createTask(ACTION, opening(good, good), SESSION)).toMatchObject({
      ok: false,
      error: { kind: "refused", code: "RequestLimitExceeded" },
    });
  });
});
