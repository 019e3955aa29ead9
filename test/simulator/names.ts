import type { NewTask, Submitted } from "../../src/tasks/contract.ts";
import { CLAIM_LIFETIME_MS } from "../../src/tasks/limits.ts";
import { ruleOf } from "../../src/vod/errors.ts";
import type { LedgerRow } from "./core-port.ts";
import { isOver } from "./judge-row.ts";
import type { Oracle } from "./oracle.ts";
import { SKEW_MAX_MS } from "./times.ts";

/** Clocks differ, and an answer is on its way for a while. */
const SLACK_MS = 2 * SKEW_MAX_MS + 60_000;
const SIGNATURE_KEY = "tc3:";

type Accepted = Extract<Submitted, { kind: "accepted" }>;
type Refused = Extract<Submitted, { kind: "refused" }>;
type TakenName = Extract<Submitted, { kind: "duplicate_session" | "idempotency_key_reused" }>;

/** One task for each owner's session_id and each Idempotency-Key, while the claims hold. */
export class Names {
  private readonly oracle: Oracle;
  private readonly bySession = new Map<string, string[]>();
  private readonly byKey = new Map<string, string[]>();
  /** Creates of one print: how many first attempts, and the tasks made of them. */
  private readonly prints = new Map<string, { creates: number; tasks: Set<string> }>();
  private readonly firstAnswers = new Map<string, Accepted | Refused>();

  constructor(oracle: Oracle) {
    this.oracle = oracle;
  }

  /** A request goes out. */
  offered(task: NewTask): void {
    if (task.retry?.attempt === 0) this.printOf(task).creates += 1;
  }

  /** A task was written, with its claims. */
  inserted({ id }: LedgerRow): void {
    const { oracle } = this;
    const task = oracle.offers.get(id)?.task;
    if (!task) return oracle.fail("names", id, "was made of nothing");
    const { owner, session_id: session, idempotency_key: key } = task;
    if (session !== null)
      this.claim(this.bySession, JSON.stringify([owner, session]), id, (first) => this.holdsSession(first));
    if (key !== null) this.claim(this.byKey, JSON.stringify([owner, key]), id, (first) => this.holdsKey(first));
    if (!task.retry) return;
    const print = this.printOf(task);
    print.tasks.add(id);
    // Not those that a crash undid, nor those that the vendor refused and never had.
    const made = Array.from(print.tasks).filter((each) => each === id || this.holdsKey(each)).length;
    oracle.must(
      made <= print.creates,
      "names",
      id,
      () => `is task ${made} of ${print.creates} creates of ${task.retry?.print}`,
    );
  }

  private claim(claims: Map<string, string[]>, name: string, id: string, holds: (first: string) => boolean): void {
    const before = claims.get(name) ?? [];
    const first = before.find((other) => other !== id && holds(other));
    this.oracle.must(first === undefined, "names", id, () => `has the name ${name} that ${first ?? ""} holds`);
    if (!before.includes(id)) claims.set(name, before.concat(id));
  }

  /** Must it refuse others, by now for sure? */
  private holdsSession(id: string): boolean {
    const row = this.oracle.known(id);
    if (!row || this.oracle.isForgotten(id)) return false;
    if (!isOver(row)) return true;
    return this.oracle.money.hasReached(id) && !this.hasLapsed(row.finished_at);
  }

  private holdsKey(id: string): boolean {
    const row = this.oracle.known(id);
    if (!row || this.oracle.isForgotten(id)) return false;
    if (!isOver(row)) return true;
    if (this.hasLapsed(row.finished_at)) return false;
    const signed = this.oracle.offers.get(id)?.task.idempotency_key?.startsWith(SIGNATURE_KEY) ?? false;
    const clientsFault = row.status === "failed" && ruleOf(row.error_code ?? "").fault === "client";
    return signed || clientsFault || this.hasEndedAtVendor(id);
  }

  /** The vendor's task itself is over: a refusal that may pass gives the key back all the same. */
  private hasEndedAtVendor(id: string): boolean {
    return this.oracle.money.paidOf(id).length > 0;
  }

