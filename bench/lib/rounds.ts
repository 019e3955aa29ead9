/**
 * Measures each subject once in every round, so that whatever disturbs the machine disturbs all of them: A, B, C, A, B, C.
 * The order is turned by one place each round, so that nobody always comes behind the same neighbour.
 * @returns each subject's figures, one for each round
 */
export async function interleaved<Name extends string, Figures>(
  names: readonly Name[],
  rounds: number,
  measure: (name: Name, round: number) => Promise<Figures>,
): Promise<Record<Name, Figures[]>> {
  const figures = Object.fromEntries(names.map((name) => [name, [] as Figures[]])) as Record<Name, Figures[]>;
  for (let round = 0; round < rounds; round++) {
    const turn = round % names.length;
    for (const name of [...names.slice(turn), ...names.slice(0, turn)]) {
      figures[name].push(await measure(name, round));
    }
  }
  return figures;
}
