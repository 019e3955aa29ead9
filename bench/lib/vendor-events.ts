import { createHash } from "node:crypto";
import type { EmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { DEV_OWNER, gatewayVars } from "../../scripts/lib/local-env.ts";
import { createSessionToken } from "../../src/signing/session-token.ts";
import { createTc3Signer } from "../../src/signing/tc3-signer.ts";
import { newTaskId } from "../../src/tasks/task-id.ts";

const MS_PER_SECOND = 1_000;
const EVENT_LIFETIME_SECONDS = 300;

export type KeyPair = { secretId: string; secretKey: string };

/**
 * Calls the vendor's API, at the vendor or at the gateway.
 * @throws when it is answered with an error, which comes with HTTP 200 as well
 */
export async function callAsVendor(url: string, credentials: KeyPair, action: string, json: object): Promise<void> {
  const payload = JSON.stringify({ SubAppId: Number(gatewayVars({}).VOD_SUB_APP_ID), ...json });
  const headers = await createTc3Signer({ credentials, service: "vod" }).sign({
    host: new URL(url).host,
    action,
    version: "2018-07-17",
    payload,
    timestamp: Math.floor(Date.now() / MS_PER_SECOND),
  });
  const response = await fetch(url, { method: "POST", headers, body: payload });
  const { Response: answer } = (await response.json()) as { Response: { Error?: object } };
  if (answer.Error) throw new Error(JSON.stringify(answer.Error));
}

/** Makes a task at the vendor that carries the gateway's token and of which the gateway knows nothing. @returns its id */
export async function createForgotten(emulatorUrl: string): Promise<string> {
  const { VOD_SECRET_ID: secretId, VOD_SECRET_KEY: secretKey } = gatewayVars({});
  const id = unknownId();
  await callAsVendor(emulatorUrl, { secretId, secretKey }, "CreateAigcVideoTask", {
    ModelName: "Kling",
    ModelVersion: "1.6",
    Prompt: "A paper boat",
    SessionId: `${id}-1`,
    SessionContext: await tokenOf(id),
  });
  return id;
}

function unknownId(): string {
  return newTaskId({ random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)) }, Date.now());
}

function tokenOf(taskId: string): Promise<string> {
  return createSessionToken({ taskId, attempt: 1, owner: DEV_OWNER, roots: [gatewayVars({}).GATEWAY_SECRET] });
}

/** A completion of the gateway's task as the vendor would send it, signed. */
export async function completionOf(vendor: EmulatorClient, id: string): Promise<object> {
  const task = (await vendor.tasks()).find(({ SessionId }) => SessionId.startsWith(id));
  if (!task) throw new Error(`The vendor has no task ${id}`);
  return signed({ TaskId: task.TaskId, SessionId: task.SessionId, SessionContext: task.SessionContext });
}

/** A completion with a good token of a task that is another one at the vendor. */
export async function misplacedCompletion(vendor: EmulatorClient): Promise<object> {
  const [other] = await vendor.tasks();
  const id = unknownId();
  return signed({ TaskId: other?.TaskId, SessionId: `${id}-1`, SessionContext: await tokenOf(id) });
}

/** An event that is not about a task of the gateway's. */
export function otherEvent(name: string): object {
  return { ...signed({}), EventType: "NewFileUpload", FileUploadEvent: { FileId: name } };
}

/** As src/signing does it, with an MD5 that Node's own Web Crypto does not have. */
function signed(content: object): object {
  const T = Math.floor(Date.now() / MS_PER_SECOND) + EVENT_LIFETIME_SECONDS;
  const Sign = createHash("md5")
    .update(`${gatewayVars({}).VOD_SIGN_KEY}${T}`)
    .digest("hex");
  const AigcVideoCompleteEvent = { Status: "FINISH", ErrCode: 0, ...content };
  return { EventType: "AigcVideoTaskComplete", AigcVideoCompleteEvent, Sign, T };
}