  private hasLapsed(finishedAt: number | null): boolean {
    return (finishedAt ?? 0) + CLAIM_LIFETIME_MS <= this.oracle.places.clock.now + SLACK_MS;
  }

  accepted(task: NewTask, answer: Accepted): void {
    const { oracle } = this;
    const first = oracle.offers.get(answer.taskId)?.task;
    if (!first) return oracle.fail("names", answer.taskId, "is the answer, and nobody ordered it");
    this.checkSame(task, first);
    const known = this.firstAnswers.get(answer.taskId);
    if (!known) return void this.firstAnswers.set(answer.taskId, answer);
    oracle.must(
      known.kind === "accepted",
      "names",
      answer.taskId,
      () => `was refused at first: ${JSON.stringify(known)}`,
    );
    if (known.kind !== "accepted") return;
    const same = known.createdAt === answer.createdAt && known.position === answer.position;
    oracle.must(
      same,
      "names",
      answer.taskId,
      () => `first answer ${JSON.stringify(known)}, now ${JSON.stringify(answer)}`,
    );
  }

  refused(task: NewTask, answer: Refused): void {
    const { oracle } = this;
    const first = oracle.offers.get(answer.taskId)?.task;
    if (!first) return oracle.fail("names", answer.taskId, "is the answer, and nobody ordered it");
    this.checkSame(task, first);
    const known = this.firstAnswers.get(answer.taskId);
    if (!known) return void this.firstAnswers.set(answer.taskId, answer);
    const same = known.kind === "refused" && known.code === answer.code;
    oracle.must(
      same,
      "names",
      answer.taskId,
      () => `first answer ${JSON.stringify(known)}, now ${JSON.stringify(answer)}`,
    );
  }

  /** The answer to one request is another's task: they must be the same request. */
  private checkSame(task: NewTask, first: NewTask): void {
    if (task.id === first.id) return;
    const byKey = task.idempotency_key !== null && task.idempotency_key === first.idempotency_key;
    const byPrint = task.retry !== null && task.retry.print === first.retry?.print;
    const same = task.owner === first.owner && task.fingerprint === first.fingerprint && (byKey || byPrint);
    this.oracle.must(same, "names", first.id, () => `is the answer to ${task.id}, which is another request`);
  }

  /** Refused because of a name. */
  taken(task: NewTask, answer: TakenName): void {
    const { oracle } = this;
    const { firstTaskId: id } = answer;
    const first = oracle.offers.get(id)?.task;
    const sameSession = first?.session_id === task.session_id && task.session_id !== null;
    const sameKey = first?.idempotency_key === task.idempotency_key && task.idempotency_key !== null;
    const same = first?.owner === task.owner && (answer.kind === "duplicate_session" ? sameSession : sameKey);
    oracle.must(same && id !== task.id, "names", id, () => `${answer.kind} to ${task.id}, whose names are others`);
    if (answer.kind === "idempotency_key_reused") {
      oracle.must(
        first?.fingerprint !== task.fingerprint,
        "names",
        id,
        () => `reused by ${task.id}, which is the same request`,
      );
      return;
    }
    const row = oracle.known(id);
    const over = row?.finished_at ?? null;
    const gone = over !== null && over < oracle.places.clock.now - SLACK_MS && !oracle.money.hasReached(id);
    oracle.must(!gone, "names", id, () => `holds its session_id against ${task.id}; the vendor never had it`);
    const lapsed = over !== null && over + CLAIM_LIFETIME_MS < oracle.places.clock.now - SLACK_MS;
    oracle.must(!lapsed, "names", id, () => `holds its session_id against ${task.id}, three days after its end`);
  }

  private printOf({ owner, retry }: NewTask): { creates: number; tasks: Set<string> } {
    const name = JSON.stringify([owner, retry?.print]);
    let print = this.prints.get(name);
    if (!print) this.prints.set(name, (print = { creates: 0, tasks: new Set() }));
    return print;
  }
}
