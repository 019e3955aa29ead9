import type { Services } from "../services.ts";
import { erasedName, nameHash } from "../signing/name-hash.ts";
import { type EraseOutcome, type Remix, REMIXES_MAX } from "./contract.ts";
import { inObjectThenRecord } from "./lookup.ts";
import { isTaskId } from "./task-id.ts";

/** Of several tasks that go together. */
const ERASED_AT_ONCE = 10;
/** In one request; each is a call to the dispatcher, or three to both. */
const ERASED_MAX = 200;

type Needed = Pick<Services, "store" | "deps" | "cache" | "dispatcher">;

export type Erased =
  /** `remixes`: how many went with it. */
  | { kind: "erased"; remixes: number }
  | { kind: "not_found" }
  /** Itself, or a task that was made from it, and nothing was removed. */
  | { kind: "not_over"; id: string }
  /** So many remixes were removed, and there are more; the task itself is still there, to be removed after them. */
  | { kind: "more"; remixes: number };

/**
 * Removes a finished task's content at its client's wish, and with `remixes` that of every task that was made from it,
 * and from those in turn.
 */
export async function eraseTask(
  services: Needed,
  owner: string,
  id: string,
  { remixes = false }: { remixes?: boolean } = {},
): Promise<Erased> {
  if (!isTaskId(id)) return { kind: "not_found" };
  const copies = remixes ? await remixesOf(services, owner, id) : [];
  const unfinished = copies.find(({ over }) => !over);
  if (unfinished) return { kind: "not_over", id: unfinished.id };
  // What was made last goes first: told again after a failure, the rest is still found through what it was made from.
  const left = copies.filter(({ erased }) => !erased).toReversed();
  const now = left.slice(0, ERASED_MAX);
  for (let from = 0; from < now.length; from += ERASED_AT_ONCE)
    await Promise.all(now.slice(from, from + ERASED_AT_ONCE).map((copy) => eraseOne(services, owner, copy.id)));
  if (left.length > now.length) return { kind: "more", remixes: now.length };
  const outcome = await eraseOne(services, owner, id);
  if (outcome === "not_over") return { kind: "not_over", id };
  return outcome === "erased" ? { kind: "erased", remixes: now.length } : { kind: "not_found" };
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

/** Nearest first; about {@link REMIXES_MAX} at most. */
async function remixesOf({ dispatcher, store }: Needed, owner: string, id: string): Promise<Remix[]> {
  const found = new Map<string, Remix>();
  for (let level = [id]; level.length > 0 && found.size < REMIXES_MAX;) {
    // A task moves from the object to the record, so that is asked second.
    const inObject = await dispatcher.remixes(owner, level);
    const inRecord = await store.record.remixes(owner, level, REMIXES_MAX);
    const next = new Map(inRecord.map((copy): [string, Remix] => [copy.id, { ...copy, over: true }]));
    // The object's word is the later one.
    for (const copy of inObject) next.set(copy.id, copy);
    const fresh = [...next.values()].filter((copy) => copy.id !== id && !found.has(copy.id));
    for (const copy of fresh) found.set(copy.id, copy);
    level = fresh.map((copy) => copy.id);
  }
  return [...found.values()];
}
