import * as z from "zod";

/** Where the faulty Worker takes what is to go wrong, and shows what it holds. The gateway has no such path. */
export const TROUBLE_PATH = "/_faults";

const milliseconds = z.number().min(0);
const calls = z.number().min(0);

/** What goes wrong with the record (D1), the files (R2) or the dispatcher's object. */
export const trouble = z.discriminatedUnion("kind", [
  /** Every statement fails for so long: at once, or after it has hung. */
  z.object({ kind: z.literal("record_away"), forMs: milliseconds, hang: z.boolean() }),
  /** The next calls fail: executed or not. */
  z.object({ kind: z.literal("record_breaks"), calls, executed: z.boolean() }),
  /** The next batches are executed so much later, whoever has given up waiting by then. */
  z.object({ kind: z.literal("record_late"), calls, delayMs: milliseconds }),
  z.object({ kind: z.literal("files_away"), forMs: milliseconds }),
  /** The next calls fail after they have been executed; what is read breaks off in the middle. */
  z.object({ kind: z.literal("files_break"), calls }),
  /** Every file counts as old from now on. */
  z.object({ kind: z.literal("files_age") }),
  /** The object ends, and with it all that it was doing; the next call starts it anew. */
  z.object({ kind: z.literal("object_dies") }),
  /** A second life begins while the first does not know that it is over. */
  z.object({ kind: z.literal("second_life") }),
]);
export type Trouble = z.infer<typeof trouble>;

const recordRow = z.object({
  id: z.string(),
  owner: z.string(),
  action: z.string(),
  model_name: z.string(),
  status: z.string(),
  error_code: z.string().nullable(),
  result: z.string().nullable(),
  outline: z.string().nullable(),
  request: z.string().nullable(),
  vendor_task_id: z.string().nullable(),
  finished_at: z.number(),
  deleted_at: z.number().nullable(),
});
const hourlyRow = z.object({
  hour: z.number(),
  owner: z.string(),
  action: z.string(),
  model_name: z.string(),
  status: z.string(),
  tasks: z.number(),
});

/** What the stores behind the gateway hold. */
export const holdings = z.object({
  record: z.array(recordRow),
  hourly: z.array(hourlyRow),
  /** Keys of files. */
  files: z.array(z.string()),
  /** Rows of the object that are unfinished, or that the record is still to be told of. */
  untold: z.array(z.object({ id: z.string(), status: z.string() })),
  /** Rows of the object that only keep a name. */
  told: z.number(),
  /** How often the object's class was constructed since the process began, second lives included. */
  lives: z.number(),
});
export type Holdings = z.infer<typeof holdings>;
