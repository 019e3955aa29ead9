/* Who polls for a task in the vendor's shape sees its request without the files, and does not have them read. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, it, vi } from "vitest";
import { sha256Hex } from "../../src/signing/encoding.ts";
import { cancel, notifyUntilDone, REQUESTS, submit } from "../support/client.ts";
import {
  CAR,
  dispatcherObject,
  emulator,
  type Gateway,
  type Json,
  recordHasAll,
  startGateway,
} from "../support/gateway.ts";
import { quiet } from "../support/quiet.ts";
import { addPair, call, PAIR } from "./support/tencent-api.ts";

const POLLS = 4;
const FILE = "QUJD".repeat(1_000_000);
const PATHS = (id: string) => [`/tencent-vod/v1/query/${id}`, `/tencent-vod/v1/aigc-video/${id}`];

let gateway: Gateway;
/** What was fetched from R2. */
let fetched: string[];

async function start(bindings: Json = {}): Promise<void> {
  fetched = [];
  const BLOBS = new Proxy(env.BLOBS, {
    get(bucket, name: keyof R2Bucket) {
      const member = bucket[name] as (...input: unknown[]) => unknown;
      return (...input: unknown[]) => {
        if (name === "get") fetched.push(String(input[0]));
        return member.apply(bucket, input);
      };
    },
  });
  gateway = await startGateway({ env: { BLOBS, ...bindings } });
  await addPair(PAIR, "acme", ["submit", "read"]);
}

beforeEach(async () => {
  await emulator.reset({ task_seconds: 600 });
  await start();
});

const inputOf = (answer: Json) => (answer["AigcVideoTask"] as Json)["Input"];

/** What every poll in the vendor's shape shows of the request. */
async function polled(id: string): Promise<unknown[]> {
  const inputs: unknown[] = [];
  for (let turn = 0; turn < POLLS; turn++) {
    for (const path of PATHS(id)) {
      const text = await (await gateway.get(path)).text();
      if (text.length > 20_000) throw new Error(`A poll of ${text.length} characters.`);
      inputs.push(inputOf((JSON.parse(text) as { Response: Json }).Response));
    }
    inputs.push(inputOf(await call(gateway, "DescribeTaskDetail", { TaskId: id })));
  }
  return inputs;
}

const file_infos = (base64: string) => [{ type: "Base64", category: "Image", base64 }];

describe("a pending task's request", () => {
  it.for([
    ["4 MB", FILE],
    ["4 characters", "QUJD"],
  ] as const)("with a file of %s is shown with its length and SHA-256, from memory", async ([, base64], { expect }) => {
    const { id } = await submit(gateway, { file_infos: file_infos(base64) });
    await quiet();
    fetched = [];
    const { dispatcher, store } = gateway.services;
    const asked = vi.spyOn(dispatcher, "request");
    const reads = [vi.spyOn(store.record, "find"), vi.spyOn(store.record, "request")];
    const expected = {
      ModelName: CAR.model_name,
      ModelVersion: CAR.model_version,
      Prompt: CAR.prompt,
      FileInfos: [
        { Type: "Base64", Category: "Image", Base64Length: base64.length, Base64Sha256: await sha256Hex(base64) },
      ],
    };
    expect(new Set((await polled(id)).map((input) => JSON.stringify(input)))).toEqual(
      new Set([JSON.stringify(expected)]),
    );
    expect(fetched).toEqual([]);
    expect(asked).toHaveBeenCalledTimes(1);
    for (const read of reads) expect(read).not.toHaveBeenCalled();
  });

  it("of before the rows had what is shown is read once", async ({ expect }) => {
    const { id } = await submit(gateway, { file_infos: file_infos(FILE) });
    await quiet();
    fetched = [];
    await runInDurableObject(dispatcherObject(), (_object, { storage }) => {
      storage.sql.exec("UPDATE tasks SET request = NULL WHERE id = ?1", id);
    });
    for (const input of await polled(id)) expect(input).toMatchObject({ FileInfos: [{ Base64Length: FILE.length }] });
    expect(fetched).toEqual([`requests/${id}`]);
  });

  it("is the request itself where a video is made of it anew, and gone with a large one", async ({ expect }) => {
    await start({ VOD_CONCURRENCY: "1" });
    await submit(gateway);
    const small = await submit(gateway, { file_infos: file_infos("QUJD") });
    const large = await submit(gateway, { file_infos: file_infos(FILE) });
    await polled(large.id);
    const remix = await gateway.post(`/v1/videos/${large.id}/remix?dry_run=1`, { prompt: "a bus" });
    const { request } = await remix.json<{ request: { FileInfos: { Base64: string }[] } }>();
    expect(request.FileInfos[0]?.Base64 === FILE).toBe(true);
    for (const { id } of [small, large]) await cancel(gateway, id);
    await recordHasAll(gateway);
    const kept = await env.DB.prepare("SELECT id, request FROM tasks").all<{ id: string; request: string | null }>();
    const requests = new Map(kept.results.map(({ id, request: text }) => [id, text]));
    expect(JSON.parse(requests.get(small.id) ?? "{}")).toMatchObject({ FileInfos: [{ Base64: "QUJD" }] });
    expect(requests.get(large.id)).toBeNull();
    // Another isolate, which has seen nothing.
    await start();
    expect((await gateway.get(`${REQUESTS}/${large.id}/status`)).status).toBe(200);
    const [input] = await polled(small.id);
    expect(input).toMatchObject({ FileInfos: [{ Base64Length: 4 }] });
    expect((await polled(large.id)).every((shown) => shown === undefined)).toBe(true);
  });
});

it("a finished task's row in the record has less than 64 KB of what a poll reads, whatever was asked for", async ({
  expect,
}) => {
  await emulator.reset();
  const text = "汽".repeat(7_900);
  const session_context = "🚗".repeat(1_000);
  const { id } = await submit(gateway, { prompt: text, negative_prompt: text, session_context });
  await notifyUntilDone(gateway);
  await recordHasAll(gateway);
  const row = (await env.DB.prepare("SELECT * FROM tasks WHERE id = ?1").bind(id).first<Json>()) ?? {};
  const { request: _request, ...read } = row;
  const bytes = Object.values(read).reduce(
    (sum: number, value) => sum + new TextEncoder().encode(String(value)).length,
    0,
  );
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(64 * 1024);
  await start();
  expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
});
