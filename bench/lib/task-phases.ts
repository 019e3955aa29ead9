import { call } from "../../scripts/lib/http.ts";
import { allOver as waitUntilOver } from "./all-over.ts";
import { readStatus } from "./client.ts";
import type { GatewayLab } from "./counted-gateway.ts";
import { putClockAhead } from "./counts.ts";
import { hold, release } from "./lab.ts";

/** What a task goes through with its client and the vendor, in this order; of `poll` as many as the client likes. */
export const LIVE_PHASES = ["submit", "poll", "event", "result", "again"] as const;
export type LivePhase = (typeof LIVE_PHASES)[number];

/** And at the end it is forgotten. */
export const PHASES = [...LIVE_PHASES, "deletion"] as const;
export type Phase = (typeof PHASES)[number];

export const PHASE_TITLES: Record<Phase, string> = {
  submit: "submission, the vendor's call included",
  poll: "poll of its status while it runs",
  event: "the vendor's event, the re-read, the record",
  result: "result, read for the first time",
  again: "poll of its status when it is over",
  deletion: "forgotten by object and record",
};

/** How much a client names of its task. */
export const NAMINGS = ["none", "session", "session-and-key"] as const;
export type Naming = (typeof NAMINGS)[number];

export const NAMING_TITLES: Record<Naming, string> = {
  none: "no name",
  session: "session_id",
  "session-and-key": "session_id and Idempotency-Key",
};

const EVENTS_TIMEOUT_MS = 60_000;

type Crowd = { naming: Naming; count: number; prefix: string };
/** Does a phase's work, between whatever it measures. */
type Observe<Figures> = (work: () => Promise<void>) => Promise<Figures>;

/** Leads `count` tasks through their life, all of them through a phase before any enters the next. */
export async function livePhases<Figures>(
  lab: GatewayLab,
  { naming, count, prefix }: Crowd,
  observed: Observe<Figures>,
): Promise<Record<LivePhase, Figures>> {
  const ids: string[] = [];
  const each = (work: (id: string) => Promise<unknown>) => async () => {
    for (const id of ids) await work(id);
  };
  await hold(lab);
  const submit = await observed(async () => {
    for (let index = 0; index < count; index++)
      ids.push(await submitNamed(lab, naming, `${prefix}-${naming}-${index}`));
  });
  const poll = await observed(each((id) => readStatus(lab, id)));
  const event = await observed(async () => {
    await release(lab, 0);
    await allOver(lab);
  });
  const result = await observed(each((id) => readResult(lab, id)));
  const again = await observed(each((id) => readStatus(lab, id)));
  return { submit, poll, event, result, again };
}

/** Longer than the record keeps a task, and the object its names. */
const FORGOTTEN_DAYS = 40;
const DAY_MS = 24 * 60 * 60 * 1_000;
let daysAhead = 0;

/**
 * As {@link livePhases}, and has all of them forgotten at the end.
 * @param lab of the counting Worker, whose clock can be put ahead
 */
export async function wholeLife<Figures>(
  lab: GatewayLab,
  crowd: Crowd,
  observed: Observe<Figures>,
): Promise<Record<Phase, Figures>> {
  const { gateway, gatewayUrl } = lab;
  const lived = await livePhases(lab, crowd, observed);
  // Each time later than the last: the object has noted when it will look next.
  daysAhead += FORGOTTEN_DAYS;
  await putClockAhead(gatewayUrl, daysAhead * DAY_MS);
  const deletion = await observed(() => gateway.fireCron());
  await putClockAhead(gatewayUrl, 0);
  const left = [await gateway.objectRows(), await gateway.database.prepare(COUNT_TASKS).first<number>("count")];
  if (left.some((rows) => rows !== 0)) throw new Error(`${left.join(" and ")} tasks are left in object and record`);
  return { ...lived, deletion };
}

const COUNT_TASKS = "SELECT count(*) AS count FROM tasks";

/** Size of the record. */
export async function storedBytes({ gateway }: GatewayLab): Promise<number> {
  return (await gateway.database.prepare("SELECT 1").run()).meta.size_after;
}

/** @throws when it is not accepted */
export async function submitNamed(lab: GatewayLab, naming: Naming, name: string): Promise<string> {
  const answer = await call(`${lab.gatewayUrl}/tencent-vod/v1/aigc-video`, {
    apiKey: lab.apiKey,
    headers: naming === "session-and-key" ? { "idempotency-key": name } : {},
    json: {
      model_name: "Kling",
      model_version: "1.6",
      prompt: "A paper boat drifts down a rain-soaked street at dusk, neon reflections, slow dolly shot.",
      ...(naming !== "none" && { session_id: name }),
    },
  });
  const id = (answer.body as { request_id?: unknown }).request_id;
  if (answer.status !== 200 || typeof id !== "string") {
    throw new Error(`HTTP ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  return id;
}

/** @throws when there is none */
async function readResult({ gatewayUrl, apiKey }: GatewayLab, id: string): Promise<void> {
  const { status, body } = await call(`${gatewayUrl}/tencent-vod/v1/requests/${id}`, { apiKey });
  if (status !== 200) throw new Error(`HTTP ${status}: ${JSON.stringify(body)}`);
}

/** Waits until the record has all but `running` tasks. */
export function allOver({ gateway }: GatewayLab, running = 0): Promise<void> {
  return waitUntilOver(gateway, EVENTS_TIMEOUT_MS, running);
}
