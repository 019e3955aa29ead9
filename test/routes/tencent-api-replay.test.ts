/*
 * What somebody can do with a request they have seen, within its five minutes. The SDKs sign the body, the content type
 * and the host, and leave the action, the version and all other headers to whoever passes them on.
 */
import { beforeEach, describe, it } from "vitest";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import {
  type Answer,
  call,
  codeOf,
  IMAGE,
  send,
  signedRequest,
  type SignedRequest,
  startTencentGateway,
  VIDEO,
} from "./support/tencent-api.ts";

const CREATE = "CreateAigcVideoTask";
const USED = "AuthFailure.InvalidAuthorization";
const DUPLICATE = "InvalidParameterValue.SessionId";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

const again = (request: SignedRequest, headers: Record<string, string> = {}) =>
  send(gateway, { ...request, headers: { ...request.headers, ...headers } });

const paid = async () => (await emulator.tasks()).length;

const usedError = ({ TaskId: id }: Answer) => ({
  Code: USED,
  Message: `This signed request was used already; sign a new one. Its TaskId: ${id}`,
});

describe("a create call that was seen", () => {
  it("makes no second task, under either action", async ({ expect }) => {
    const request = await signedRequest(CREATE, VIDEO);
    const first = await send(gateway, request);
    expect((await again(request)).Error).toEqual(usedError(first));
    expect((await again(request, { "x-tc-action": "CreateAigcImageTask" })).Error).toEqual(usedError(first));
    expect(await paid()).toBe(1);
  });

  it("makes one task when it comes many times at once", async ({ expect }) => {
    const request = await signedRequest(CREATE, VIDEO);
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(gateway, request)));
    const [first, ...others] = answers.filter(({ TaskId: id }) => id !== undefined);
    expect(others).toEqual([]);
    const refused = answers.filter(({ Error: error }) => error !== undefined);
    expect(refused).toHaveLength(7);
    for (const { Error: error } of refused) expect(error).toEqual(usedError(first as Answer));
    expect(await paid()).toBe(1);
  });

  it("with a SessionId is told of the SessionId, as by the vendor", async ({ expect }) => {
    const body = { ...VIDEO, SessionId: "session-1" };
    const request = await signedRequest(CREATE, body);
    const first = await send(gateway, request);
    const message = `A task with this SessionId was accepted within the last three days. Its TaskId: ${first.TaskId}`;
    const error = { Code: DUPLICATE, Message: message };
    expect((await again(request)).Error).toEqual(error);
    expect((await call(gateway, CREATE, { ...body, Prompt: "another" })).Error).toEqual(error);
    expect(await paid()).toBe(1);
  });

  it("cannot be given an Idempotency-Key, a deadline or a query", async ({ expect }) => {
    const request = await signedRequest(CREATE, VIDEO);
    for (const name of ["idempotency-key", "x-fal-request-timeout"]) {
      expect((await again(request, { [name]: "1" })).Error).toEqual({
        Code: "InvalidParameter",
        Message: `The header \`${name}\` is not in SignedHeaders: sign it or leave it out.`,
      });
    }
    for (const path of ["/?dry_run=1", "/?fal_max_queue_length=0"])
      expect(codeOf(await send(gateway, { ...request, path }))).toBe("AuthFailure.SignatureFailure");
    expect(await paid()).toBe(0);
    expect(codeOf(await again(request))).toBe("OK");
  });

  it("that the vendor refused is refused again, and not sent", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue.FileId", times: 1 });
    const request = await signedRequest(CREATE, VIDEO);
    for (let time = 0; time < 2; time++) expect(codeOf(await again(request))).toBe("InvalidParameterValue.FileId");
    expect(await paid()).toBe(0);
    expect(await emulator.calls()).toEqual({ [CREATE]: { "InvalidParameterValue.FileId": 1 } });
    expect(codeOf(await call(gateway, CREATE, { ...VIDEO, Prompt: "signed anew" }))).toBe("OK");
  });

  it("and its body, used for a description, is none; nor is a description a creation", async ({ expect }) => {
    const create = await signedRequest(CREATE, VIDEO);
    expect(codeOf(await again(create, { "x-tc-action": "DescribeTaskDetail" }))).toBe("MissingParameter");
    const describeIt = await signedRequest("DescribeTaskDetail", { TaskId: "x" });
    for (const action of [CREATE, "CreateAigcImageTask"])
      expect(codeOf(await again(describeIt, { "x-tc-action": action }))).toBe("MissingParameter");
    expect(await paid()).toBe(0);
  });

  it("with another body, host or time was never signed", async ({ expect }) => {
    const request = await signedRequest(CREATE, VIDEO);
    const changes: Partial<SignedRequest>[] = [
      { body: JSON.stringify({ ...VIDEO, Prompt: "mine" }) },
      { path: "https://other.workers.dev/" },
      { headers: { ...request.headers, "x-tc-timestamp": String(Number(request.headers["x-tc-timestamp"]) + 1) } },
    ];
    for (const change of changes)
      expect(codeOf(await send(gateway, { ...request, ...change }))).toBe("AuthFailure.SignatureFailure");
    expect(await paid()).toBe(0);
  });

  it("is of no use when its time is over", async ({ expect }) => {
    const request = await signedRequest(CREATE, VIDEO);
    gateway.clock.offsetMs = 301_000;
    expect(codeOf(await again(request))).toBe("AuthFailure.SignatureExpire");
  });
});

