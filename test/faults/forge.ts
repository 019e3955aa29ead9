import { createHash, randomUUID } from "node:crypto";
import type { EmulatorClient, VendorTask } from "../../scripts/lib/emulator-client.ts";
import { call } from "../../scripts/lib/http.ts";
import type { Journal } from "./journal.ts";
import type { Random } from "./random.ts";
import type { Relay } from "./relay.ts";

/** Occurs in every forged result: it must never be seen again. */
export const FORGED_MARK = "forged.invalid";

const STALE_BY_SECONDS = 3_600;
const TARGETS = 40;

type Pair = { Sign: string; T: number };
type Scene = { target: VendorTask; other: VendorTask; genuine: Pair; random: Random };
type Forgery = { secret?: string; taskId?: string; token?: string | undefined; pair?: Pair | undefined };

/** Each makes one thing wrong, and leaves all else as a genuine event has it. */
const REFUSED: Record<string, (scene: Scene, signKey: string) => Forgery> = {
  wrong_secret: () => ({ secret: "not-the-secret" }),
  no_signature: () => ({ pair: undefined }),
  wrong_signature: ({ genuine }) => ({ pair: { Sign: md5(randomUUID()), T: genuine.T } }),
  stale_signature: (_, signKey) => ({ pair: sign(signKey, Math.floor(Date.now() / 1000) - STALE_BY_SECONDS) }),
  no_token: () => ({ token: undefined }),
  // The MAC of one attempt, or of one owner, under the name of another.
  wrong_token: ({ target }) => ({ token: target.SessionContext.replace(/^(\w+\.[\w-]+)\.\d+\./, "$1.77.") }),
  wrong_owner: ({ target }) => ({ token: target.SessionContext.replace(/\.[\w-]+(\.[\w-]+)$/, ".c29tZWJvZHk$1") }),
};

/** Genuine in all that can be checked without the vendor. */
const HINTS: Record<string, (scene: Scene) => Forgery> = {
  token_of_another_task: ({ other }) => ({ token: other.SessionContext }),
  too_early: () => ({}),
  invented_task: ({ target }) => ({ taskId: target.TaskId.replace(/[^-]+$/, `${randomUUID().replaceAll("-", "")}t`) }),
};

export type ForgerOptions = {
  gatewayUrl: string;
  secret: string;
  signKey: string;
  relay: Relay;
  vendor: EmulatorClient;
  journal: Journal;
  random: Random;
};

/** Sends forged events about tasks that are at the vendor now. */
export async function forge(options: ForgerOptions, events: number): Promise<void> {
  const { vendor, relay, signKey, random } = options;
  const recent = (await vendor.tasks()).slice(-TARGETS);
  const running = recent.filter((task) => task.Status !== "FINISH");
  const [target, ...others] = running.length > 1 ? running : recent;
  const other = others.at(-1);
  if (!target || !other) return;
  const genuine = relay.captured() ?? sign(signKey, Math.floor(Date.now() / 1000) + 600);
  const scene = { target, other, genuine, random };
  const kinds = [...Object.keys(REFUSED), ...Object.keys(HINTS)];
  const wanted = Array.from({ length: events }, () => kinds[random.between(0, kinds.length - 1)] ?? "");
  await Promise.all(wanted.map((kind) => sendForgery(options, kind, scene)));
}

async function sendForgery(options: ForgerOptions, kind: string, scene: Scene): Promise<void> {
  const { gatewayUrl, secret, signKey, journal } = options;
  const refused = REFUSED[kind];
  const forgery = refused ? refused(scene, signKey) : (HINTS[kind]?.(scene) ?? {});
  const whole = {
    secret,
    taskId: scene.target.TaskId,
    token: scene.target.SessionContext,
    pair: scene.genuine,
    ...forgery,
  };
  const sentAt = Date.now();
  let status: number;
  try {
    const json = { ...eventOf(scene, whole.taskId, whole.token), ...whole.pair };
    ({ status } = await call(`${gatewayUrl}/callbacks/vod/${whole.secret}`, { json }));
  } catch {
    // Nobody was there to be deceived.
    return;
  }
  journal.forged.push({ kind, vendorTaskId: whole.taskId, mustBeRefused: refused !== undefined, status });
  if (status >= 500) journal.serverErrors.push({ at: Date.now(), sentAt, status, what: `a forged event: ${kind}` });
}

function eventOf({ target, random }: Scene, TaskId: string, SessionContext: string | undefined) {
  const video = target.Action === "CreateAigcVideoTask";
  const failure = random.chance(0.3);
  const content = {
    TaskId,
    Status: "FINISH",
    ErrCode: failure ? 70_000 : 0,
    ErrCodeExt: failure ? FORGED_MARK : "",
    Message: failure ? FORGED_MARK : "",
    Progress: 100,
    Output: { FileInfos: failure ? [] : [{ FileUrl: `https://${FORGED_MARK}/${randomUUID()}.mp4` }] },
    SessionId: target.SessionId,
    SessionContext,
  };
  return video
    ? { EventType: "AigcVideoTaskComplete", AigcVideoCompleteEvent: content }
    : { EventType: "AigcImageTaskComplete", AigcImageCompleteEvent: content };
}

function sign(signKey: string, T: number): Pair {
  return { Sign: md5(`${signKey}${T}`), T };
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
