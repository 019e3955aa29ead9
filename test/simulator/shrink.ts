import { type Outcome, type Plan, simulate } from "./world.ts";

const TRIES_MAX = 400;

export type Shrunk = { plan: Plan; outcome: Outcome; tries: number };

/** The same violation with fewer orders and fewer faults, as few as leaving them out by halves finds. */
export function shrink(failing: Plan, found: Outcome): Shrunk {
  let best: Shrunk = { plan: failing, outcome: found, tries: 0 };
  let tries = 0;
  const attempt = (without: ReadonlySet<number>, masked: ReadonlySet<string>): boolean => {
    if (tries >= TRIES_MAX) return false;
    tries += 1;
    const plan = { ...failing, without, masked };
    const outcome = simulate(plan);
    if (outcome.violation?.rule !== found.violation?.rule) return false;
    best = { plan, outcome, tries };
    return true;
  };
  // oxlint-disable-next-line no-unmodified-loop-condition -- counted where a try is made
  for (let before = -1; before !== size(best) && tries < TRIES_MAX;) {
    before = size(best);
    const orders = Array.from({ length: found.orders }, (_, index) => index + 1);
    leaveOut(
      orders.filter((number) => !best.plan.without?.has(number)),
      (numbers) => attempt(new Set([...(best.plan.without ?? []), ...numbers]), best.plan.masked ?? new Set()),
    );
    leaveOut(best.outcome.struck, (names) =>
      attempt(best.plan.without ?? new Set(), new Set([...(best.plan.masked ?? []), ...names])),
    );
  }
  return { ...best, tries };
}

function size({ plan, outcome }: Shrunk): number {
  return outcome.struck.length + outcome.orders - (plan.without?.size ?? 0);
}

/** Leaves out whatever can be left out: halves first, then ever smaller parts. */
function leaveOut<T>(items: readonly T[], still: (left: readonly T[]) => boolean): void {
  let rest = items;
  for (let part = Math.ceil(rest.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let start = 0; start < rest.length;) {
      const left = rest.slice(start, start + part);
      if (still(left)) rest = rest.filter((item) => !left.includes(item));
      else start += part;
    }
  }
}
