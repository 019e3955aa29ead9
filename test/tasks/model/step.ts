/* A step of the model: something happens, and then the books must agree. */
import * as fc from "fast-check";
import { checkBooks } from "./checks.ts";
import type { World } from "./world.ts";

export type Model = Record<string, never>;

export class Step implements fc.AsyncCommand<Model, World> {
  private readonly name: string;
  private readonly work: (world: World) => Promise<unknown> | void;

  constructor(name: string, work: (world: World) => Promise<unknown> | void) {
    this.name = name;
    this.work = work;
  }

  check = () => true;

  async run(_: Model, world: World): Promise<void> {
    // No two steps at the same millisecond: ids tell the order of arrival.
    world.nowMs += 1;
    await this.work(world);
    await world.quiet();
    await checkBooks(world);
  }

  toString = () => this.name;
}

export const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % Math.max(1, items.length)];
export const any = fc.nat({ max: 11 });

export function step<T>(
  arbitrary: fc.Arbitrary<T>,
  name: string,
  work: (world: World, input: T) => Promise<unknown> | void,
) {
  return arbitrary.map((input) => new Step(`${name} ${JSON.stringify(input)}`, (world) => work(world, input)));
}
