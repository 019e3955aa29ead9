import type { $ZodError, $ZodIssue } from "zod/v4/core";
import { ApiError, type Problem } from "./api-error.ts";

/** Kinds as FastAPI's clients know them, because that is what fal's `fieldErrors` look like. */
const KINDS: Partial<Record<$ZodIssue["code"], string>> = {
  invalid_value: "enum",
  invalid_type: "type_error",
  invalid_union: "type_error",
  unrecognized_keys: "extra_forbidden",
  custom: "value_error",
};

/** Says what is wrong in zod's findings, each with its place. `part` is the part of the request: body, query, path. */
export function problemsOf(error: $ZodError, part: string): Problem[] {
  return error.issues.map(mostSpecific).map((issue) => {
    // zod leaves the input out of its issues; its wording is where "not there" and "of another type" differ.
    const missing = issue.code === "invalid_type" && /received (undefined|null)$/.test(issue.message);
    return {
      loc: [part, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))],
      msg: missing ? "This field is required." : issue.message,
      type: missing ? "missing" : (KINDS[issue.code] ?? issue.code),
    };
  });
}

/** zod's own word for a union that nothing fits; ours say more. */
const NO_ALTERNATIVE_FITS = "Invalid input";

/** Of a union that nothing fits, what is wrong with the alternative that fits best: the one that failed deepest, else the last. */
function mostSpecific(issue: $ZodIssue): $ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const nested = issue.errors.flat().map((inner) => mostSpecific(inner));
  const best = nested.toReversed().toSorted((a, b) => b.path.length - a.path.length)[0];
  const says = best && (best.path.length > 0 || issue.message === NO_ALTERNATIVE_FITS);
  return says ? { ...best, path: [...issue.path, ...best.path] } : issue;
}

/** Enough for anybody to see what is wrong; more would let a small request make a large answer. */
const MAX_PROBLEMS_SHOWN = 100;

/** @throws {ApiError} `validation_error` with the first hundred problems; the message names the first. */
export function rejectInvalid(problems: Problem[]): never {
  const [first] = problems;
  const where = first ? first.loc.slice(1).join(".") || String(first.loc[0]) : "body";
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  throw new ApiError("validation_error", `${where}: ${first?.msg ?? "invalid"}${more}`, {
    problems: problems.slice(0, MAX_PROBLEMS_SHOWN),
  });
}
