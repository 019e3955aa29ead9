/* Gateway and vendor with network and record between them, in virtual time, and what has been seen of them so far. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { TaskRow } from "../../../src/tasks/contract.ts";
import {
  addKey,
  CALLBACK,
  completionOf,
  dispatcherObject,
  emulator,
  type EmulatorTask,
  type Gateway,
  type Json,
  startGateway,
} from "../../support/gateway.ts";
import { activity } from "../../support/quiet.ts";
import { fragileRecord, type RecordState } from "../../support/record-away.ts";
import { Network } from "./network.ts";
import type { Outcome } from "./outcomes.ts";

export const CONCURRENCY = 2;

/** T of a notification is that far ahead. */
const EVENT_LIFETIME_SECONDS = 600;
/** Pauses between repetitions are real time, of which nothing is to depend. */
const SLEEP_MAX_MS = 20;
/** By then nothing that was under way still is, unless it never ends. */
const QUIET_LOOKS_MAX = 5_000;

/** A task's row wherever it is: the record's once the object has been told that it is there. */
export type Row = TaskRow & {
  rev: number;
  told?: number;
  adopted?: number;
  hint?: string | null;
  holds_session?: number;
  request_blob?: string | null;
};

export type Books = {
  rows: Map<string, Row>;
  /** The object's own, those that the record has included. */
  inObject: Map<string, Row>;
  inRecord: Map<string, Row>;
  claims: Map<string, string>;
  paid: EmulatorTask[];
};

export function must(condition: boolean, text: () => string): void {
  if (!condition) throw new Error(text());
}

let worlds = 0;

export class World {
  gateway!: Gateway;
  record!: RecordState;
  readonly owners: string[];
  readonly network: Network;
  outcome: Outcome = "success";
  leadSeconds = 0;
  nowMs = Date.now();
  /** Submissions without an answer so far. */
  readonly open = new Set<Promise<void>>();
  readonly complaints: string[] = [];
  readonly known = new Set<string>();
  readonly outcomes = new Map<string, Outcome>();
  readonly ends = new Map<string, string>();
  readonly erased = new Set<string>();
  /** The lowest position told for an attempt. A new life of the object may forget it. */
  told = new Map<string, number>();

  constructor() {
    worlds += 1;
    this.owners = [`acme-${worlds}`, `other-${worlds}`];
    this.network = new Network(() => this.nowMs);
  }

  async start(): Promise<this> {
    await emulator.reset({ task_seconds: 60 });
    const { db, state } = fragileRecord();
    this.record = state;
    this.gateway = await startGateway({
      env: { VOD_CONCURRENCY: String(CONCURRENCY), DB: db },
      deps: {
        now: () => this.nowMs,
        fetch: (request) => this.network.transmit(request),
        sleep: (ms) => new Promise((wake) => setTimeout(wake, Math.min(ms, SLEEP_MAX_MS))),
        defer: () => {},
      },
    });
    await env.DB.batch(["tasks", "hourly_counts"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
    await runInDurableObject(dispatcherObject(), (_object, { storage }) => void storage.sql.exec("DELETE FROM tasks"));
    // Its memory is of the world before.
    await this.gateway.restart();
    for (const owner of this.owners) await addKey(`sk-${owner}`, owner, ["submit", "read"]);
    return this;
  }

  /** Until nothing happens any more before time passes or a call goes on. */
  async quiet(): Promise<void> {
    for (let looks = 0; looks < QUIET_LOOKS_MAX; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      const { open, submissions, busy } = await activity();
      // Who waits for an answer of the vendor's waits in the object; others are still on their way.
      if (!busy && open === this.network.held.length && submissions === this.open.size) return;
    }
    throw new Error(`never quiet: ${JSON.stringify(await activity())}, unanswered ${this.open.size}`);
  }

  /** The gateway's clock, and with it the vendor's unless that is ahead already. */
  async advance(seconds: number): Promise<void> {
    this.nowMs += seconds * 1000;
    const vendorSeconds = Math.max(0, seconds - this.leadSeconds);
    this.leadSeconds = Math.max(0, this.leadSeconds - seconds);
    if (vendorSeconds > 0) await emulator.call("POST", "clock", { advance_seconds: vendorSeconds });
    this.network.giveUpOld();
    await this.gateway.tick();
  }

  async advanceVendor(seconds: number): Promise<void> {
    this.leadSeconds += seconds;
    await emulator.call("POST", "clock", { advance_seconds: seconds });
  }

  /** What was in the air is answered to nobody; what was on its way to the vendor may arrive. */
  async restart(): Promise<void> {
    this.network.crash();
    this.told = new Map();
    await this.gateway.restart();
  }

  call(method: string, path: string, owner: string, init: RequestInit = {}): Promise<Response> {
    return this.gateway.request(path, { ...init, method, key: `sk-${owner}` });
  }

  /** The record cannot be asked: what only it knows is answered with 503. */
  excused({ status }: Response): boolean {
    return status === 503 && this.record.mode !== "there";
  }

  notify(event: unknown): Promise<Response> {
    return this.gateway.post(CALLBACK, event, { key: null });
  }

  completion(task: EmulatorTask, content: Json = {}) {
    return completionOf(task, { content, t: Math.floor(this.nowMs / 1000) + EVENT_LIFETIME_SECONDS });
  }

  tell(row: Pick<Row, "id" | "attempt">, position: number): void {
    const name = `${row.id}-${row.attempt}`;
    const told = this.told.get(name);
    must(told === undefined || position <= told, () => `${name}: position ${told} rose to ${position}`);
    this.told.set(name, position);
  }

  async tasks(): Promise<Row[]> {
    return Array.from((await this.books()).rows.values());
  }

  async row(id: string): Promise<Row | undefined> {
    return (await this.books()).rows.get(id);
  }

  async books(): Promise<Books> {
    const object = await runInDurableObject(dispatcherObject(), (_object, { storage }) =>
      storage.sql.exec("SELECT * FROM tasks WHERE adopted = 0 ORDER BY id").toArray(),
    );
    const inObject = byId(object as unknown as Row[]);
    const inRecord = byId((await env.DB.prepare("SELECT * FROM tasks ORDER BY id").all<Row>()).results);
    const current = Array.from(inObject.values()).filter(({ told }) => told === 0);
    const holders = Array.from(inObject.values()).filter(({ holds_session: holds }) => holds === 1);
    return {
      rows: new Map([...inRecord, ...byId(current)].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      inObject,
      inRecord,
      claims: new Map(holders.map(({ owner, session_id: sessionId, id }) => [`${owner}/${sessionId}`, id])),
      paid: await emulator.tasks(),
    };
  }
}

function byId(rows: Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}