describe("a signed Idempotency-Key", () => {
  const key = (value: string) => ({ signed: { "idempotency-key": value } });

  it("answers a repetition, signed anew or not, with the first TaskId", async ({ expect }) => {
    const request = await signedRequest(CREATE, VIDEO, key("k1"));
    const first = await send(gateway, request);
    const later = await call(gateway, CREATE, VIDEO, { ...key("k1"), timestamp: Math.floor(Date.now() / 1000) - 9 });
    expect((await again(request)).TaskId).toBe(first.TaskId);
    expect(later.TaskId).toBe(first.TaskId);
    expect(await paid()).toBe(1);
  });

  it("belongs to one request", async ({ expect }) => {
    await call(gateway, CREATE, VIDEO, key("k1"));
    for (const [action, body] of [
      [CREATE, { ...VIDEO, Prompt: "another" }],
      ["CreateAigcImageTask", VIDEO],
    ] as const)
      expect(codeOf(await call(gateway, action, body, key("k1")))).toBe("InvalidParameter");
    expect(await paid()).toBe(1);
  });

  it("cannot be changed on the way", async ({ expect }) => {
    const request = await signedRequest(CREATE, VIDEO, key("k1"));
    expect(codeOf(await again(request, { "idempotency-key": "k2" }))).toBe("AuthFailure.SignatureFailure");
  });
});

describe("an unsigned payload", () => {
  it("is refused, however it is signed", async ({ expect }) => {
    const sent = { "x-tc-content-sha256": "UNSIGNED-PAYLOAD" };
    const placeholder = await signedRequest(CREATE, undefined, { body: "UNSIGNED-PAYLOAD", sent });
    const answers = [await send(gateway, { ...placeholder, body: JSON.stringify(VIDEO) })];
    answers.push(await call(gateway, CREATE, VIDEO, { sent }));
    for (const { Error: error } of answers) {
      const message = "An unsigned payload is not accepted: sign the body.";
      expect(error).toEqual({ Code: "AuthFailure.InvalidAuthorization", Message: message });
    }
  });
});

describe("equal requests that are signed twice", () => {
  it("make two tasks, as at the vendor", async ({ expect }) => {
    const now = Math.floor(Date.now() / 1000);
    const ids = new Set<unknown>();
    const bodies: [string, Json][] = [
      [CREATE, VIDEO],
      ["CreateAigcImageTask", IMAGE],
    ];
    for (const [action, body] of bodies) {
      for (const timestamp of [now, now - 1]) ids.add((await call(gateway, action, body, { timestamp })).TaskId);
    }
    expect(ids.size).toBe(4);
    expect(ids).not.toContain(undefined);
    expect(await paid()).toBe(4);
  });
});
