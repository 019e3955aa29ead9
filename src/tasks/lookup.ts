import { DispatcherUnavailableError } from "./contract.ts";

/**
 * Asks the object, then the record, one after the other: a task moves from the one to the other, so asked at once, or the
 * other way round, both could miss it. What the record has stands even while the object cannot be asked; without that,
 * nobody can say that a task is not there.
 * @returns undefined when neither has it
 * @throws {DispatcherUnavailableError} when the object cannot be asked and the record does not have it
 * @throws {StoreUnavailableError} when the object does not have it and the record cannot be asked
 */
export async function inObjectThenRecord<T>(
  inObject: () => Promise<T | undefined>,
  inRecord: () => Promise<T | null | undefined>,
): Promise<T | undefined> {
  let away: DispatcherUnavailableError | undefined;
  try {
    const found = await inObject();
    if (found !== undefined) return found;
  } catch (error) {
    if (!(error instanceof DispatcherUnavailableError)) throw error;
    away = error;
  }
  const recorded = await inRecord();
  if (recorded == null && away) throw away;
  return recorded ?? undefined;
}
