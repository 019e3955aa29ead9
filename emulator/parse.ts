import type * as z from "zod";
import { VendorError } from "./errors.ts";

/** A zod refinement names the vendor's code by `params: { code }`. */
type Issue = z.core.$ZodIssue;

/** The vendor looks for unknown members first, then for missing ones, then at types, then at values. */
const RANKED_CODES = ["UnknownParameter", "MissingParameter", "InvalidParameter"];

/**
 * Parses a request body; the first problem by the vendor's order becomes its error.
 * @throws VendorError
 */
export function parseRequest<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => problem(issue, body)).toSorted((a, b) => rank(a) - rank(b));
  throw problems[0] ?? new VendorError("InvalidParameter", "The request is invalid.");
}

function rank(error: VendorError): number {
  const index = RANKED_CODES.indexOf(error.code);
  return index === -1 ? RANKED_CODES.length : index;
}

function problem(issue: Issue, body: unknown): VendorError {
  if (issue.code === "unrecognized_keys") {
    const path = pathText([...issue.path, issue.keys[0] ?? ""]);
    return new VendorError("UnknownParameter", `The parameter \`${path}\` is not recognized.`);
  }
  const path = pathText(issue.path);
  const value = valueAt(body, issue.path);
  if (value === undefined && issue.code !== "custom")
    return new VendorError("MissingParameter", `The request is missing a required parameter \`${path}\`.`);
  const message = `The value of the parameter \`${path}\` is invalid: ${issue.message}.`;
  return new VendorError(codeOf(issue, value), message);
}

function codeOf(issue: Issue, value: unknown): string {
  if (issue.code === "custom" && typeof issue.params?.["code"] === "string") return issue.params["code"];
  if (issue.code === "invalid_type") return "InvalidParameter";
  // An enumeration reports a number the same way as a wrong word.
  if (issue.code === "invalid_value" && typeof value !== "string") return "InvalidParameter";
  return "InvalidParameterValue";
}

/** The vendor's spelling: `FileInfos.0.Type`. */
function pathText(path: PropertyKey[]): string {
  return path.map(String).join(".");
}

function valueAt(body: unknown, path: PropertyKey[]): unknown {
  let value = body;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
