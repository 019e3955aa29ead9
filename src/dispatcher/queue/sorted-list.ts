/** Blocks of this size are split; with 100,000 entries a look-up passes a few hundred block lengths, never the entries. */
const BLOCK_ENTRIES = 512;

/** Entries in ascending order, each once, with their rank. Blocks keep inserting, removing and ranking far below a scan. */
export class SortedList<T> {
  private readonly compare: (a: T, b: T) => number;
  private readonly blocks: T[][] = [];
  private count = 0;

  /** @param compare below 0 when `a` comes first, 0 when they are the same entry */
  constructor(compare: (a: T, b: T) => number) {
    this.compare = compare;
  }

  get length(): number {
    return this.count;
  }

  first(): T | undefined {
    return this.blocks[0]?.[0];
  }

  /** @returns false when it is there already */
  add(value: T): boolean {
    const at = Math.max(0, Math.min(this.blockOf(value), this.blocks.length - 1));
    const block = this.blocks[at];
    const index = block ? this.lowerBound(block, value) : 0;
    if (block && this.isAt(block, index, value)) return false;
    this.count += 1;
    // Most entries come last: a new block then, so that the full ones stay full.
    if (!block || (index === block.length && index === BLOCK_ENTRIES)) {
      this.blocks.push([value]);
      return true;
    }
    block.splice(index, 0, value);
    // Copies, because an array that was cut keeps the room it had.
    if (block.length > BLOCK_ENTRIES) {
      this.blocks.splice(at, 1, block.slice(0, BLOCK_ENTRIES / 2), block.slice(BLOCK_ENTRIES / 2));
    }
    return true;
  }

  /** @returns false when it was not there */
  remove(value: T): boolean {
    const at = this.blockOf(value);
    const block = this.blocks[at];
    if (!block) return false;
    const index = this.lowerBound(block, value);
    if (!this.isAt(block, index, value)) return false;
    block.splice(index, 1);
    this.count -= 1;
    if (block.length === 0) this.blocks.splice(at, 1);
    return true;
  }

  /** How many entries come before `value`, whether it is there or not. */
  rank(value: T): number {
    const at = this.blockOf(value);
    let before = 0;
    for (let index = 0; index < at; index++) before += this.blocks[index]?.length ?? 0;
    const block = this.blocks[at];
    return before + (block ? this.lowerBound(block, value) : 0);
  }

  private isAt(block: T[], index: number, value: T): boolean {
    return index < block.length && this.compare(block[index] as T, value) === 0;
  }

  /** The first block whose last entry is not below `value`. */
  private blockOf(value: T): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(this.blocks[middle]?.at(-1) as T, value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first place in the block whose entry is not below `value`. */
  private lowerBound(block: T[], value: T): number {
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(block[middle] as T, value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
