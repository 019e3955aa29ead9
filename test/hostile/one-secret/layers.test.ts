/*
 * Somebody who has one secret of the gateway's, and not the others: what SECURITY.md says he can do, and no more.
 */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { callbackPathSecrets } from "../../../src/signing/callback-path.ts";
import { base64url, utf8 } from "../../../src/signing/encoding.ts";
import { hmacSha256, importHmacKey } from "../../../src/signing/hmac.ts";
import { openSecret } from "../../../src/signing/secret-box.ts";
import { createSessionToken } from "../../../src/signing/session-token.ts";
import { OTHER_EVENTS_MAX_PER_DAY } from "../../../src/store/record.ts";
import { everything, finishedTask, otherEvents, post, reads, statusOfRow } from "../../callbacks/support.ts";
import { addPair, PAIR } from "../../routes/support/tencent-api.ts";
import { submit, vendorTaskOf } from "../../support/client.ts";
import {
  CALLBACK,
  CALLBACK_SECRET,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
} from "../../support/gateway.ts";
import { pass, startStill } from "../../support/quiet.ts";

const OWNER = "acme";
const UNSIGNED = { VOD_SIGN_KEY: "" };

let gateway: Gateway;

beforeEach(() => emulator.reset());

/** A completion of the vendor's task with another token, unsigned unless it says otherwise. */
async function withToken(task: Parameters<typeof completionOf>[0], SessionContext: string): Promise<Json> {
  const { Sign: _s, T: _t, ...event } = (await completionOf(task, { content: { SessionContext } })) as Json;
  return event;
}

describe("who has the secret of the callback's path, where no sign key is set", () => {
  // By hand, and derived: in either case it must be no way to the tokens.
  for (const [name, bindings] of [
    ["set by hand", UNSIGNED],
    ["derived", { ...UNSIGNED, CALLBACK_SECRET: "" }],
  ] as const) {
    it(`${name}: makes no session token, and so changes no task`, async ({ expect }) => {
      gateway = await startGateway({ env: bindings });
      const { id, task } = await finishedTask(gateway);
      const [secret] = bindings === UNSIGNED ? [CALLBACK_SECRET] : await callbackPathSecrets([env.GATEWAY_SECRET]);
      const path = `/callbacks/vod/${secret}`;
      const claim = `${id}.1.${base64url(utf8(OWNER))}`;
      const mac = async (text: string) => base64url(await hmacSha256(await importHmacKey(utf8(secret)), text));
      const forged = [
        await createSessionToken({ taskId: id, attempt: 1, owner: OWNER, roots: [secret] }),
        `rg2.${claim}.${await mac(claim)}`,
        // As tokens were made before the two were apart.
        `rg2.${claim}.${await mac(`reelgate session token v2\n${claim}`)}`,
      ];
      const before = await everything();
      for (const token of forged) expect((await post(gateway, await withToken(task, token), path)).status).toBe(401);
      expect(await everything()).toEqual(before);
      expect((await post(gateway, await withToken(task, task.SessionContext), path)).status).toBe(200);
      expect(await statusOfRow(id)).toBe("succeeded");
    });
  }

  it("fills nothing: of what he posts a sample is kept, 8 KB each at most", async ({ expect }) => {
    gateway = await startGateway({ env: UNSIGNED });
    const posts = OTHER_EVENTS_MAX_PER_DAY + 20;
    for (let n = 0; n < posts; n++) {
      const event = { EventType: "NewFileUpload", FileUploadEvent: { FileId: `${n}`, Text: "x".repeat(n * 100) } };
      expect((await post(gateway, event)).status).toBe(200);
    }
    const kept = await otherEvents();
    expect(kept).toHaveLength(OTHER_EVENTS_MAX_PER_DAY);
    const sizes = kept.map(({ body }) => (typeof body === "string" ? utf8(body).length : 0));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8_192);
    expect(kept.filter(({ body }) => body === null).length).toBeGreaterThan(100);
  });

  it("and has seen an event: its copies, in whatever words, cause one read, and then six a minute", async ({
    expect,
  }) => {
    await emulator.reset({ task_seconds: 10_000 });
    gateway = await startStill({ env: UNSIGNED });
    const { id } = await submit(gateway);
    const task = await vendorTaskOf(id);
    const copies = (from: number) =>
      Promise.all(
        Array.from({ length: 100 }, async (_, n) => {
          const content = { SessionContext: task.SessionContext, Message: `copy ${from + n}`, Progress: n };
          const event = await completionOf(task, { content, event: { Sign: undefined, T: undefined, n } });
          return (await post(gateway, event)).status;
        }),
      );
    expect(new Set(await copies(0))).toEqual(new Set([200]));
    expect(await reads()).toBeLessThanOrEqual(2);
    for (let second = 0; second < 60; second++) {
      await post(gateway, await withToken(task, task.SessionContext));
      await pass(gateway, 1_000);
    }
    expect(await reads()).toBeLessThanOrEqual(2 + 6 + 1);
    expect(await statusOfRow(id)).toBe("running");
  });

  it("and has seen an event: names another task of the vendor's in vain, once ours is known", async ({ expect }) => {
    gateway = await startGateway({ env: UNSIGNED });
    const { id, task } = await finishedTask(gateway);
    // Made in the same application, with the victim's token: its reading would carry it.
    const { task: other } = await finishedTask(gateway, { prompt: "of somebody else" });
    const before = await everything();
    const event = await withToken({ ...task, TaskId: other.TaskId }, task.SessionContext);
    expect((await post(gateway, event)).status).toBe(200);
    expect(await everything()).toEqual(before);
    expect(await statusOfRow(id)).toBe("running");
  });
});

