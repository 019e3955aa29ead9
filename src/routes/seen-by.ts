import type { Caller } from "../auth/key-ring.ts";

/** What of a task the vendor said otherwise, in words that are for the operator. */
type WithOriginal<Original> = { original?: Original };

/** A task as this caller may see it: admins read the vendor's own words about the gateway's account. */
export function seenBy<Original extends object, T extends WithOriginal<Original>>({ scopes }: Caller, task: T): T {
  return scopes.has("admin") && task.original ? { ...task, ...task.original } : task;
}
