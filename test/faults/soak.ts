import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { createEmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { call } from "../../scripts/lib/http.ts";
import { gatewayVars } from "../../scripts/lib/local-env.ts";
import { startStack } from "../../scripts/lib/stack.ts";
import { createGatewayReader, readPaidTasks } from "./both-sides.ts";
import { type Books, checkBooks } from "./books.ts";
import { createClients } from "./client.ts";
import { createDisturber } from "./disturb.ts";
import { forge } from "./forge.ts";
import { startGateway } from "./gateway.ts";
import { type Journal, newJournal } from "./journal.ts";
import { makePlan, type Plan } from "./plan.ts";
import { createRandom } from "./random.ts";
import { startRelay } from "./relay.ts";

const TASK_SECONDS = 0.8;
const CONCURRENCY = 12;
const REREAD_SECONDS = 4;
/** Enough to have tasks that wait, few enough that the faults meet most of the run. */
const MAX_WAITING = 40;
const CLIENTS_AT_ONCE = 60;
const GOVERNOR_MS = 200;
const PROGRESS_MS = 5_000;
/** While the gateway is down fewer orders come, so that most of them meet it alive. */
const DOWN_PAUSE_MS = 400;
/** Resends and re-reads wait ever longer; a task that needs more of them than fit in here counts as stuck. */
const SETTLE_TIMEOUT_MS = 180_000;
const SETTLE_POLL_MS = 500;

export type SoakOptions = {
  seed: number;
  tasks: number;
  kills: number;
  /** No new orders after this. */
  maxMs: number;
  /** Folder with both Workers, built. */
  buildDir: string;
  settleTimeoutMs?: number;
  onProgress?: (line: string) => void;
  onGatewayLog?: (line: string) => void;
};

export type SoakReport = Books & {
  orders: number;
  journal: Journal;
  seconds: number;
  /** Of each task with a violation. */
  histories: Map<string, string[]>;
};

const readiness = z.looseObject({ queue: z.object({ waiting: z.number() }).nullish() });

/** Runs the plan of a seed against a gateway and an emulator of its own, lets everything end, and checks the books. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const began = Date.now();
  const stateDir = await mkdtemp(join(tmpdir(), "reelgate-faults-"));
  const journal = newJournal();
  const cleanUps: (() => Promise<unknown>)[] = [() => rm(stateDir, { recursive: true, force: true })];
  try {
    const emulator = await startStack({ gateway: false, buildDir: options.buildDir });
    cleanUps.push(emulator.stop);
    const vendor = createEmulatorClient(emulator.emulatorUrl);
    const environment = {
      VOD_ENDPOINT: emulator.emulatorUrl,
      VOD_CONCURRENCY: String(CONCURRENCY),
      VOD_REREAD_SECONDS: String(REREAD_SECONDS),
    };
    const gateway = await startGateway({
      stateDir,
      buildDir: options.buildDir,
      environment,
      journal,
      ...(options.onGatewayLog && { onLog: options.onGatewayLog }),
    });
    cleanUps.push(gateway.stop);
    const vars = gatewayVars(environment);
    const relay = await startRelay(`${gateway.url}/callbacks/vod/${vars.CALLBACK_SECRET}`, journal);
    cleanUps.push(relay.stop);
    const usual = { task_seconds: TASK_SECONDS, concurrency: CONCURRENCY, notification_url: relay.url };
    await vendor.configure(usual);

    const plan = makePlan(options);
    const keys = new Map<string, string>();
    for (const owner of plan.owners) keys.set(owner, await gateway.addApiKey(owner));
    const forging = {
      gatewayUrl: gateway.url,
      secret: vars.CALLBACK_SECRET,
      signKey: vars.VOD_SIGN_KEY,
      relay,
      vendor,
      journal,
      random: createRandom(plan.seed, "forged events"),
    };
    const disturber = createDisturber({
      vendor,
      emulatorUrl: emulator.emulatorUrl,
      concurrency: CONCURRENCY,
      gateway,
      forge: (events) => forge(forging, events),
    });
    const watching = new AbortController();
    const clients = createClients({ gatewayUrl: gateway.url, keys, journal, signal: watching.signal });
    const reader = createGatewayReader(gateway.url, keys);

    const waiting = () => countWaiting(gateway.url, gateway.adminKey);
    const orders = await drive(plan, options, { clients, disturber, waiting, journal });
    await disturber.end();
    await settle(reader, options);
    watching.abort();
    await orders.done;

    options.onProgress?.("Reading both sides");
    const tasks = await reader.tasks();
    const account = { url: emulator.emulatorUrl, secretId: vars.VOD_SECRET_ID, secretKey: vars.VOD_SECRET_KEY };
    const paid = await readPaidTasks(vendor, { ...account, subAppId: Number(vars.VOD_SUB_APP_ID) });
    const books = checkBooks({ orders: plan.orders, journal, gateway: tasks, vendor: paid });
    const owners = new Map(tasks.map(({ requestId, owner }) => [requestId, owner]));
    const histories = new Map<string, string[]>();
    for (const { requestId } of books.violations) {
      const owner = requestId === undefined ? undefined : owners.get(requestId);
      if (requestId && owner) histories.set(requestId, await reader.history(owner, requestId));
    }
    return { ...books, orders: orders.sent, journal, seconds: (Date.now() - began) / 1000, histories };
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  }
}

type Parts = {
  clients: ReturnType<typeof createClients>;
  disturber: ReturnType<typeof createDisturber>;
  waiting: () => Promise<number | undefined>;
  journal: Journal;
};

/** Sends the orders in turn, each with the disturbances planned for it. */
async function drive(plan: Plan, { maxMs, onProgress }: SoakOptions, { clients, disturber, waiting, journal }: Parts) {
  const deadline = Date.now() + maxMs;
  const busy = new Set<Promise<void>>();
  const all: Promise<void>[] = [];
  let sent = 0;
  let lookedAt = 0;
  let length: number | undefined;
  const ticker = setInterval(() => {
    onProgress?.(
      `${sent} orders sent, ${busy.size} clients busy, ${length ?? "?"} tasks waiting, ${journal.down.length} kills`,
    );
  }, PROGRESS_MS);
  for (const order of plan.orders) {
    if (Date.now() > deadline) break;
    if (Date.now() - lookedAt > GOVERNOR_MS) {
      length = await waiting();
      while (length !== undefined && length > MAX_WAITING && Date.now() < deadline) {
        await sleep(GOVERNOR_MS);
        length = await waiting();
      }
      if (length === undefined) await sleep(DOWN_PAUSE_MS);
      lookedAt = Date.now();
    }
    while (busy.size >= CLIENTS_AT_ONCE) await Promise.race(busy);
    await sleep(order.pauseMs);
    disturber.start(plan.disturbances.get(order.number) ?? []);
    const run = clients.run(order).finally(() => busy.delete(run));
    busy.add(run);
    all.push(run);
    sent += 1;
  }
  clearInterval(ticker);
  return { sent, done: Promise.all(all) };
}

/** Undefined while the gateway cannot say. */
async function countWaiting(gatewayUrl: string, apiKey: string): Promise<number | undefined> {
  try {
    const { body } = await call(`${gatewayUrl}/readyz`, { apiKey });
    return readiness.parse(body).queue?.waiting;
  } catch {
    return undefined;
  }
}

/** Waits until every task is over, in vain at most as long as allowed: the books then show what is stuck. */
async function settle(reader: ReturnType<typeof createGatewayReader>, options: SoakOptions): Promise<void> {
  const deadline = Date.now() + (options.settleTimeoutMs ?? SETTLE_TIMEOUT_MS);
  let before = -1;
  while (Date.now() < deadline) {
    const open = await reader.countOpen();
    if (open !== before) options.onProgress?.(`${open} tasks not over yet`);
    if (open === 0) return;
    before = open;
    await sleep(SETTLE_POLL_MS);
  }
}
