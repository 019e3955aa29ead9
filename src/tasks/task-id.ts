import { v7 } from "uuid";
import type { Deps } from "../deps.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID_RANDOM_BYTES = 16;

/** A new `request_id`: UUIDv7, so that the order of ids is the order of creation. */
export function newTaskId(deps: Deps, now: number): string {
  return v7({ msecs: now, random: deps.random(UUID_RANDOM_BYTES) });
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
