import { v7 } from "uuid";
import type { Deps } from "../deps.ts";

/** Ids from before this moment carry random bits where the number of the cell now stands. */
export const CELL_IDS_SINCE_MS = Date.UTC(2026, 10, 21);

/** Where an id keeps its cell: the eight bits before the variant, `xxxxxxxx-xxxx-7xCC-…`. */
const CELL_AT = 16;
const CELL_END = 18;
/** Where it keeps its time of creation. */
const TIME_HEX_DIGITS = 12;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID_RANDOM_BYTES = 16;

/**
 * A new `request_id`: UUIDv7, so that the order of ids is the order of creation.
 * @param cell 0 to 255: the number of the object that holds the task
 */
export function newTaskId(deps: Pick<Deps, "random">, now: number, cell = 0): string {
  const id = v7({ msecs: now, random: deps.random(UUID_RANDOM_BYTES) });
  return id.slice(0, CELL_AT) + cell.toString(16).padStart(CELL_END - CELL_AT, "0") + id.slice(CELL_END);
}

/** The number of the object that holds a task, by its id. */
export function cellOf(id: string): number {
  const createdAt = Number.parseInt(id.replace("-", "").slice(0, TIME_HEX_DIGITS), 16);
  return createdAt < CELL_IDS_SINCE_MS ? 0 : Number.parseInt(id.slice(CELL_AT, CELL_END), 16);
}

export function isTaskId(text: string): boolean {
  return UUID.test(text);
}

/** The lowest id a task created at `ms` can have: turns a range of time into a range of ids. */
export function lowestIdAt(ms: number): string {
  const hex = Math.min(Math.max(0, Math.floor(ms)), 0xffff_ffff_ffff)
    .toString(16)
    .padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Above every id. */
export const HIGHEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";
