import type { Counts, StatementCount } from "../../lib/counts.ts";

type Members = Record<string, unknown>;
type Call = (...input: unknown[]) => unknown;

type Meta = { rows_read?: number; rows_written?: number; duration?: number };
type Result = { results: Members[]; meta: Meta };

/** As much of a D1 statement as the gateway uses. */
type Statement = {
  bind: (...values: unknown[]) => Statement;
  run: () => Promise<Result>;
  all: () => Promise<Result>;
  first: (column?: string) => Promise<unknown>;
};

type Database = {
  prepare: (sql: string) => Statement;
  batch: (statements: Statement[]) => Promise<Result[]>;
};

type Cursor = { toArray: () => unknown[]; rowsRead: number; rowsWritten: number };

/** As much of an object's own database as the gateway uses. */
export type ObjectSql = { exec: (sql: string, ...values: unknown[]) => Pick<Cursor, "toArray">; databaseSize: number };

/** What the gateway asks of its bindings, since the last reset. Everything it passes on unchanged. */
export class Counters {
  private counts = nothing();
  /** An `env` is the key of the gateway's caches, so each has one stand-in. */
  private readonly environments = new WeakMap<object, object>();
  private readonly originals = new WeakMap<Statement, { statement: Statement; sql: string; parameters: number }>();

  reset(): void {
    this.counts = nothing();
  }

  snapshot(): Counts {
    return this.counts;
  }

  request(): void {
    this.counts.requests += 1;
  }

  scheduled(): void {
    this.counts.scheduled += 1;
  }

  objectStarted(): void {
    this.counts.object.starts += 1;
  }

  alarm(): void {
    this.counts.object.alarms += 1;
  }

  alarmSet(): void {
    this.counts.object.alarmsSet += 1;
  }

  logLine(): void {
    this.counts.logLines += 1;
  }

  /** @param env with the bindings DB, DEDUPE, BLOBS and DISPATCHER */
  environment(env: object): object {
    const known = this.environments.get(env);
    if (known) return known;
    const { DB, DEDUPE, BLOBS, DISPATCHER } = env as Record<"DEDUPE" | "BLOBS" | "DISPATCHER", object> & {
      DB: Database;
    };
    const counted = {
      ...env,
      DB: this.database(DB),
      DEDUPE: this.counting(DEDUPE, (counts) => counts.kv),
      BLOBS: this.counting(BLOBS, (counts) => counts.r2),
      DISPATCHER: this.objects(DISPATCHER),
    };
    this.environments.set(env, counted);
    return counted;
  }

  private database(database: Database): Database {
    return {
      prepare: (sql) => this.statement(database.prepare(sql), onOneLine(sql), 0),
      batch: async (statements) => {
        const known = statements.map((statement) => this.original(statement));
        this.counts.d1.batches += 1;
        const results = await database.batch(known.map(({ statement }) => statement));
        for (const [index, { sql, parameters }] of known.entries()) {
          ran(this.counts.d1.statements, sql, parameters, results[index]?.meta);
        }
        return results;
      },
    };
  }

  private statement(original: Statement, sql: string, parameters: number): Statement {
    const counting = async (call: Promise<Result>) => {
      const result = await call;
      ran(this.counts.d1.statements, sql, parameters, result.meta);
      return result;
    };
    const statement: Statement = {
      bind: (...values) => this.statement(original.bind(...values), sql, values.length),
      run: () => counting(original.run()),
      all: () => counting(original.all()),
      // D1 itself reads all rows for the first one, and only then tells nobody how many.
      first: async (column) => {
        const { results } = await counting(original.all());
        const row = results[0];
        return row === undefined ? null : column === undefined ? row : row[column];
      },
    };
    this.originals.set(statement, { statement: original, sql, parameters });
    return statement;
  }

  private original(statement: Statement) {
    const original = this.originals.get(statement);
    if (!original) throw new TypeError("A statement that was not prepared here");
    return original;
  }

  /** @param sql whose every cursor is read to its end at once */
  objectSql(sql: object): ObjectSql {
    const own = sql as { exec: (statement: string, ...values: unknown[]) => Cursor; databaseSize: number };
    const counts = () => this.counts;
    return {
      exec: (statement, ...values) => {
        const cursor = own.exec(statement, ...values);
        return {
          toArray: () => {
            const rows = cursor.toArray();
            const meta = { rows_read: cursor.rowsRead, rows_written: cursor.rowsWritten };
            ran(counts().object.statements, onOneLine(statement), values.length, meta);
            return rows;
          },
        };
      },
      get databaseSize() {
        return own.databaseSize;
      },
    };
  }

  private counting(binding: object, countsOf: (counts: Counts) => Record<string, number>): object {
    return intercepted(binding, (name) => {
      const counts = countsOf(this.counts);
      counts[name] = (counts[name] ?? 0) + 1;
    });
  }

  private objects(namespace: object): object {
    return new Proxy(namespace as Members, {
      get: (target, name: string) => {
        const member = target[name];
        if (typeof member !== "function") return member;
        return (...input: unknown[]) => {
          const given = (member as Call).apply(target, input);
          return name === "getByName" || name === "get" ? this.object(given as object) : given;
        };
      },
    });
  }

  private object(stub: object): object {
    return intercepted(stub, (name) => {
      this.counts.object.calls[name] = (this.counts.object.calls[name] ?? 0) + 1;
    });
  }
}

/** The same object, but every call of a method is told of first. */
function intercepted(target: object, called: (name: string) => void): object {
  return new Proxy(target as Members, {
    get: (members, name) => {
      const member = members[name as string];
      if (typeof name !== "string" || typeof member !== "function") return member;
      return (...input: unknown[]) => {
        called(name);
        return Reflect.apply(member as Call, members, input);
      };
    },
  });
}

function nothing(): Counts {
  return {
    requests: 0,
    scheduled: 0,
    logLines: 0,
    d1: { batches: 0, statements: {} },
    kv: {},
    r2: {},
    object: { starts: 0, calls: {}, alarms: 0, alarmsSet: 0, statements: {} },
  };
}

function ran(
  statements: Record<string, StatementCount>,
  sql: string,
  parameters: number,
  { rows_read = 0, rows_written = 0, duration = 0 }: Meta = {},
): void {
  const count = (statements[sql] ??= noCalls());
  count.calls += 1;
  count.parameters = Math.max(count.parameters, parameters);
  count.rowsRead += rows_read;
  count.mostRowsRead = Math.max(count.mostRowsRead, rows_read);
  count.rowsWritten += rows_written;
  count.mostRowsWritten = Math.max(count.mostRowsWritten, rows_written);
  count.ms += duration;
}

/** Without its comments, which end with their line. */
function onOneLine(sql: string): string {
  return sql
    .replaceAll(/--[^\n]*/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function noCalls(): StatementCount {
  return { calls: 0, parameters: 0, rowsRead: 0, mostRowsRead: 0, rowsWritten: 0, mostRowsWritten: 0, ms: 0 };
}
