import type { Sql } from "./sql.ts";

/* What an object knows of itself and of its vendor, beside its tasks. */

const READ = "SELECT value FROM facts WHERE name = ?1";
const WRITE = "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

export function readFact(sql: Sql, name: string): string | undefined {
  return sql.all<{ value: string }>(READ, name)[0]?.value;
}

export function writeFact(sql: Sql, name: string, value: string): void {
  sql.all(WRITE, name, value);
}
