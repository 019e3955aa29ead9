import { ApiError } from "./api-error.ts";
import { MAX_NAME_CHARACTERS } from "./json.ts";

/** The vendor takes as much in a request. A longer body is longer than that there, too, but for white space and escapes. */
export const MAX_JSON_BYTES = 10 * 1024 * 1024;

/**
 * The refusal of JSON that is longer than what the vendor takes, with the name of the member that most of it is.
 * @param json undefined: it could not be parsed
 */
export function longerThanVendorTakes(json?: unknown): ApiError {
  const msg = `The vendor takes ${MAX_JSON_BYTES} bytes (10 MB) a request, and files of 7 MB within it, before Base64. Send files as URLs.`;
  const field = largestMember(json);
  if (field === undefined) return new ApiError("payload_too_large", msg);
  const problems = [{ loc: ["body", field], msg, type: "too_big" }];
  return new ApiError("payload_too_large", `${field}: ${msg}`, { problems });
}

function largestMember(json: unknown): string | undefined {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return undefined;
  const lengths = Object.entries(json).map(([name, value]) => ({ name, length: textLength(value) }));
  return lengths.toSorted((a, b) => b.length - a.length)[0]?.name.slice(0, MAX_NAME_CHARACTERS);
}

/** How many characters of text a value holds, about. */
function textLength(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value === null || typeof value !== "object") return 1;
  return Object.values(value).reduce((sum: number, member) => sum + textLength(member), 0);
}
