import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createEmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { gatewayVars } from "../../scripts/lib/local-env.ts";
import { startStack } from "../../scripts/lib/stack.ts";
import { createGatewayReader, type GatewayReader, readPaidTasks } from "./both-sides.ts";
import { type Books, checkBooks } from "./books.ts";
import { createClients } from "./client.ts";
import { createDisturber } from "./disturb.ts";
import { drive } from "./drive.ts";
import { forge } from "./forge.ts";
import { startGateway } from "./gateway.ts";
import { type Journal, newJournal } from "./journal.ts";
import { makePlan } from "./plan.ts";
import { askQueue, type Queue } from "./queue.ts";
import { createRandom } from "./random.ts";
import { startRelay } from "./relay.ts";
import { makeTrouble, readHoldings } from "./trouble-client.ts";

const TASK_SECONDS = 0.8;
/** Plenty: a create that was not executed holds its slot until that is proved. */
const CONCURRENCY = 30;
const REREAD_SECONDS = 4;
/** The vendor that the plan makes is at work on a call no longer than this after the end of it. */
const RESEND_SECONDS = 3;
/** Resends and re-reads wait ever longer; a task that needs more of them than fit in here counts as stuck. */
const SETTLE_TIMEOUT_MS = 240_000;
const SETTLE_POLL_MS = 500;
/** For clients that watch a task which is over by now. */
const CLIENTS_END_MS = 30_000;
const SWEEPS_MAX = 5;

export type SoakOptions = {
  seed: number;
  tasks: number;
  kills: number;
  /** Only what is healed within seconds. */
  quick?: boolean;
  /** Whether the vendor refuses a SessionId that it has seen. Default: it does. */
  dedupe?: boolean;
  /** No new orders after this. */
  maxMs: number;
  /** Folder with the emulator, built, and folder with the faulty gateway. */
  buildDir: string;
  gatewayBuildDir: string;
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
      VOD_RESEND_SECONDS: String(RESEND_SECONDS),
    };
    const gateway = await startGateway({
      stateDir,
      buildDir: options.gatewayBuildDir,
      environment,
      journal,
      ...(options.onGatewayLog && { onLog: options.onGatewayLog }),
    });
    cleanUps.push(gateway.stop);
    const vars = gatewayVars(environment);
    const relay = await startRelay(`${gateway.url}/callbacks/vod/${vars.CALLBACK_SECRET}`, journal);
    cleanUps.push(relay.stop);
    await vendor.configure({
      task_seconds: TASK_SECONDS,
      concurrency: CONCURRENCY,
      notification_url: relay.url,
      dedupe: options.dedupe ?? true,
    });

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
      journal,
    });
    const watching = new AbortController();
    const clients = createClients({ gatewayUrl: gateway.url, keys, journal, signal: watching.signal });
    const reader = createGatewayReader(gateway.url, keys);
    // A key that was never seen is not honoured while the record is away.
    await reader.countOpen();

    const queue = () => askQueue(gateway.url, gateway.adminKey);
    const orders = await drive(plan, options, { clients, disturber, queue, journal });
    await disturber.end();
    await settle(() => isOver(reader, options), options);
    await Promise.race([orders.done, sleep(CLIENTS_END_MS)]);
    watching.abort();
    await orders.done;
    await settle(() => isIdle(queue, options), options);
    await sweep(gateway);

    options.onProgress?.("Reading all sides");
    const tasks = await reader.tasks();
    const account = { url: emulator.emulatorUrl, secretId: vars.VOD_SECRET_ID, secretKey: vars.VOD_SECRET_KEY };
    const paid = await readPaidTasks(vendor, { ...account, subAppId: Number(vars.VOD_SUB_APP_ID) });
    const holdings = await readHoldings(gateway.url);
    const atRest = await queue();
    const books = checkBooks({ orders: plan.orders, journal, gateway: tasks, vendor: paid, holdings, queue: atRest });
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

async function isOver(reader: GatewayReader, { onProgress }: SoakOptions): Promise<boolean> {
  const open = await reader.countOpen();
  if (open > 0) onProgress?.(`${open} tasks not over yet`);
  return open === 0;
}

/** Nothing runs, and the record has all that is over. */
async function isIdle(ask: () => Promise<Queue | undefined>, { onProgress }: SoakOptions): Promise<boolean> {
  const queue = await ask();
  const left = queue && queue.waiting + queue.running + queue.untold;
  if (queue && left !== 0) onProgress?.(`${queue.running} slots held, ${queue.untold} tasks not in the record yet`);
  return left === 0;
}

/** Waits until something is so, in vain at most as long as allowed: the books then show what is stuck. */
async function settle(isSo: () => Promise<boolean>, { settleTimeoutMs = SETTLE_TIMEOUT_MS }: SoakOptions) {
  const deadline = Date.now() + settleTimeoutMs;
  while (Date.now() < deadline) {
    if (await isSo()) return;
    await sleep(SETTLE_POLL_MS);
  }
}

/** Nobody sends a file any more, so all that is there counts as old enough to be swept. */
async function sweep(gateway: { url: string; fireCron: () => Promise<void> }): Promise<void> {
  await makeTrouble(gateway.url, { kind: "files_age" });
  for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps++) {
    await gateway.fireCron();
    if ((await readHoldings(gateway.url)).files.length === 0) return;
  }
}
