import type { Services } from "../services.ts";
import { producedIds } from "../vod/vendor-ids.ts";
import { HIGHEST_ID, lowestIdAt } from "./task-id.ts";

/** An owner's newest results that the record does not have yet; more are under way only while it is away. */
const UNTOLD_READ_MAX = 20;

/** Of the ids that somebody names in the vendor's account, those that must not pass. */
export type IdVerdict = {
  /** Made here, for others only. */
  others: ReadonlySet<string>;
  /** Not known here, where such are refused. */
  unknown: ReadonlySet<string>;
};

const NONE: IdVerdict = { others: new Set(), unknown: new Set() };

/**
 * Judges the vendor's ids in a request of this owner's.
 * @throws {StoreUnavailableError} when the record cannot be asked and others may have made something
 */
export async function judgeIds(services: Services, owner: string, ids: readonly string[]): Promise<IdVerdict> {
  if (ids.length === 0) return NONE;
  const { config, store, owners } = services;
  const several = await owners.othersThan(owner);
  const refuses = (config.foreignIds ?? (several ? "refuse" : "allow")) === "refuse";
  if (!several && !refuses) return NONE;
  const asked = [...new Set(ids)];
  const rows = await store.vendorIds.find(asked);
  const own = new Set(rows.filter((row) => row.owner === owner).map(({ id }) => id));
  const others = new Set(rows.map(({ id }) => id).filter((id) => !own.has(id)));
  const unknown = refuses ? asked.filter((id) => !own.has(id) && !others.has(id)) : [];
  return { others, unknown: unknown.length > 0 ? await stillUnknown(services, owner, unknown) : NONE.unknown };
}

/** A result is shown as soon as it is there, and told to the record a moment later. */
async function stillUnknown({ dispatcher, store }: Services, owner: string, ids: string[]): Promise<Set<string>> {
  const unknown = new Set(ids);
  const { tasks } = await dispatcher.list({
    owner,
    afterId: lowestIdAt(0),
    beforeId: HIGHEST_ID,
    statuses: ["succeeded"],
    limit: UNTOLD_READ_MAX,
  });
  const results = await Promise.all(tasks.map(({ id }) => dispatcher.read(owner, id)));
  for (const result of results) for (const id of producedIds(result?.result ?? "{}")) unknown.delete(id);
  // Told in between.
  if (unknown.size > 0)
    for (const row of await store.vendorIds.find([...unknown])) if (row.owner === owner) unknown.delete(row.id);
  return unknown;
}
