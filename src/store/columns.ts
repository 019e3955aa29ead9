import type { TaskStatusRow, ToldTask } from "../tasks/contract.ts";

/** The kinds of tasks. A task's key in the record begins with owner and kind, so who has only its id looks under each. */
export const ACTIONS = ["CreateAigcVideoTask", "CreateAigcImageTask"] as const;

/** {@link ACTIONS} as a list in SQL. */
export const ANY_ACTION = ACTIONS.map((action) => `'${action}'`).join(", ");

/**
 * Every owner of a task, as the table `owners`: an owner's name leads to the next, so it costs two reads an owner and no
 * index that every task would pay for.
 */
export const EVERY_OWNER = `
  WITH RECURSIVE owners (owner) AS (
    SELECT min(owner) FROM tasks
    UNION ALL
    SELECT (SELECT min(owner) FROM tasks WHERE owner > owners.owner) FROM owners WHERE owner IS NOT NULL
  )`;

const told: Record<keyof ToldTask, true> = {
  id: true,
  owner: true,
  dialect: true,
  action: true,
  model_name: true,
  model_version: true,
  client_model: true,
  status: true,
  attempt: true,
  priority: true,
  session_id: true,
  session_context: true,
  parent_id: true,
  outline: true,
  vendor_task_id: true,
  error_code: true,
  error_message: true,
  history: true,
  created_at: true,
  submitted_at: true,
  finished_at: true,
  deleted_at: true,
  result: true,
  rev: true,
  request: true,
};

/** Columns of `tasks`: all, of a `TaskRow`, of a `TaskStatusRow`, of a {@link TaskSummary}. */
export const TOLD_COLUMNS = Object.keys(told) as (keyof ToldTask)[];
export const ROW_COLUMNS = without(TOLD_COLUMNS, "rev", "request");
export const STATUS_COLUMNS = without(ROW_COLUMNS, "result");
export const SUMMARY_COLUMNS = without(STATUS_COLUMNS, "attempt", "vendor_task_id", "history");

function without(columns: (keyof ToldTask)[], ...omitted: (keyof ToldTask)[]): (keyof ToldTask)[] {
  return columns.filter((name) => !omitted.includes(name));
}

/** A task as a list shows it. */
export type TaskSummary = Omit<TaskStatusRow, "attempt" | "vendor_task_id" | "history">;
