import type { VendorErrorRule } from "../vod/errors.ts";
import { DailyBytes } from "./daily-bytes.ts";
import type { Effect } from "./effects.ts";
import { Connections } from "./queue/connections.ts";
import { Deadlines } from "./queue/deadlines.ts";
import { FairQueue } from "./queue/fair-queue.ts";
import { CallWindow } from "./queue/call-window.ts";
import { Pace } from "./queue/pace.ts";
import { Slots } from "./queue/slots.ts";
import { EventReads } from "./queue/event-reads.ts";
import { READS_PER_SECOND, UsualTimes } from "./queue/usual-times.ts";
import { Outbox } from "./outbox.ts";
import type { RestoreScan } from "./restored.ts";
import type { Sql } from "./sql.ts";
import { Witnesses } from "./witnesses.ts";

export type CoreOptions = {
  /** Tasks that may be with the vendor at once. */
  concurrency: number;
  /** Create calls a second. */
  requestsPerSecond: number;
  /** Further limits by `ModelName` or `ModelName/ModelVersion`. */
  modelConcurrency: ReadonlyMap<string, number>;
  /** Calls of the object that may be open at once. */
  connections: number;
  /** How long a create call may take until it counts as unanswered, milliseconds. */
  createTimeoutMs: number;
  /** How long after a create call's end the vendor may still be at work on it. */
  resendAfterMs: number;
  /** The first re-read of a running task comes no later. */
  rereadAfterMs: number;
  /** Of one owner: tasks, and bytes of requests, that may be unfinished and waiting. */
  maxWaiting: number;
  maxWaitingBytes: number;
  /** Bytes of requests that one owner may send in a day of UTC. */
  maxDailyBytes: number;
  /** Above this many finished tasks, or bytes, that the record does not have yet, nothing new is taken. */
  maxUntold: number;
  maxBytes: number;
};

/** A task that is with the vendor, or may be. All of it is derived from its row, or safe to forget. */
export type Flight = {
  id: string;
  attempt: number;
  /** Which create call of the attempt is the latest. */
  call: number;
  callEndsAt: number;
  doubtFrom: number;
  /** A create call is in the air. */
  calling: boolean;
  vendorTaskId: string | null;
  since: number;
  /** How long the next wait is measured by; 0 while the waits do not grow yet. */
  waitMs: number;
  /** Whether it has ever been asked about: when it ends is then no measure of how long it took. */
  asked: boolean;
  /** What the vendor said to a call that was not the first: it counts once nothing is found of the calls before. */
  refusal?: { code: string; message: string; rule: VendorErrorRule } | undefined;
  /** The vendor says that it has this SessionId, and not under which TaskId. */
  exists?: boolean;
  /** Proved absent, or never sent: the next call waits for its turn only. */
  resend?: boolean;
  /** The vendor finished it without a file once; believed when it says so again. */
  emptySeen?: boolean;
};

/** A re-read that is wanted or in the air: one at a time for each task. */
export type Inquiry = {
  vendorTaskId: string;
  inTheAir: boolean;
  /** An event waits for its outcome. */
  forEvent: boolean;
  tries: number;
  /** What an event has named in the meantime, to be read once more. */
  next?: string;
  /** Whether all of those said what the event says that waits for the read in the air. */
  copiesOnly?: boolean;
};

/** All that the core's parts share: the rows, what is derived from them, and what the turn asks for. */
export class Ledger {
  readonly sql: Sql;
  readonly options: CoreOptions;
  effects: Effect[] = [];

  readonly queue = new FairQueue();
  /** Start deadlines of waiting tasks. */
  readonly starts = new Deadlines();
  readonly slots = new Slots();
  readonly flights = new Map<string, Flight>();
  /** When a flight is to be asked about. */
  readonly looks = new Deadlines();
  readonly inquiries = new Map<string, Inquiry>();
  /** By when an event's hint is written down, if its re-read takes too long. */
  readonly notes = new Deadlines();
  readonly pace: Pace;
  readonly rereads = new CallWindow(READS_PER_SECOND);
  readonly eventReads = new EventReads();
  readonly usual: UsualTimes;
  readonly connections: Connections;
  readonly outbox: Outbox;

  /** Jobs that want a connection, oldest first: re-reads that somebody waits for, then those that are due. */
  readonly urgent = new Set<string>();
  readonly due = new Set<string>();
  readonly aborts = new Map<string, { vendorTaskId: string; inTheAir: boolean; answered: boolean }>();
  /** In doubt and due: to be looked for together. */
  readonly lost = new Set<string>();
  /** To be sent again, oldest first. */
  readonly resends = new Set<string>();
  /** Looks in the air, by their number. */
  readonly looking = new Map<number, { ids: string[]; witnesses: string[]; startedAt: number }>();
  readonly witnesses: Witnesses;
  nextLook = 1;
  /** When an inquiry that the vendor could not answer is made again. */
  readonly retries = new Deadlines();
  /** Whose turn it is among those that share what is left of the connections. */
  turn = 0;

  /** Whose submission waits for the vendor's first answer. */
  readonly pending = new Set<string>();
  /** Bytes of requests of unfinished tasks, by owner. */
  readonly bytes = new Map<string, number>();
  readonly dailyBytes: DailyBytes;
  lastAnswerAt: number | null = null;
  /** Set while a restored object finds out what it has forgotten. */
  restore: RestoreScan | undefined;

  constructor(sql: Sql, options: CoreOptions) {
    this.sql = sql;
    this.options = options;
    this.pace = new Pace(options);
    this.usual = new UsualTimes(options.rereadAfterMs);
    this.connections = new Connections(options.connections);
    this.outbox = new Outbox(sql);
    this.dailyBytes = new DailyBytes(sql, options.maxDailyBytes);
    this.witnesses = new Witnesses(sql);
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  log(level: "info" | "warn" | "error", event: string, fields: Extract<Effect, { kind: "log" }>["fields"]): void {
    this.emit({ kind: "log", level, event, fields });
  }

  /** The configured limit a task falls under: of its model and version, else of its model. */
  laneOf(task: { model_name: string; model_version: string }): string {
    const limits = this.options.modelConcurrency;
    return [modelOf(task), task.model_name].find((name) => limits.has(name)) ?? "";
  }

  readonly isOpen = (lane: string): boolean => {
    const limit = this.options.modelConcurrency.get(lane);
    return limit === undefined || this.slots.inLane(lane) < limit;
  };

  addBytes(owner: string, bytes: number): void {
    const sum = (this.bytes.get(owner) ?? 0) + bytes;
    if (sum > 0) this.bytes.set(owner, sum);
    else this.bytes.delete(owner);
  }
}

export function modelOf(task: { model_name: string; model_version: string }): string {
  return `${task.model_name}/${task.model_version}`;
}
