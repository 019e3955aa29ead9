import type { Gateway } from "./gateway.ts";
import { openObjectDatabase } from "./object-database.ts";

export type TaskRow = { status: string; attempt: number };

const FIND = "SELECT status, attempt FROM tasks WHERE id = ?";

/** A task wherever it is: in the object until the record has it, then in the record. */
export async function taskRow({ stateDir, database }: Gateway, id: string): Promise<TaskRow | undefined> {
  const object = await openObjectDatabase(stateDir, { readonly: true });
  try {
    const row = object?.prepare<[string], TaskRow>(`${FIND} AND told = 0`).get(id);
    if (row) return row;
  } finally {
    object?.close();
  }
  return (await database.prepare(FIND).bind(id).first<TaskRow>()) ?? undefined;
}
