import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { textTable } from "../../scripts/lib/text-table.ts";
import { MUTANTS, type Mutant } from "./mutant-list.ts";
import { runSeeds } from "./pool.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Within the repository, so that a copy finds its packages; it is not checked in. */
const COPIES = path.join(ROOT, ".wrangler/mutants");

type Found = { mutant: Mutant; seed: number | undefined; rule: string; problem?: string };

/**
 * Puts each known fault back into a copy of the code and runs seeds until one of them finds it.
 * @returns the exit code: 1 unless all were found
 */
export async function runMutants(options: {
  say: (line: string) => void;
  seeds: number;
  only: string;
}): Promise<number> {
  const { say, seeds, only } = options;
  const found: Found[] = [];
  for (const mutant of MUTANTS.filter(({ name }) => name.startsWith(only))) {
    const result = await hunt(mutant, seeds);
    say(
      `${mutant.name.padEnd(4)} ${result.problem ?? (result.seed === undefined ? `not found in ${seeds} seeds` : `seed ${result.seed}: ${result.rule}`)}`,
    );
    found.push(result);
  }
  rmSync(COPIES, { recursive: true, force: true });
  say("");
  say(
    textTable(
      found.map(({ mutant, seed, rule, problem }) => ({
        MUTANT: mutant.name,
        "WHAT IS WRONG AGAIN": mutant.what,
        "FOUND AFTER": seed === undefined ? (problem ?? "-") : `${seed}`,
        RULE: rule,
      })),
    ),
  );
  return found.every(({ seed }) => seed !== undefined) ? 0 : 1;
}

async function hunt(mutant: Mutant, seeds: number): Promise<Found> {
  const copy = path.join(COPIES, mutant.name);
  const nothing = { mutant, seed: undefined, rule: "" };
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  cpSync(path.join(ROOT, "src"), path.join(copy, "src"), { recursive: true });
  for (const { file, from, to } of mutant.patches) {
    const target = path.join(copy, "src/dispatcher", file);
    const text = readFileSync(target, "utf8");
    if (!text.includes(from)) return { ...nothing, problem: `${file} no longer has what is to be changed` };
    writeFileSync(
      target,
      text.replace(from, () => to),
    );
  }
  const outcomes = await runSeeds({
    from: 1,
    seeds,
    core: path.join(copy, "src/dispatcher/core.ts"),
    unfenced: mutant.unfenced ?? false,
    isEnough: (some) => some.some(({ violation }) => violation),
  });
  const first = outcomes.find(({ violation }) => violation);
  return first ? { mutant, seed: first.seed, rule: first.violation?.rule ?? "" } : nothing;
}
