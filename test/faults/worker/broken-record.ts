import type { Trouble } from "../trouble.ts";

/** A statement that hangs while the database is away gives up after this. */
const HANG_MAX_MS = 8_000;

/** What D1 says while it is moved, restarted or out of reach. */
const WORDS = [
  "D1_ERROR: Network connection lost.",
  "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
  "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
] as const;

type Statement = {
  bind: (...values: unknown[]) => Statement;
  run: () => Promise<unknown>;
  all: () => Promise<unknown>;
  raw: (...options: unknown[]) => Promise<unknown>;
  first: (column?: string) => Promise<unknown>;
};
type Database = {
  prepare: (sql: string) => Statement;
  batch: (statements: Statement[]) => Promise<unknown>;
};

const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** D1, failing when it is told to. */
export class BrokenRecord {
  private awayUntil = 0;
  private hangs = false;
  private broken = { calls: 0, executed: false };
  private late = { calls: 0, delayMs: 0 };
  private failures = 0;
  private readonly originals = new WeakMap<Statement, Statement>();

  trouble(trouble: Trouble): void {
    if (trouble.kind === "record_away") {
      this.awayUntil = Date.now() + trouble.forMs;
      this.hangs = trouble.hang;
    }
    if (trouble.kind === "record_breaks") this.broken = { calls: trouble.calls, executed: trouble.executed };
    if (trouble.kind === "record_late") this.late = { calls: trouble.calls, delayMs: trouble.delayMs };
  }

  wrap(binding: object): object {
    const database = binding as Database;
    return {
      prepare: (sql: string) => this.statement(database.prepare(sql)),
      batch: (statements: Statement[]) =>
        this.call("batch", () => database.batch(statements.map((one) => this.originals.get(one) ?? one))),
    };
  }

  private statement(original: Statement): Statement {
    const wrapped: Statement = {
      bind: (...values) => this.statement(original.bind(...values)),
      run: () => this.call("statement", () => original.run()),
      all: () => this.call("statement", () => original.all()),
      raw: (...options) => this.call("statement", () => original.raw(...options)),
      first: (column) =>
        this.call("statement", () => (column === undefined ? original.first() : original.first(column))),
    };
    this.originals.set(wrapped, original);
    return wrapped;
  }

  private async call(kind: "batch" | "statement", work: () => Promise<unknown>): Promise<unknown> {
    const awayForMs = this.awayUntil - Date.now();
    if (awayForMs > 0) {
      if (this.hangs) await sleep(Math.min(awayForMs, HANG_MAX_MS));
      throw this.failure();
    }
    if (kind === "batch" && this.late.calls > 0) {
      this.late.calls -= 1;
      await sleep(this.late.delayMs);
    }
    const { calls, executed } = this.broken;
    if (calls === 0) return work();
    this.broken.calls -= 1;
    if (executed) await work();
    throw this.failure();
  }

  private failure(): Error {
    this.failures += 1;
    return new Error(WORDS[this.failures % WORDS.length]);
  }
}
