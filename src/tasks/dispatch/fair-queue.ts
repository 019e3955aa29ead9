import { SortedList } from "./sorted-list.ts";

/** What the order of the queue depends on. `id` is a UUIDv7: first come, first in order. */
export type Waiting = {
  id: string;
  owner: string;
  /** Higher goes first. */
  priority: number;
  /** Names the concurrency limit the task falls under besides the account's; "" for none. */
  lane: string;
};

/** One owner's waiting tasks of one priority, each lane in order of arrival. */
type Share = { owner: string; lanes: Map<string, SortedList>; length: number };

/** Owners take turns: the first share is the next to be served, and goes to the end afterwards. */
type Level = { priority: number; turns: Share[]; shares: Map<string, Share>; length: number };

/**
 * The waiting tasks: higher priority first, within it owners in turn, within an owner first come, first served.
 * No operation walks the tasks; the cost of each grows with the number of owners that wait.
 */
export class FairQueue {
  private readonly levels: Level[] = [];
  private readonly tasks = new Map<string, Waiting>();

  get length(): number {
    return this.tasks.size;
  }

  has(id: string): boolean {
    return this.tasks.has(id);
  }

  /** @returns false when it waits already */
  add(task: Waiting): boolean {
    if (this.tasks.has(task.id)) return false;
    this.tasks.set(task.id, task);
    const level = this.levelOf(task.priority);
    let share = level.shares.get(task.owner);
    if (!share) {
      share = { owner: task.owner, lanes: new Map(), length: 0 };
      level.shares.set(task.owner, share);
      level.turns.push(share);
    }
    let lane = share.lanes.get(task.lane);
    if (!lane) share.lanes.set(task.lane, (lane = new SortedList()));
    lane.add(task.id);
    share.length += 1;
    level.length += 1;
    return true;
  }

  remove(id: string): Waiting | undefined {
    const task = this.tasks.get(id);
    if (!task) return undefined;
    this.tasks.delete(id);
    const level = this.levelOf(task.priority);
    const share = level.shares.get(task.owner);
    const lane = share?.lanes.get(task.lane);
    if (!share || !lane) throw new Error("The queue lost a task's place.");
    lane.remove(id);
    if (lane.length === 0) share.lanes.delete(task.lane);
    share.length -= 1;
    level.length -= 1;
    if (share.length === 0) {
      level.shares.delete(task.owner);
      level.turns.splice(level.turns.indexOf(share), 1);
    }
    if (level.length === 0) this.levels.splice(this.levels.indexOf(level), 1);
    return task;
  }

  /** Takes the next task whose lane is open. Its owner's next turn comes after everybody else's. */
  take(isOpen: (lane: string) => boolean): Waiting | undefined {
    for (const level of this.levels) {
      for (const share of level.turns) {
        const id = firstOpen(share, isOpen);
        if (id === undefined) continue;
        const task = this.remove(id);
        if (share.length > 0) {
          level.turns.splice(level.turns.indexOf(share), 1);
          level.turns.push(share);
        }
        return task;
      }
    }
    return undefined;
  }

  /** How many tasks go first, as the queue stands and with every lane open; undefined for one that does not wait. */
  position(id: string): number | undefined {
    const task = this.tasks.get(id);
    if (!task) return undefined;
    let before = 0;
    for (const level of this.levels) {
      if (level.priority === task.priority) return before + positionInLevel(level, task);
      before += level.length;
    }
    return undefined;
  }

  private levelOf(priority: number): Level {
    const index = this.levels.findIndex((level) => level.priority <= priority);
    const found = this.levels[index];
    if (found?.priority === priority) return found;
    const level: Level = { priority, turns: [], shares: new Map(), length: 0 };
    this.levels.splice(index === -1 ? this.levels.length : index, 0, level);
    return level;
  }
}

/** The oldest task of a share that may start. */
function firstOpen(share: Share, isOpen: (lane: string) => boolean): string | undefined {
  let oldest: string | undefined;
  for (const [lane, list] of share.lanes) {
    const first = list.first();
    if (first !== undefined && isOpen(lane) && (oldest === undefined || first < oldest)) oldest = first;
  }
  return oldest;
}

/** With `mine` tasks of its own owner ahead, a task is served in round `mine`; whoever comes earlier in the turn is a task ahead. */
function positionInLevel(level: Level, task: Waiting): number {
  let mine = 0;
  for (const list of level.shares.get(task.owner)?.lanes.values() ?? []) mine += list.rank(task.id);
  let before = mine;
  let passed = false;
  for (const share of level.turns) {
    if (share.owner === task.owner) passed = true;
    else before += Math.min(share.length, mine + (passed ? 0 : 1));
  }
  return before;
}
