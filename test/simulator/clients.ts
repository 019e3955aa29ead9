import type { NewTask } from "../../src/tasks/contract.ts";
import type { Clock } from "./clock.ts";
import type { Fate } from "./fate.ts";
import type { Oracle } from "./oracle.ts";
import { fingerprintOf, isLarge, type Order } from "./orders.ts";
import type { Profile } from "./profile.ts";
import type { Answer, ReadAnswer, Worker } from "./worker.ts";

const SECOND_MS = 1_000;
const POLL_GROWS = 1.6;
const POLL_MAX_MS = 12 * 60 * 60 * SECOND_MS;
/** An erased task is read again after these times. */
const AFTER_ERASE_MS = [SECOND_MS, 60 * SECOND_MS, 60 * 60 * SECOND_MS];
const PATIENCE_MIN_MS = 500;
const PATIENCE_MAX_MS = 30 * SECOND_MS;
/** Room for the ids of one order's repetitions. */
const IDS_PER_ORDER = 256;

/** The owners' programs: they order, repeat what is not answered, look, cancel, remove. */
export class Clients {
  /** Clients that still have something to do. */
  busy = 0;
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly profile: Profile;
  private readonly worker: Worker;
  private readonly oracle: Oracle;
  private readonly models = new Map<string, number>();
  private readonly made = new Map<number, number>();

  constructor(parts: { clock: Clock; fate: Fate; profile: Profile; worker: Worker; oracle: Oracle }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.profile = parts.profile;
    this.worker = parts.worker;
    this.oracle = parts.oracle;
  }

  modelOf(id: string): number {
    return this.models.get(id) ?? 0;
  }

  run(order: Order): void {
    this.later(order.atMs, () => this.send(order, { patience: order.patience, attempt: 0, otherBody: false }));
    if (order.againAfterMs !== undefined && order.retryPrint === undefined) {
      this.later(order.atMs + order.againAfterMs, () =>
        this.send(order, { patience: 1, attempt: 0, otherBody: false }),
      );
    }
    if (order.otherBodyAfterMs !== undefined && order.key !== undefined) {
      this.later(order.atMs + order.otherBodyAfterMs, () =>
        this.send(order, { patience: 0, attempt: 0, otherBody: true }),
      );
    }
  }

  private send(order: Order, how: { patience: number; attempt: number; otherBody: boolean }): void {
    const task = this.newTask(order, how);
    this.models.set(task.id, order.model);
    this.oracle.offered(order, task);
    this.busy += 1;
    this.worker.submit(task, (answer) => {
      this.busy -= 1;
      // The gateway answered, and the client may not have heard it.
      const heard = !this.fate.strikes("answer_lost", `client ${task.id}`);
      this.oracle.answered(task, answer, heard);
      if (answer.kind === "unavailable" || !heard) {
        if (how.patience > 0) {
          const pause = this.fate.between(`patience ${task.id}`, PATIENCE_MIN_MS, PATIENCE_MAX_MS);
          const again = { ...how, patience: how.patience - 1, attempt: how.attempt + 1 };
          this.later(pause, () => this.send(order, again));
        }
        return;
      }
      this.goOn(order, answer);
    });
  }

  private goOn(order: Order, answer: Answer): void {
    if (answer.kind !== "accepted") return;
    const { taskId: id } = answer;
    this.poll(order, id, order.pollEveryMs);
    if (order.cancelAfterMs !== undefined) this.later(order.cancelAfterMs, () => this.cancel(order, id));
  }

  private poll(order: Order, id: string, everyMs: number): void {
    this.later(everyMs, () => {
      this.read(order, id, false, (status) => {
        if (status.kind !== "row" || status.row.finished_at === null) {
          if (status.kind !== "missing") this.poll(order, id, Math.min(everyMs * POLL_GROWS, POLL_MAX_MS));
          return;
        }
        this.fetch(order, id);
      });
    });
    if (this.fate.random(`lists ${id} ${everyMs}`).chance(0.1)) {
      const askedAt = this.clock.now;
      this.worker.list(order.owner, (ids) => {
        if (ids !== "unavailable") this.oracle.told.listed(order.owner, ids, askedAt);
      });
    }
  }

  private fetch(order: Order, id: string): void {
    this.read(order, id, true, () => {
      if (order.erases) this.erase(order, id, 5);
    });
  }

  private erase(order: Order, id: string, tries: number): void {
    this.worker.erase(order.owner, id, (outcome) => {
      if (outcome === "unavailable") {
        if (tries > 1) this.later(10 * SECOND_MS, () => this.erase(order, id, tries - 1));
        return;
      }
      this.oracle.told.erased(id, outcome);
      for (const ms of AFTER_ERASE_MS) {
        this.later(ms, () => this.read(order, id, true, () => {}));
      }
    });
  }

  private cancel(order: Order, id: string): void {
    this.worker.cancel(order.owner, id, (outcome) => {
      this.oracle.told.canceled(id, outcome);
      this.read(order, id, false, () => {});
    });
  }

  private read(order: Order, id: string, whole: boolean, then: (answer: ReadAnswer) => void): void {
    const askedAt = this.clock.now;
    this.worker.read(order.owner, id, whole, (answer) => {
      this.oracle.told.saw(id, answer, askedAt);
      then(answer);
    });
  }

  private later(ms: number, work: () => void): void {
    this.busy += 1;
    this.clock.after(ms, () => {
      this.busy -= 1;
      work();
    });
  }

  private newTask(order: Order, { attempt, otherBody }: { attempt: number; otherBody: boolean }): NewTask {
    const nth = this.made.get(order.number) ?? 0;
    this.made.set(order.number, nth + 1);
    const now = Math.floor(this.clock.now);
    const id = taskId(now, order.number * IDS_PER_ORDER + nth);
    const model = this.profile.models[order.model];
    return {
      id,
      owner: order.owner,
      dialect: "aigc",
      action: "CreateAigcVideoTask",
      model_name: model?.name ?? "",
      model_version: model?.version ?? "",
      client_model: null,
      priority: order.priority,
      session_id: order.sessionId ?? null,
      session_context: `context of ${order.number}`,
      parent_id: null,
      outline: JSON.stringify({ order: order.number }),
      created_at: now,
      idempotency_key: order.key ?? null,
      session_hash: order.sessionId === undefined ? null : simulatedHash(order.owner, order.sessionId),
      key_hash: order.key === undefined ? null : simulatedHash(order.owner, order.key),
      fingerprint: order.key || order.retryPrint ? fingerprintOf(order, otherBody) : "",
      start_by: order.startWithinMs === undefined ? null : now + order.startWithinMs,
      retry: order.retryPrint === undefined ? null : { print: order.retryPrint, attempt },
      request: isLarge(order)
        ? { blob: `requests/${id}`, bytes: order.requestBytes }
        : { inline: JSON.stringify({ Prompt: "x".repeat(order.requestBytes) }) },
      max_queue_length: order.maxQueueLength ?? null,
    };
  }
}

/** In the place of a hash, which takes an await. */
export function simulatedHash(owner: string, name: string): string {
  return `hash of ${JSON.stringify([owner, name])}`;
}

/** A UUIDv7 of this time; the rest of it is a number. */
function taskId(ms: number, number: number): string {
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${number.toString(16).padStart(12, "0")}`;
}
