import { sha256Hex } from "./encoding.ts";

/** What stands for an owner's name of a task (`session_id`, `Idempotency-Key`) where the name itself must not: in hexadecimal. */
export function nameHash(owner: string, name: string): Promise<string> {
  return sha256Hex(JSON.stringify([owner, name]));
}

/** A name whose task's content was removed, as it stays in the rows: the claim holds, what the client wrote is gone. */
export function erasedName(hash: string): string {
  return `sha256:${hash}`;
}
