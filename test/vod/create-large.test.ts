/* Creates whose request streams: the same bytes on the wire, nothing held, and a signature for the whole. */
import { beforeEach, describe, it } from "vitest";
import { hex, sha256Hex } from "../../src/signing/encoding.ts";
import { control, freshEmulator } from "../emulator/support.ts";
import {
  CAR,
  clientOf,
  CREATED,
  emulatorClient,
  type Json,
  MEBIBYTE,
  NOW_MS,
  refusal,
  SESSION,
  storedRequest,
  unsent,
  withFile,
} from "./support.ts";

const ACTION = "CreateAigcVideoTask";

describe("a large request", () => {
  beforeEach(() => freshEmulator({ echo_base64: true }));

  it("of 5 MB is signed, and arrives whole", async ({ expect }) => {
    const body = withFile(5 * MEBIBYTE);
    const { request } = storedRequest(JSON.stringify(body));
    const client = emulatorClient();
    const result = await client.createTask(ACTION, request, SESSION);
    expect(result).toMatchObject({ ok: true });
    const [task] = await control<{ SessionId: string; SessionContext: string; request: Json }[]>("GET", "tasks");
    expect(task).toMatchObject({ SessionId: "0190-1", SessionContext: "token", request: CAR });
    expect(task?.request["FileInfos"]).toMatchObject([{ Base64: `(${5 * MEBIBYTE} characters)` }]);
  });

  it("that was changed between its two readings is refused by its signature", async ({ expect }) => {
    const stored = storedRequest(JSON.stringify(withFile(MEBIBYTE)));
    const other = storedRequest(JSON.stringify(withFile(MEBIBYTE)).replace("QUJD", "QUJE"));
    let opened = 0;
    const open = () => (++opened === 1 ? stored.request.open() : other.request.open());
    const result = await emulatorClient().createTask(ACTION, { size: stored.request.size, open }, SESSION);
    expect(result).toMatchObject({ ok: false, error: { code: "AuthFailure.SignatureFailure" } });
    expect(await control("GET", "tasks")).toEqual([]);
  });

  it.for([1, 7, 4096, 100_000_000])("in chunks of %d bytes is what a small one would be", async (chunk, { expect }) => {
    const json = JSON.stringify({ ...CAR, ...withFile(chunk === 1 ? 400 : 40_000) });
    const { calls, client } = clientOf(() => Response.json(CREATED));
    expect(await client.createTask(ACTION, json, SESSION)).toMatchObject({ ok: true });
    expect(await client.createTask(ACTION, storedRequest(json, chunk).request, SESSION)).toMatchObject({ ok: true });
    const [small, large] = calls;
    expect(large?.body).toBe(small?.body);
    for (const name of ["authorization", "content-type", "x-tc-timestamp"])
      expect(large?.request.headers.get(name)).toBe(small?.request.headers.get(name));
  });

  it("comes as well from a byte stream, as object storage has them", async ({ expect }) => {
    const { bytes } = storedRequest(JSON.stringify(withFile(300_000)));
    const byteStream = (given: Uint8Array, end: (controller: ReadableByteStreamController) => void) => {
      let at = 0;
      return new ReadableStream({
        type: "bytes",
        pull(controller) {
          if (at === given.byteLength) return end(controller);
          controller.enqueue(given.slice(at, at + 4096));
          at = Math.min(at + 4096, given.byteLength);
        },
      });
    };
    const { calls, client } = clientOf(() => Response.json(CREATED));
    const stored = async () => byteStream(bytes, closeBytes);
    const size = bytes.byteLength;
    await client.createTask(ACTION, JSON.stringify(withFile(300_000)), SESSION);
    expect(await client.createTask(ACTION, { size, open: stored }, SESSION)).toMatchObject({ ok: true });
    expect(calls[1]?.body).toBe(calls[0]?.body);
    const breaksOff = async () =>
      byteStream(bytes.subarray(0, 100_000), (controller) => controller.error(new Error("away")));
    expect(await client.createTask(ACTION, { size, open: breaksOff }, SESSION)).toEqual(unsent(false));
    const tooShort = async () => byteStream(bytes.subarray(0, 100_000), closeBytes);
    expect(await client.createTask(ACTION, { size, open: tooShort }, SESSION)).toEqual(unsent(true));
    expect(calls).toHaveLength(2);
  });

  it("of 5 MB has the bytes of a small one, and is never ahead of who takes it by more than a chunk", async ({
    expect,
  }) => {
    const json = JSON.stringify(withFile(5 * MEBIBYTE));
    const buffered = clientOf(() => Response.json(CREATED));
    await buffered.client.createTask(ACTION, json, SESSION);

    const { request, seen } = storedRequest(json);
    const digest = new crypto.DigestStream("SHA-256");
    const wire = digest.getWriter();
    let taken = 0;
    let ahead = 0;
    const streamed = clientOf(() => Response.json(CREATED), {
      fetch: async ({ body }) => {
        expect(body).toBeInstanceOf(ReadableStream);
        seen.given = 0;
        for await (const chunk of body as ReadableStream<Uint8Array>) {
          ahead = Math.max(ahead, seen.given - taken);
          taken += chunk.byteLength;
          await wire.write(chunk);
        }
        return Response.json(CREATED);
      },
    });
    expect(await streamed.client.createTask(ACTION, request, SESSION)).toMatchObject({ ok: true });
    await wire.close();
    expect(hex(await digest.digest)).toBe(await sha256Hex(buffered.calls[0]?.body ?? ""));
    expect(ahead).toBeLessThanOrEqual(2 * 64 * 1024);
    expect(seen).toMatchObject({ opened: 2, canceled: 0 });
  });

  it("is opened once more when its signature has expired on the way", async ({ expect }) => {
    const { request, seen } = storedRequest(JSON.stringify(withFile(100_000)));
    let now = NOW_MS;
    const { calls, client } = clientOf(
      (_, number) => {
        now += 7_000;
        return number === 1 ? refusal("AuthFailure.SignatureExpire") : Response.json(CREATED);
      },
      { now: () => now },
    );
    expect(await client.createTask(ACTION, request, SESSION)).toMatchObject({ ok: true });
    expect(calls[1]?.body).toBe(calls[0]?.body);
    expect(calls.map((call) => call.request.headers.get("x-tc-timestamp"))).toEqual([
      String(NOW_MS / 1000),
      String(NOW_MS / 1000 + 7),
    ]);
    expect(seen.opened).toBe(3);
  });
});

/** Closes a byte stream, with whatever read is waiting. */
function closeBytes(controller: ReadableByteStreamController): void {
  controller.close();
  controller.byobRequest?.respond(0);
}