describe("who has the vendor's sign key", () => {
  it("does not find the callback", async ({ expect }) => {
    gateway = await startGateway();
    const { task } = await finishedTask(gateway);
    const before = await everything();
    const event = await completionOf(task);
    for (const secret of [env.VOD_SIGN_KEY, "", "x"])
      expect((await post(gateway, event, `/callbacks/vod/${secret}`)).status).toBe(404);
    expect(await everything()).toEqual(before);
  });
});

describe("who has a dump of the database", () => {
  it("opens no key pair with any other secret of the deployment", async ({ expect }) => {
    gateway = await startGateway();
    await addPair(PAIR, OWNER, ["read"]);
    const row = await env.DB.prepare("SELECT secret FROM tc3_keys").first<{ secret: string }>();
    const derived = await callbackPathSecrets([env.GATEWAY_SECRET]);
    for (const secret of [CALLBACK_SECRET, ...derived, env.VOD_SIGN_KEY, env.VOD_SECRET_KEY])
      expect(await openSecret({ sealed: String(row?.secret), name: PAIR.secretId, roots: [secret] })).toBeUndefined();
    const roots = [env.GATEWAY_SECRET] as const;
    expect(await openSecret({ sealed: String(row?.secret), name: PAIR.secretId, roots })).toBe(PAIR.secretKey);
  });
});

describe("who has the root secret", () => {
  it("makes tokens, and still ends no task: the vendor's reading decides", async ({ expect }) => {
    await emulator.reset({ task_seconds: 10_000 });
    gateway = await startGateway({ env: UNSIGNED });
    const { id } = await submit(gateway);
    const task = await vendorTaskOf(id);
    const roots = [env.GATEWAY_SECRET] as const;
    const token = await createSessionToken({ taskId: id, attempt: 1, owner: OWNER, roots });
    expect(token).toBe(task.SessionContext);
    const content = { SessionContext: token, Output: { FileInfos: [{ FileUrl: "https://evil.test/x.mp4" }] } };
    const event = await completionOf(task, { content, event: { Sign: undefined, T: undefined } });
    expect((await post(gateway, event, CALLBACK)).status).toBe(200);
    expect(await statusOfRow(id)).toBe("running");
  });
});
