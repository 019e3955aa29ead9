/** The newest of so many equal creates are looked at; more of one client are hardly in doubt at once. */
const SCAN_ROWS = 50;

export type CreateAttempt = {
  owner: string;
  /** SHA-256 of the parsed request and of who sends it. */
  fingerprint: string;
  /** UUIDv7 of this very request. */
  requestId: string;
  /** 0 for the first. */
  attempt: number;
  /** Older ones are forgotten. */
  afterRequestId: string;
  expiresAt: number;
};

// A group has one request of each attempt. A first one opens a group, unless a repetition that came after it has
// overtaken it here; a repetition joins the group its predecessor is in, else the newest that lacks it.
const JOIN = `
  INSERT INTO recent_creates (owner, fingerprint, request_id, attempt, group_id, expires_at)
  SELECT ?1, ?2, ?3, ?4, coalesce(
    (SELECT group_id
     FROM (SELECT group_id, attempt FROM recent_creates
           WHERE owner = ?1 AND fingerprint = ?2 AND request_id > ?5 ORDER BY request_id DESC LIMIT ${SCAN_ROWS})
     GROUP BY group_id
     HAVING max(attempt = ?4) = 0 AND (?4 > 0 OR group_id > ?3)
     ORDER BY max(attempt = ?4 - 1) DESC, group_id DESC LIMIT 1),
    ?3), ?6
  WHERE true
  ON CONFLICT (owner, fingerprint, request_id) DO NOTHING`;

/** Notes a create and finds the one it repeats. @returns the group's id: the request's own when it repeats none */
export async function joinRecentCreates(db: D1Database, create: CreateAttempt): Promise<string> {
  const { owner, fingerprint, requestId, attempt, afterRequestId, expiresAt } = create;
  const results = await db.batch<{ group_id: string }>([
    db.prepare(JOIN).bind(owner, fingerprint, requestId, attempt, afterRequestId, expiresAt),
    db
      .prepare("SELECT group_id FROM recent_creates WHERE owner = ?1 AND fingerprint = ?2 AND request_id = ?3")
      .bind(owner, fingerprint, requestId),
  ]);
  const group = results[1]?.results[0]?.group_id;
  if (group === undefined) throw new Error("A create was not noted.");
  return group;
}
