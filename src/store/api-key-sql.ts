/*
 * Plain text without a database behind it: the Worker binds these statements through D1, the key tool sends them through
 * Wrangler's command line.
 */

/** One live key by `?1`, its SHA-256 in hex. */
export const FIND_API_KEY =
  "SELECT id, owner, name, key_hash, hint, scopes, created_at, revoked_at FROM api_keys WHERE key_hash = ?1 AND revoked_at IS NULL";

/** `?1` id, `?2` owner, `?3` name, `?4` hash, `?5` hint, `?6` scopes as a JSON array, `?7` now in milliseconds. */
export const INSERT_API_KEY =
  "INSERT INTO api_keys (id, owner, name, key_hash, hint, scopes, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/** As {@link INSERT_API_KEY}, but a key that is there already is brought to these values and is valid again. */
export const SEED_API_KEY = `${INSERT_API_KEY} ON CONFLICT (key_hash) DO UPDATE SET owner = excluded.owner, name = excluded.name, scopes = excluded.scopes, revoked_at = NULL`;

/** Every key, newest first; never its hash. */
export const LIST_API_KEYS =
  "SELECT id, owner, name, hint, scopes, created_at, revoked_at FROM api_keys ORDER BY created_at DESC, id DESC";

/** `?1` id, `?2` now in milliseconds. Gives the row back; no row: there is no such key. A second time changes nothing. */
export const REVOKE_API_KEY =
  "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1 RETURNING id, owner, name, revoked_at";

/** `?1` owner, `?2` name, `?3` the hash of the one that stays, `?4` now in milliseconds. */
export const REVOKE_OTHERS_OF_NAME =
  "UPDATE api_keys SET revoked_at = ?4 WHERE owner = ?1 AND name = ?2 AND key_hash <> ?3 AND revoked_at IS NULL";

export type SqlValue = string | number | null;

/**
 * Puts values into a statement as SQL literals, for a command line that takes no parameters. Numbered placeholders
 * only; the statement itself must hold no `?1` inside a quoted string.
 * @throws {RangeError} on a placeholder without a value, a number that is not finite, or text with a NUL character,
 * at which SQLite would cut the statement off.
 */
export function bindLiterals(statement: string, values: readonly SqlValue[]): string {
  return statement.replace(/\?(\d+)/g, (placeholder, position: string) => {
    const value = values[Number(position) - 1];
    if (value === undefined) throw new RangeError(`No value for ${placeholder}`);
    return literal(value);
  });
}

function literal(value: SqlValue): string {
  if (value === null) return "NULL";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError(`${value} has no SQL literal`);
    return String(value);
  }
  if (value.includes("\0")) throw new RangeError("Text with a NUL character has no SQL literal");
  return `'${value.replaceAll("'", "''")}'`;
}
