import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Sql, SqlValue } from "../../src/dispatcher/sql.ts";

const MAX_PARAMETERS = 100;
/** SQLite's default. */
const PAGE_BYTES = 4_096;
/** What the object's engine refuses. */
const FORBIDDEN =
  /^\s*(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|ATTACH|DETACH|VACUUM)\b|sqlite_version\s*\(/i;
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

/** A life that was replaced, or has ended, touched the storage. */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/** What the code under test must never do, because the two engines differ in it or the object's refuses it. */
export class MisuseError extends Error {
  override readonly name = "MisuseError";
}

/** One life's access to the database. */
export type Access = Sql & {
  /** From now on everything throws. */
  revoke(): void;
  /** Statements that may have written, so far. */
  writes(): number;
  statements(): number;
};

/**
 * The object's storage: SQLite, and the commits that are on their way to the disk. Each turn is a savepoint until it is
 * durable, so that a crash undoes exactly the turns that were not.
 */
export class Storage {
  private readonly db = new DatabaseSync(":memory:");
  private readonly prepared = new Map<string, StatementSync>();
  /** Turns that are not durable, or that follow one that is not; the first `durable` of them are. */
  private open = 0;
  private durable = 0;
  private opened = 0;
  private readonly names: string[] = [];

  /** Everything the life does to the storage from here to the next call is undone by a crash, unless it is confirmed. */
  beginTurn(): void {
    this.opened += 1;
    const name = `turn_${this.opened}`;
    this.names.push(name);
    this.open += 1;
    this.db.exec(`SAVEPOINT ${name}`);
  }

  /** The oldest turn that is not yet durable has become so. */
  confirm(): void {
    this.durable += 1;
    if (this.durable < this.open) return;
    this.release();
  }

  /** How many turns a crash would undo now. */
  get unconfirmed(): number {
    return this.open - this.durable;
  }

  crash(): void {
    if (this.open > this.durable) this.db.exec(`ROLLBACK TO ${this.names[this.durable]}`);
    this.release();
  }

  close(): void {
    this.db.close();
  }

  /** Keeps all that is in the tables, for {@link restore}. Only between turns. */
  keep(): void {
    for (const name of this.tables()) {
      this.db.exec(`DROP TABLE IF EXISTS temp.kept_${name}`);
      this.db.exec(`CREATE TEMP TABLE kept_${name} AS SELECT * FROM main.${name}`);
    }
  }

  /** The tables as they were kept. Only between turns. */
  restore(): void {
    for (const name of this.tables()) {
      this.db.exec(`DELETE FROM main.${name}`);
      this.db.exec(`INSERT INTO main.${name} SELECT * FROM temp.kept_${name}`);
    }
  }

  private tables(): string[] {
    return this.look<{ name: string }>("SELECT name FROM main.sqlite_master WHERE type = 'table'").map(
      ({ name }) => name,
    );
  }

  access(): Access {
    let revoked = false;
    let inTransaction = false;
    let writes = 0;
    let statements = 0;
    const check = () => {
      if (revoked) throw new SupersededError("This life of the object no longer has the storage.");
    };
    return {
      all: <Row>(text: string, ...values: SqlValue[]) => {
        check();
        for (const value of values) checkValue(value);
        if (values.length > MAX_PARAMETERS) throw new MisuseError(`${values.length} parameters: ${text}`);
        statements += 1;
        if (!/^\s*(SELECT|EXPLAIN)\b/i.test(text)) writes += 1;
        return this.run<Row>(text, values);
      },
      transaction: <T>(work: () => T) => {
        check();
        if (inTransaction) throw new MisuseError("A transaction within a transaction.");
        inTransaction = true;
        this.db.exec("SAVEPOINT work");
        try {
          const result = work();
          this.db.exec("RELEASE work");
          return result;
        } catch (error) {
          this.db.exec("ROLLBACK TO work");
          this.db.exec("RELEASE work");
          throw error;
        } finally {
          inTransaction = false;
        }
      },
      size: () => {
        check();
        const [pages] = this.run<{ page_count: number }>("SELECT page_count FROM pragma_page_count", [], true);
        return (pages?.page_count ?? 0) * PAGE_BYTES;
      },
      revoke: () => {
        revoked = true;
      },
      writes: () => writes,
      statements: () => statements,
    };
  }

  /** For the checks: reads past every life. */
  look<Row>(text: string, ...values: SqlValue[]): Row[] {
    return this.run<Row>(text, values, true);
  }

  private release(): void {
    const [first] = this.names;
    if (first !== undefined) this.db.exec(`RELEASE ${first}`);
    this.names.length = 0;
    this.open = 0;
    this.durable = 0;
  }

  private run<Row>(text: string, values: SqlValue[], trusted = false): Row[] {
    let statement = this.prepared.get(text);
    if (!statement) {
      if (!trusted) checkText(text);
      statement = this.db.prepare(text);
      this.prepared.set(text, statement);
    }
    const rows = statement.all(...values.map(bound)) as Row[];
    for (const row of rows) for (const value of Object.values(row as object)) checkValue(value as SqlValue);
    return rows;
  }
}

/** As the object binds it: `node:sqlite` would take every number for one with a fraction. */
export function bound(value: SQLInputValue): SQLInputValue {
  return typeof value === "number" ? BigInt(value) : value;
}

function checkText(text: string): void {
  const bare = text.replaceAll(QUOTED, "''");
  if (FORBIDDEN.test(bare)) throw new MisuseError(`Refused by the object's engine: ${text}`);
  if (/;\s*\S/.test(bare)) throw new MisuseError(`More than one statement: ${text}`);
  if (/^\s*CREATE\s+TABLE\b/i.test(bare) && !/\)\s*[^)]*\bSTRICT\b[^)]*$/i.test(bare)) {
    throw new MisuseError(`Not STRICT: ${text}`);
  }
}

function checkValue(value: SqlValue): void {
  if (value === null || typeof value === "string") return;
  if (typeof value === "number" && Number.isFinite(value)) {
    if (Math.abs(value) <= Number.MAX_SAFE_INTEGER && Number.isInteger(value)) return;
    // A fraction is no danger by itself, but no column of ours holds one.
    throw new MisuseError(`Not a safe integer: ${value}`);
  }
  throw new MisuseError(`Not a value that both engines know: ${typeof value} ${String(value)}`);
}
