import type { KnownKey } from "../tasks/contract.ts";
import type { Sql } from "./sql.ts";

/** A key that was used within this time is honoured while the record cannot be asked, ... */
const HONOURED_MS = 60 * 60 * 1000;
/** ... for no longer than this after the record last showed it to be good. */
const SEEN_WITHIN_MS = 24 * 60 * 60 * 1000;
/** Noted at most this often, however many Workers tell of it. */
const NOTED_EVERY_MS = 10 * 60 * 1000;
const NAME_MAX_CHARACTERS = 200;

const SEEN = "SELECT body, seen_at, used_at FROM known_keys WHERE name = ?1";
const NOTE = `INSERT INTO known_keys (name, body, seen_at, used_at) VALUES (?1, ?2, ?3, ?3)
  ON CONFLICT (name) DO UPDATE SET body = excluded.body, seen_at = excluded.seen_at, used_at = excluded.used_at`;
const USE = "UPDATE known_keys SET used_at = ?2 WHERE name = ?1";
const FORGET = "DELETE FROM known_keys WHERE used_at < ?1 OR seen_at < ?2";

type Row = { body: string; seen_at: number; used_at: number };

/** Keeps a copy of a key's row. @param name the key's hash, or its SecretId */
export function rememberKey(sql: Sql, name: string, key: KnownKey, now: number): void {
  if (name.length > NAME_MAX_CHARACTERS) return;
  const body = JSON.stringify(key);
  const [known] = sql.all<Row>(SEEN, name);
  if (known && known.body === body && now - known.seen_at < NOTED_EVERY_MS) return;
  sql.all(NOTE, name, body, now);
}

/** Undefined for one that was not used within the hour, or not seen in the record within a day. */
export function recallKey(sql: Sql, name: string, now: number): KnownKey | undefined {
  const [known] = sql.all<Row>(SEEN, name);
  if (!known || now - known.used_at >= HONOURED_MS || now - known.seen_at >= SEEN_WITHIN_MS) return undefined;
  if (now - known.used_at >= NOTED_EVERY_MS) sql.all(USE, name, now);
  return JSON.parse(known.body) as KnownKey;
}

export function forgetKeys(sql: Sql, now: number): void {
  sql.all(FORGET, now - HONOURED_MS, now - SEEN_WITHIN_MS);
}
