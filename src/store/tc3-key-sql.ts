/*
 * Plain text without a database behind it, for the Worker and the key tool alike (see api-key-sql.ts).
 */

/** One live key pair by `?1`, its SecretId. */
export const FIND_TC3_KEY =
  "SELECT secret_id, owner, name, secret, scopes, created_at, revoked_at FROM tc3_keys WHERE secret_id = ?1 AND revoked_at IS NULL";

/** `?1` SecretId, `?2` owner, `?3` name, `?4` encrypted secret, `?5` scopes as a JSON array, `?6` now in milliseconds. */
export const INSERT_TC3_KEY =
  "INSERT INTO tc3_keys (secret_id, owner, name, secret, scopes, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/** Every key pair, newest first; never its secret. */
export const LIST_TC3_KEYS =
  "SELECT secret_id AS id, owner, name, scopes, created_at, revoked_at FROM tc3_keys ORDER BY created_at DESC, secret_id DESC";

/** `?1` SecretId, `?2` now in milliseconds. Gives the row back; no row: there is no such key pair. A second time changes nothing. */
export const REVOKE_TC3_KEY =
  "UPDATE tc3_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE secret_id = ?1 RETURNING secret_id AS id, owner, name, revoked_at";

/** Every key pair that is not revoked, with its encrypted secret: to encrypt it anew. */
export const SEALED_TC3_KEYS =
  "SELECT secret_id AS id, secret FROM tc3_keys WHERE revoked_at IS NULL ORDER BY secret_id";

/** `?1` SecretId, `?2` the encrypted secret as it was read, `?3` the same secret, encrypted anew. */
export const RESEAL_TC3_KEY =
  "UPDATE tc3_keys SET secret = ?3 WHERE secret_id = ?1 AND secret = ?2 RETURNING secret_id AS id";
