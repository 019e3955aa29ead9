import type { Services } from "../services.ts";
import { erasedName, nameHash } from "../signing/name-hash.ts";
import { type EraseOutcome, REMIXES_MAX } from "./contract.ts";
import { inObjectThenRecord } from "./lookup.ts";
import { isTaskId } from "./task-id.ts";

/** Of several tasks that go together. */
const ERASED_AT_ONCE = 10;

type Needed = Pick<Services, "store" | "deps" | "cache" | "dispatcher">;

export type Erased =
  /** `remixes`: how many went with it. */
  | { kind: "erased"; remixes: number }
  | { kind: "not_found" }
  /** Itself, or a task that was made from it, and nothing was removed. */
  | { kind: "not_over"; id: string };

/**
 * Removes a finished task's content at its client's wish, and with `remixes` that of every task that was made from it,
 * and from those in turn, at most {@link REMIXES_MAX}: told again, it goes on.
 */
export async function eraseTask(
  services: Needed,
  owner: string,
  id: string,
  { remixes = false }: { remixes?: boolean } = {},
): Promise<Erased> {
  if (!isTaskId(id)) return { kind: "not_found" };
  const copies = remixes ? await remixesOf(services, owner, id) : new Map<string, boolean>();
  for (const [copy, over] of copies) if (!over) return { kind: "not_over", id: copy };
  // It goes last: whoever has to tell it again after a failure finds what was made from it through it.
  const ids = [...copies.keys()].toReversed();
  for (let from = 0; from < ids.length; from += ERASED_AT_ONCE)
    await Promise.all(ids.slice(from, from + ERASED_AT_ONCE).map((copy) => eraseOne(services, owner, copy)));
  const outcome = await eraseOne(services, owner, id);
  if (outcome === "not_over") return { kind: "not_over", id };
  return outcome === "erased" ? { kind: "erased", remixes: ids.length } : { kind: "not_found" };
}

async function eraseOne({ store, deps, cache, dispatcher }: Needed, owner: string, id: string): Promise<EraseOutcome> {
  const outcome = await inObjectThenRecord<EraseOutcome>(
    async () => {
      const answer = await dispatcher.erase(owner, id);
      return answer === "not_found" ? undefined : answer;
    },
    async () => {
      const name = await store.record.sessionOf(owner, id);
      if (name === undefined) return undefined;
      const standIn = name === null ? null : erasedName(await nameHash(owner, name));
      return (await store.record.erase({ owner, id, now: deps.now(), standIn })) ? "erased" : undefined;
    },
  );
  if (outcome === "erased") cache.forget(id);
  return outcome ?? "not_found";
}

/** Nearest first, each with whether it is over. */
async function remixesOf({ dispatcher, store }: Needed, owner: string, id: string): Promise<Map<string, boolean>> {
  const found = new Map<string, boolean>();
  for (let level = [id]; level.length > 0 && found.size < REMIXES_MAX;) {
    // A task moves from the object to the record, so that is asked second.
    const unfinished = await dispatcher.remixes(owner, level);
    const finished = await store.record.remixes(owner, level, REMIXES_MAX);
    const next = new Map(finished.map((copy) => [copy, true]));
    for (const { id: copy, over } of unfinished) next.set(copy, over);
    level = [...next.keys()].filter((copy) => copy !== id && !found.has(copy));
    for (const copy of level) found.set(copy, next.get(copy) ?? true);
  }
  return found;
}
