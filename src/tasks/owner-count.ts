import type { Deps } from "../deps.ts";
import { StoreUnavailableError, type Store } from "../store/index.ts";

/** That there is a second owner now is noticed within this time, and at once when it is the one who asks. */
export const OWNER_COUNT_CACHE_MS = 60_000;

export type OwnerCount = ReturnType<typeof createOwnerCount>;

/** Whether this gateway serves several owners, as its keys say. */
export function createOwnerCount({ store, deps }: { store: Pick<Store, "vendorIds">; deps: Pick<Deps, "now"> }) {
  let known: { owners: string[]; until: number } | undefined;

  return {
    /**
     * Whether there are others besides this owner.
     * @throws {StoreUnavailableError} when the record is away and has never been asked
     */
    async othersThan(owner: string): Promise<boolean> {
      const now = deps.now();
      if (!known || known.until <= now) {
        try {
          known = { owners: await store.vendorIds.twoOwners(), until: now + OWNER_COUNT_CACHE_MS };
        } catch (error) {
          if (!known || !(error instanceof StoreUnavailableError)) throw error;
        }
      }
      return known.owners.some((name) => name !== owner);
    },
  };
}
