import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { bound } from "./engine.ts";
import type { createRecord } from "../../src/store/record.ts";

const MIGRATIONS = new URL("../../migrations/", import.meta.url);

let empty: Uint8Array | undefined;

/** D1's database with all migrations applied. */
export function openDatabase(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  if (empty) {
    db.deserialize(empty);
    return db;
  }
  for (const file of readdirSync(MIGRATIONS).toSorted()) db.exec(readFileSync(new URL(file, MIGRATIONS), "utf8"));
  empty = db.serialize();
  return db;
}

/** A statement with its values; `now` runs it before it returns. */
type Bound = {
  now: () => { changes: number };
  run: () => Promise<unknown>;
  bind: (...values: SQLInputValue[]) => Bound;
};

/**
 * As much of D1 as the record's writers use, on `node:sqlite`. Each call does its work before it returns, so that a
 * simulated world can stay without promises: what it returns is only for those who wait.
 */
export function d1On(db: DatabaseSync): Parameters<typeof createRecord>[0] {
  const prepared = new Map<string, StatementSync>();
  const statementOf = (text: string) => {
    const known = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, known);
    return known;
  };
  const withValues = (text: string, values: SQLInputValue[]): Bound => {
    const now = () => ({ changes: Number(statementOf(text).run(...values.map(bound)).changes) });
    return { now, run: () => Promise.resolve({ meta: now() }), bind: (...given) => withValues(text, given) };
  };
  return {
    prepare: (text: string) => withValues(text, []),
    batch: (statements: Bound[]) => {
      db.exec("BEGIN");
      try {
        for (const { now } of statements) now();
        db.exec("COMMIT");
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
      return Promise.resolve([]);
    },
  } as unknown as Parameters<typeof createRecord>[0];
}
