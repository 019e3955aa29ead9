import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../scripts/lib/http.ts";
import { submit } from "./client.ts";
import type { GatewayLab } from "./counted-gateway.ts";
import { counted, type Counts, type Operations, operationsOf } from "./counts.ts";
import { hold } from "./lab.ts";
import { allOver } from "./task-phases.ts";

/** Where clients ask whether their task is done, and for what came of it. */
export const PATHS = ["status", "result", "vendor", "generations", "videos"] as const;
export type PollPath = (typeof PATHS)[number];

const TEMPLATES: Record<PollPath, string> = {
  status: "/tencent-vod/v1/requests/{id}/status",
  result: "/tencent-vod/v1/requests/{id}",
  vendor: "/tencent-vod/v1/query/{id}",
  generations: "/v1/video/generations/{id}",
  videos: "/v1/videos/{id}",
};

/** The AIGC dialect's result of a task that is not over. */
const PENDING_STATUS = 400;
const POLLERS = 50;
const NOT_MODIFIED = 304;
/** Shorter than a finished task is known to an isolate (src/tasks/task-cache.ts). */
const KNOWN_MS = 8_000;
/** In it the object does by itself what it does now and then while a task runs. */
const BACKGROUND_SECONDS = 12;
const MS_PER_SECOND = 1_000;

export type PolledTasks = { running: string; finished: string };

/** What a number of polls brought about. Neither the object's own rounds nor the look-up of the caller's key are in it. */
export type Polled = { polls: number; operations: Operations };

type ByPath = Record<PollPath, Polled>;

export type PollCounts = {
  /** Finished tasks that nobody had read, each polled once. */
  once: ByPath;
  /** One task polled over and over, which had been polled just before. */
  again: { finished: ByPath; running: ByPath };
  /** Of a running task. */
  crowd: { pollers: number; seconds: number; alone: ByPath; together: ByPath };
  /** Share of polls with `If-None-Match` that are answered with 304. */
  unchanged: { running: number; finished: number };
};

export type PollSize = { polls: number; seconds: number; tasks: number };

export function pathTitle(path: PollPath): string {
  return `GET ${TEMPLATES[path]}`;
}

export function pathOf(path: PollPath, id: string): string {
  return TEMPLATES[path].replace("{id}", id);
}

/** Polls the counting Worker. */
export async function countPolls(
  lab: GatewayLab,
  { running, finished }: PolledTasks,
  { polls, seconds, tasks }: PollSize,
  say: (line: string) => void,
): Promise<PollCounts> {
  const background = await backgroundStatements(lab);
  const polled = async (work: () => Promise<number>): Promise<Polled> => {
    let count = 0;
    const counts = await counted(lab.gatewayUrl, async () => {
      count = await work();
    });
    return { polls: count, operations: operationsOf(without(counts, background)) };
  };
  const repeatedly = (id: string) =>
    ofEach(async (path) => {
      await pollOnce(lab, path, id);
      return polled(() => pollFor(lab, path, id, { polls, milliseconds: KNOWN_MS }));
    });
  const crowdOf = (pollers: number) =>
    ofEach((path) =>
      polled(async () => {
        const length = { polls: Number.POSITIVE_INFINITY, milliseconds: seconds * MS_PER_SECOND };
        const done = await Promise.all(Array.from({ length: pollers }, () => pollFor(lab, path, running, length)));
        return done.reduce((sum, one) => sum + one, 0);
      }),
    );

  say(`${tasks} finished tasks polled once by each path`);
  const once = await ofEach(async (path) => {
    // By another path the isolate may know a task already, so each path has tasks of its own.
    const ids = await finishedTasks(lab, tasks);
    return polled(async () => {
      for (const id of ids) await pollOnce(lab, path, id);
      return ids.length;
    });
  });
  say(`${polls} polls of a finished and of a running task by each path`);
  const again = { finished: await repeatedly(finished), running: await repeatedly(running) };
  say(`1 and ${POLLERS} pollers of a running task by each path, for ${seconds} s each`);
  const crowd = { pollers: POLLERS, seconds, alone: await crowdOf(1), together: await crowdOf(POLLERS) };
  const unchanged = {
    running: await unchangedShare(lab, running, polls),
    finished: await unchangedShare(lab, finished, polls),
  };
  return { once, again, crowd, unchanged };
}

/** What is asked of D1 while a task runs and nobody polls. */
async function backgroundStatements({ gatewayUrl }: GatewayLab): Promise<ReadonlySet<string>> {
  const counts = await counted(gatewayUrl, () => sleep(BACKGROUND_SECONDS * MS_PER_SECOND));
  return new Set(Object.keys(counts.d1.statements));
}

function without(counts: Counts, background: ReadonlySet<string>): Counts {
  const statements = Object.entries(counts.d1.statements).filter(
    // An isolate looks a caller's key up once in half a minute, whatever is asked with it.
    ([sql]) => !background.has(sql) && !sql.includes("FROM api_keys"),
  );
  return {
    ...counts,
    d1: { ...counts.d1, statements: Object.fromEntries(statements) },
    object: { ...counts.object, alarms: 0 },
  };
}

async function pollFor(
  lab: GatewayLab,
  path: PollPath,
  id: string,
  { polls, milliseconds }: { polls: number; milliseconds: number },
): Promise<number> {
  const end = performance.now() + milliseconds;
  let count = 0;
  for (; count < polls && performance.now() < end; count++) await pollOnce(lab, path, id);
  return count;
}

async function ofEach(measure: (path: PollPath) => Promise<Polled>): Promise<ByPath> {
  const measured = {} as ByPath;
  for (const path of PATHS) measured[path] = await measure(path);
  return measured;
}

/** Finished, and read by nobody so far. The task that was running before stays. */
async function finishedTasks(lab: GatewayLab, count: number): Promise<string[]> {
  await lab.vendor.configure({ task_seconds: 0 });
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push((await submit(lab)).id);
  await allOver(lab, 1);
  await hold(lab);
  return ids;
}

async function pollOnce({ gatewayUrl, apiKey }: GatewayLab, path: PollPath, id: string): Promise<void> {
  const answer = await call(`${gatewayUrl}${pathOf(path, id)}`, { apiKey });
  if (answer.status < 300 || (path === "result" && answer.status === PENDING_STATUS)) return;
  throw new Error(`${path}: HTTP ${answer.status} ${JSON.stringify(answer.body)}`);
}

async function unchangedShare({ gatewayUrl, apiKey }: GatewayLab, id: string, polls: number): Promise<number> {
  let known = "";
  let unchanged = 0;
  for (let count = 0; count <= polls; count++) {
    const headers: Record<string, string> = known === "" ? {} : { "if-none-match": known };
    const answer = await call(`${gatewayUrl}${pathOf("status", id)}`, { apiKey, headers });
    if (answer.status === NOT_MODIFIED) unchanged += 1;
    known = answer.headers.get("etag") ?? "";
  }
  return unchanged / polls;
}
