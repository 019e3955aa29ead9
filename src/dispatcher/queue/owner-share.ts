import { SortedList } from "./sorted-list.ts";

/** What the order of the queue depends on. */
export type Waiting = {
  /** UUIDv7: of two that are otherwise equal the first come goes first. */
  id: string;
  owner: string;
  /** Higher goes first, for a while: see {@link PRIORITY_WORTH_MS}. */
  priority: number;
  /** Names the concurrency limit the task falls under besides the account's; "" for none. */
  lane: string;
  /** Milliseconds. */
  createdAt: number;
};

/** A step of priority goes before what has waited this much longer: an owner's urgent tasks never hold its others for ever. */
export const PRIORITY_WORTH_MS = 60_000;
/** Steps beyond this count no more. */
const PRIORITY_MAX_STEPS = 10;

export function stepsOf(priority: number): number {
  return Math.max(-PRIORITY_MAX_STEPS, Math.min(priority, PRIORITY_MAX_STEPS));
}

/** A waiting task as the queue keeps it: as small as can be, because there may be hundreds of thousands. */
export type Entry = {
  readonly id: string;
  readonly lane: Lane;
  readonly priority: number;
  /** Its place in its owner's order: when it was created, were it of priority 0. */
  readonly key: number;
  /** The position its client was told last; -1: none. */
  promised: number;
};

type Lane = { readonly name: string; readonly share: OwnerShare; readonly entries: SortedList<Entry> };

function inOrder(a: Entry, b: Entry): number {
  if (a.key !== b.key) return a.key - b.key;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** One owner's part of the queue: its waiting tasks in order, and what it has had of the slots. */
export class OwnerShare {
  readonly owner: string;
  /** Slot time that its tasks were charged: milliseconds on the queue's virtual clock. */
  usedMs = 0;
  /** How many of its tasks hold a slot. */
  running = 0;
  /** Rises whenever it was served or began to wait: of owners with equal standing the lowest goes first. */
  turn = 0;
  /** The first of its tasks, if every lane is open. Kept at hand because each look at the queue asks all owners for it. */
  first: Entry | undefined;
  private readonly lanes = new Map<string, Lane>();
  private count = 0;

  constructor(owner: string) {
    this.owner = owner;
  }

  get waiting(): number {
    return this.count;
  }

  add({ id, priority, lane: name, createdAt }: Waiting): Entry {
    let lane = this.lanes.get(name);
    if (!lane) this.lanes.set(name, (lane = { name, share: this, entries: new SortedList(inOrder) }));
    const key = createdAt - stepsOf(priority) * PRIORITY_WORTH_MS;
    const entry: Entry = { id, lane, priority, key, promised: -1 };
    lane.entries.add(entry);
    if (!this.first || inOrder(entry, this.first) < 0) this.first = entry;
    this.count += 1;
    return entry;
  }

  remove(entry: Entry): void {
    if (!entry.lane.entries.remove(entry)) throw new Error("The queue lost a task's place.");
    this.count -= 1;
    if (entry.lane.entries.length === 0) this.lanes.delete(entry.lane.name);
    if (this.first === entry) this.first = this.firstOf(() => true);
  }

  /** The first of its tasks that may start. */
  head(isOpen: (lane: string) => boolean): Entry | undefined {
    return !this.first || isOpen(this.first.lane.name) ? this.first : this.firstOf(isOpen);
  }

  /** How many of its own tasks come before this one. */
  rank(entry: Entry): number {
    let before = 0;
    for (const { entries } of this.lanes.values()) before += entries.rank(entry);
    return before;
  }

  private firstOf(isOpen: (lane: string) => boolean): Entry | undefined {
    let first: Entry | undefined;
    for (const { name, entries } of this.lanes.values()) {
      const next = entries.first();
      if (next && (!first || inOrder(next, first) < 0) && isOpen(name)) first = next;
    }
    return first;
  }
}

export function waitingOf({ id, lane, priority, key }: Entry): Waiting {
  const createdAt = key + stepsOf(priority) * PRIORITY_WORTH_MS;
  return { id, owner: lane.share.owner, priority, lane: lane.name, createdAt };
}
