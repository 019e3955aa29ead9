import type { LookOutcome } from "./effects.ts";
import { readFact, writeFact } from "./facts.ts";
import type { Sql } from "./sql.ts";

/** A task that the vendor is known to have made. */
type Witness = { sessionId: string; madeAt: number };

const KEPT = 5;
/** A look is widened by so much at most to have one in it. */
const WIDENED_MS = 10 * 60 * 1000;
const BELIEVED = "vendor_list_believed";

/**
 * Whether the vendor's list is to be believed when it does not show a task. That it lists generation tasks at all is
 * documented nowhere; so until it has shown one of ours, it must show those of the same time that are known to exist.
 */
export class Witnesses {
  private readonly sql: Sql;
  private readonly latest: Witness[] = [];
  private believed: boolean | undefined;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  add(witness: Witness): void {
    this.latest.push(witness);
    if (this.latest.length > KEPT) this.latest.shift();
  }

  /** Those that a look from `from`, or somewhat before, to `to` should show (milliseconds). */
  within(from: number, to: number): Witness[] {
    if (this.isBelieved()) return [];
    return this.latest.filter(({ madeAt }) => madeAt >= from - WIDENED_MS && madeAt <= to);
  }

  /** @param witnesses the SessionIds of those that the look should have shown */
  judge(witnesses: string[], outcome: LookOutcome): boolean {
    if (!this.isBelieved() && Object.keys(outcome.found).length > 0) {
      writeFact(this.sql, BELIEVED, "1");
      this.believed = true;
    }
    return this.isBelieved() || !outcome.complete || witnesses.length === 0;
  }

  private isBelieved(): boolean {
    this.believed ??= readFact(this.sql, BELIEVED) !== undefined;
    return this.believed;
  }
}
