/** Blocks of this size are split; with 100,000 entries a look-up passes a few hundred block lengths, never the entries. */
const BLOCK_ENTRIES = 512;

/** Texts in ascending order, each once, with their rank. Blocks keep inserting, removing and ranking far below a scan. */
export class SortedList {
  private blocks: string[][] = [];
  private count = 0;

  get length(): number {
    return this.count;
  }

  first(): string | undefined {
    return this.blocks[0]?.[0];
  }

  /** @returns false when it is there already */
  add(value: string): boolean {
    if (this.blocks.length === 0) this.blocks.push([]);
    const at = Math.min(this.blockOf(value), this.blocks.length - 1);
    const block = this.blocks[at] as string[];
    const index = lowerBound(block, value);
    if (block[index] === value) return false;
    block.splice(index, 0, value);
    this.count += 1;
    if (block.length > BLOCK_ENTRIES) this.blocks.splice(at + 1, 0, block.splice(BLOCK_ENTRIES / 2));
    return true;
  }

  /** @returns false when it was not there */
  remove(value: string): boolean {
    const at = this.blockOf(value);
    const block = this.blocks[at];
    const index = block ? lowerBound(block, value) : 0;
    if (!block || block[index] !== value) return false;
    block.splice(index, 1);
    this.count -= 1;
    if (block.length === 0) this.blocks.splice(at, 1);
    return true;
  }

  /** How many entries come before `value`, whether it is there or not. */
  rank(value: string): number {
    const at = this.blockOf(value);
    let before = 0;
    for (let index = 0; index < at; index++) before += this.blocks[index]?.length ?? 0;
    const block = this.blocks[at];
    return before + (block ? lowerBound(block, value) : 0);
  }

  /** The first block whose last entry is not below `value`. */
  private blockOf(value: string): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.blocks[middle]?.at(-1) ?? "") < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lowerBound(block: string[], value: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((block[middle] as string) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
