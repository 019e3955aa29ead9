type Entry = { at: number; order: number; run: (() => void) | undefined };

/** Takes back what was planned. */
export type Planned = { cancel: () => void };

/** The one clock of a simulated world, in milliseconds. Time passes only from one planned event to the next. */
export class Clock {
  now: number;
  private readonly heap: Entry[] = [];
  private planned = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** Runs `work` at this time, in the order of planning among those of the same time. */
  at(time: number, work: () => void): Planned {
    const entry: Entry = { at: Math.max(Math.ceil(time), this.now), order: (this.planned += 1), run: work };
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
    return {
      cancel: () => {
        entry.run = undefined;
      },
    };
  }

  after(ms: number, work: () => void): Planned {
    return this.at(this.now + ms, work);
  }

  /** Runs the next event. @returns false when nothing is planned any more, or nothing before `until` */
  step(until: number): boolean {
    for (;;) {
      const next = this.heap[0];
      if (!next || next.at > until) return false;
      this.removeFirst();
      if (!next.run) continue;
      // What was planned for a time that was slept through happens now.
      this.now = Math.max(this.now, next.at);
      next.run();
      return true;
    }
  }

  private removeFirst(): void {
    const last = this.heap.pop();
    if (!last || this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink();
  }

  private rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.swapUnlessOrdered(parent, index)) return;
      index = parent;
    }
  }

  private sink(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const least = right < this.heap.length && this.isBefore(right, left) ? right : left;
      if (least >= this.heap.length || !this.swapUnlessOrdered(index, least)) return;
      index = least;
    }
  }

  private swapUnlessOrdered(parent: number, child: number): boolean {
    if (!this.isBefore(child, parent)) return false;
    const { [parent]: above, [child]: below } = this.heap;
    if (above && below) {
      this.heap[parent] = below;
      this.heap[child] = above;
    }
    return true;
  }

  private isBefore(one: number, other: number): boolean {
    const a = this.heap[one];
    const b = this.heap[other];
    return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
  }
}
