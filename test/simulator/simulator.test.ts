import { describe, expect, it } from "vitest";
import { Core } from "../../src/dispatcher/core.ts";
import { MUTANTS } from "./mutant-list.ts";
import { runSeeds } from "./pool.ts";
import { type Outcome, simulate } from "./world.ts";

const SEEDS = 200;
const TIMEOUT_MS = 120_000;
const CORE = new URL("../../src/dispatcher/core.ts", import.meta.url).href;

const complaint = ({ seed, violation }: Outcome) =>
  `seed ${seed}: ${violation?.rule}: ${violation?.id ?? ""} ${violation?.text}`;

describe("the simulator (npm run simulate)", () => {
  it(
    `finds nothing in ${SEEDS} worlds`,
    async () => {
      const outcomes = await runSeeds({ from: 1, seeds: SEEDS, core: CORE, isEnough: () => false });
      expect(outcomes.filter(({ violation }) => violation).map(complaint)).toEqual([]);
      expect(outcomes).toHaveLength(SEEDS);
      expect(outcomes.reduce((sum, { paid }) => sum + paid, 0)).toBeGreaterThan(SEEDS);
    },
    TIMEOUT_MS,
  );

  it("runs a seed the same way each time", () => {
    const lines = () => {
      const trace: string[] = [];
      simulate({ seed: 11, CoreClass: Core, onTrace: (line) => void trace.push(line) });
      return trace;
    };
    expect(lines()).toEqual(lines());
  });

  it("has a mutant for each fault that was found once", () => {
    expect(MUTANTS.map(({ name }) => name)).toEqual([
      ...Array.from({ length: 9 }, (_, index) => `M${index + 1}`),
      ...Array.from({ length: 12 }, (_, index) => `L${index + 1}`),
    ]);
  });
});
