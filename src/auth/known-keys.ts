import type { Deps } from "../deps.ts";
import { log } from "../log.ts";
import type { Dispatcher, KnownKey } from "../tasks/contract.ts";

/** The dispatcher honours a copy that was used within an hour; while a key is used it is told of it this often. */
const REMEMBER_EVERY_MS = 10 * 60 * 1000;
const REMEMBERED_ENTRIES = 1_000;

/** What the key rings look keys up with. */
export type KeySources = { deps: Deps; dispatcher: Pick<Dispatcher, "rememberKey" | "recallKey"> };

type Rows = { [Kind in KnownKey["kind"]]: Extract<KnownKey, { kind: Kind }>["row"] };

/** Looks keys of one kind up in the record, and while that is away, in the dispatcher's copies of those lately seen. */
export function createKnownKeys<Kind extends keyof Rows>(
  kind: Kind,
  { deps, dispatcher }: KeySources,
  find: (name: string) => Promise<Rows[Kind] | null>,
) {
  const rememberedUntil = new Map<string, number>();

  function remember(name: string, row: Rows[Kind]): void {
    const now = deps.now();
    if ((rememberedUntil.get(name) ?? 0) > now) return;
    if (rememberedUntil.size >= REMEMBERED_ENTRIES) rememberedUntil.clear();
    rememberedUntil.set(name, now + REMEMBER_EVERY_MS);
    // Nobody waits for it, and a failure is logged where it happens.
    deps.defer(dispatcher.rememberKey(name, { kind, row } as KnownKey).catch(() => rememberedUntil.delete(name)));
  }

  return {
    /**
     * A key that is not revoked. One that the record does not know, or says is revoked, is never taken from a copy.
     * @throws {StoreUnavailableError} when the record is away and there is no copy
     */
    async find(name: string): Promise<Rows[Kind] | null> {
      let row: Rows[Kind] | null;
      try {
        row = await find(name);
      } catch (error) {
        // Whatever is wrong with the record: who was let in a moment ago must not be kept out by it.
        const copy = await dispatcher.recallKey(name).catch(() => undefined);
        if (copy?.kind !== kind) throw error;
        log("warn", "key.recalled", { owner: copy.row.owner, reason: kind });
        return copy.row as Rows[Kind];
      }
      if (row) remember(name, row);
      return row;
    },
  };
}
