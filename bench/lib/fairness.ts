/**
 * Jain's index of fairness: 1 when all got the same, 1/n when one of n got everything.
 * @throws {RangeError} without shares; NaN when nobody got anything
 */
export function jainIndex(shares: readonly number[]): number {
  if (shares.length === 0) throw new RangeError("There is nobody to share");
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share ** 2, 0);
  return sum ** 2 / (shares.length * squares);
}
