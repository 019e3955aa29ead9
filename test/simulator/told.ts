import type { CancelOutcome, EraseOutcome, TaskStatusRow } from "../../src/tasks/contract.ts";
import { isOver } from "./judge-row.ts";
import type { Oracle } from "./oracle.ts";
import type { ReadAnswer } from "./worker.ts";

/** What clients were shown and told: it must hold from then on. */
export class Told {
  private readonly oracle: Oracle;
  private readonly canceledTold = new Map<string, number>();
  private readonly erasedTold = new Map<string, number>();
  private readonly versions = new Map<string, string>();
  private readonly ends = new Map<string, string>();

  constructor(oracle: Oracle) {
    this.oracle = oracle;
  }

  /** Turns were undone. */
  undone(): void {
    for (const id of this.canceledTold.keys()) {
      const still = this.oracle.known(id)?.status === "canceled";
      this.oracle.must(still, "told early", id, () => "was told to be canceled, and is not");
    }
  }

  saw(id: string, answer: ReadAnswer, askedAt: number): void {
    if (answer.kind === "unavailable") return;
    if (answer.kind === "missing") {
      // Not accepted, it may have been forgotten with the turn that took it.
      return this.oracle.must(
        !this.oracle.accepted.has(id),
        "lost",
        id,
        () => "was taken, and is neither in the object nor in the record",
      );
    }
    const { row } = answer;
    if (answer.version !== undefined) this.sawVersion(id, answer.version, row);
    this.sawEnd(id, row.status, row.finished_at);
    if ((this.canceledTold.get(id) ?? Number.POSITIVE_INFINITY) <= askedAt) {
      this.oracle.must(
        row.status === "canceled",
        "terminal",
        id,
        () => `was told to be canceled, and is ${row.status}`,
      );
    }
    if ((this.erasedTold.get(id) ?? Number.POSITIVE_INFINITY) <= askedAt) {
      const content = "result" in row ? (row.result ?? row.outline) : row.outline;
      this.oracle.must(content === null, "erased", id, () => `shows content again, from the ${answer.from}`);
    } else if ("result" in row && row.status === "succeeded" && row.deleted_at === null) {
      this.oracle.checkResult(id, row);
    }
  }

  /** @param askedAt what was taken before that must be listed */
  listed(owner: string, ids: ReadonlySet<string>, askedAt: number): void {
    for (const [id, at] of this.oracle.accepted) {
      if (at > askedAt || this.oracle.offers.get(id)?.task.owner !== owner) continue;
      this.oracle.must(ids.has(id), "lost", id, () => "is missing from its owner's list");
    }
  }

  canceled(id: string, outcome: CancelOutcome | "unavailable"): void {
    const status = this.oracle.known(id)?.status;
    if (outcome === "canceled") {
      this.oracle.must(
        status === "canceled",
        "told early",
        id,
        () => `was told to be canceled, and is ${status ?? "nowhere"}`,
      );
      this.canceledTold.set(id, this.oracle.places.clock.now);
    }
    if (outcome === "not_found" || outcome === "already_over") {
      const over = this.oracle.known(id);
      this.oracle.must(
        over !== undefined && isOver(over),
        "lost",
        id,
        () => `cancel says ${outcome}, and it is ${status ?? "nowhere"}`,
      );
    }
  }

  erased(id: string, outcome: EraseOutcome): void {
    this.oracle.must(outcome === "erased", "erased", id, () => `is over, and erase says ${outcome}`);
    this.erasedTold.set(id, this.oracle.places.clock.now);
  }

  wasErased(id: string): boolean {
    return this.erasedTold.has(id);
  }

  wasCanceled(id: string): boolean {
    return this.canceledTold.has(id);
  }

  /** Whoever waits for another version than this one has seen all there is to see. */
  private sawVersion(id: string, version: string, row: TaskStatusRow): void {
    const name = `${id} ${version}`;
    const text = JSON.stringify(row);
    const before = this.versions.get(name) ?? text;
    this.oracle.must(before === text, "watchers", id, () => `version ${version} was ${before}, and is ${text}`);
    this.versions.set(name, text);
  }

  private sawEnd(id: string, status: string, finishedAt: number | null): void {
    const before = this.ends.get(id);
    this.oracle.must(
      before === undefined || before === status,
      "terminal",
      id,
      () => `was seen ${before}, and is ${status}`,
    );
    if (finishedAt !== null) this.ends.set(id, status);
  }
}
