/** What a value may be: what both engines store and give back alike. Integers stay below 2^53; no booleans, no blobs. */
export type SqlValue = string | number | null;

/**
 * The object's own database, whichever engine it is: the Durable Object's SQLite on the platform, `node:sqlite` in the
 * simulator. One statement a call, at most 100 parameters. Results are read to their end at once: a cursor left open
 * when a turn ends breaks the object.
 */
export type Sql = {
  all<Row = Record<string, SqlValue>>(statement: string, ...values: SqlValue[]): Row[];
  /** All or nothing; not to be nested. @throws whatever `work` throws, after undoing it */
  transaction<T>(work: () => T): T;
  /** Bytes of the database. */
  size(): number;
};
