/**
 * When something is due, by its key: a binary heap that knows where each key stands, so that a time can be changed or
 * taken back. Of what is due at the same time the lowest key goes first.
 */
export class Deadlines<Key extends string | number = string> {
  /** The heap, in two arrays of plain values because those are smallest. */
  private readonly keys: Key[] = [];
  private readonly times: number[] = [];
  private readonly places = new Map<Key, number>();

  get size(): number {
    return this.keys.length;
  }

  /** When it is due (milliseconds); undefined when it never is. */
  get(key: Key): number | undefined {
    const place = this.places.get(key);
    return place === undefined ? undefined : this.times[place];
  }

  /** Due at this time (milliseconds), instead of any earlier or later one. */
  set(key: Key, at: number): void {
    const place = this.places.get(key) ?? this.keys.length;
    this.settle(key, at, place);
  }

  /** @returns false when it was not due at any time */
  delete(key: Key): boolean {
    const place = this.places.get(key);
    if (place === undefined) return false;
    this.places.delete(key);
    const lastKey = this.keys.pop() as Key;
    const lastAt = this.times.pop() as number;
    if (place < this.keys.length) this.settle(lastKey, lastAt, place);
    return true;
  }

  /** Those due by now, the longest due first, `limit` at most; each is given out once. */
  takeDue(now: number, limit: number): Key[] {
    const taken: Key[] = [];
    while (this.size > 0 && taken.length < limit && this.next() <= now) {
      const first = this.keys[0] as Key;
      this.delete(first);
      taken.push(first);
    }
    return taken;
  }

  /** When the first is due (milliseconds); infinite when none is. */
  next(): number {
    return this.times[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Puts a key where it belongs, beginning at a place that is free or its own. */
  private settle(key: Key, at: number, start: number): void {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!this.isBefore(key, at, parent)) break;
      this.move(parent, place);
      place = parent;
    }
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.keys.length) break;
      const right = left + 1;
      const isRight = right < this.keys.length && this.isBefore(this.keys[right] as Key, this.times[right] ?? 0, left);
      const child = isRight ? right : left;
      if (this.isBefore(key, at, child)) break;
      this.move(child, place);
      place = child;
    }
    this.put(key, at, place);
  }

  private isBefore(key: Key, at: number, place: number): boolean {
    const other = this.times[place] as number;
    return at < other || (at === other && key < (this.keys[place] as Key));
  }

  private move(from: number, to: number): void {
    this.put(this.keys[from] as Key, this.times[from] as number, to);
  }

  private put(key: Key, at: number, place: number): void {
    this.keys[place] = key;
    this.times[place] = at;
    this.places.set(key, place);
  }
}
