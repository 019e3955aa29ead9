/** Numbers that look random and are the same for the same seed. */
export type Random = {
  /** 0 ≤ value < 1. */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** An item as often as its weight says. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
};

const TWO_TO_32 = 2 ** 32;
/** The odd step nearest to 2^32 divided by the golden ratio: the counter visits every 32-bit number. */
const STEP = 0x9e3779b9;

/**
 * @param purpose numbers for one purpose stay the same when another one takes more or fewer of its own
 */
export function createRandom(seed: number, purpose: string): Random {
  let counter = mix(seed >>> 0);
  for (const character of purpose) counter = mix(counter ^ (character.codePointAt(0) ?? 0));
  const next = () => {
    counter = (counter + STEP) >>> 0;
    return mix(counter) / TWO_TO_32;
  };
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
    weighted(items) {
      let rest = next() * items.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, item] of items) {
        rest -= weight;
        if (rest < 0) return item;
      }
      throw new RangeError("There is nothing to choose from.");
    },
  };
}

/** Spreads every bit of a 32-bit number over all of them (the finisher of MurmurHash3). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
