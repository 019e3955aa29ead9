import { readFact, writeFact } from "./facts.ts";
import type { Sql } from "./sql.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** An owner's sum is written whenever it has grown by this part of the limit: a new life forgets no more than that. */
const SAVED_PARTS = 100;

type Sum = { bytes: number; saved: number };

/** How many bytes of requests each owner has sent in this day of UTC. */
export class DailyBytes {
  private readonly sql: Sql;
  private readonly limit: number;
  private readonly sums = new Map<string, Sum>();
  private day = -1;

  /** @param limit bytes an owner may send in a day */
  constructor(sql: Sql, limit: number) {
    this.sql = sql;
    this.limit = limit;
  }

  allows(owner: string, bytes: number, now: number): boolean {
    return this.sumOf(owner, now).bytes + bytes <= this.limit;
  }

  add(owner: string, bytes: number, now: number): void {
    const sum = this.sumOf(owner, now);
    sum.bytes += bytes;
    if (sum.bytes - sum.saved < this.limit / SAVED_PARTS) return;
    sum.saved = sum.bytes;
    writeFact(this.sql, nameOf(owner), `${this.day} ${sum.bytes}`);
  }

  private sumOf(owner: string, now: number): Sum {
    const day = Math.floor(now / DAY_MS);
    if (day !== this.day) {
      this.day = day;
      this.sums.clear();
    }
    let sum = this.sums.get(owner);
    if (!sum) {
      const [savedDay, bytes] = (readFact(this.sql, nameOf(owner)) ?? "").split(" ").map(Number);
      const saved = savedDay === day ? (bytes ?? 0) : 0;
      sum = { bytes: saved, saved };
      this.sums.set(owner, sum);
    }
    return sum;
  }
}

/** One fact an owner, overwritten on the owner's next day. */
const nameOf = (owner: string) => `bytes_of_day ${owner}`;
