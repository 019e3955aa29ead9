import type { Context } from "hono";
import type { Problem } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { rejectInvalid } from "../http/problems.ts";
import { checkRequest, type Finding } from "../vod/catalogue/index.ts";
import { toSnake } from "../vod/names.ts";
import type { CreateAction, VendorRequest } from "../vod/requests.ts";

/** A member of the vendor's request as its place in a client's: `["OutputConfig", "Duration"]` → `["body", "seconds"]`. */
export type Locate = (path: Finding["path"]) => Problem["loc"];

/** Where the client writes the vendor's own names in snake case. */
export const locateSnakeCase: Locate = (path) => [
  "body",
  ...path.map((step) => (typeof step === "string" ? toSnake(step) : step)),
];

/** A header is read by few and copied by many: enough of them to act upon. */
const MAX_WARNINGS_IN_HEADER = 5;
export const WARNINGS_HEADER = "x-reelgate-warnings";

/** A small request must not make a large answer. */
const MAX_WARNINGS = 100;

/** What no policy lets through: it rests on no text about a model. */
const LIMIT: Finding["kind"] = "limit";

/**
 * Holds a request against the model catalogue, before anything is paid. What is said of a model may be old or wrong, so
 * it only warns, unless the operator would rather refuse.
 * @param draft.doubts what the dialect itself has left out, or doubts
 * @returns what may go wrong
 * @throws {ApiError} `validation_error` beyond a limit that every model has; with MODEL_POLICY=strict for every doubt
 */
export function checkModel(
  c: Context<AppEnv>,
  draft: {
    action: CreateAction;
    request: VendorRequest;
    doubts?: readonly Problem[] | undefined;
    locate?: Locate | undefined;
  },
): Problem[] {
  const strict = c.get("services").config.modelPolicy === "strict";
  const locate = draft.locate ?? locateSnakeCase;
  const findings = checkRequest(draft.action, draft.request);
  const found = [...(draft.doubts ?? []), ...findings.map((finding) => problemOf(finding, locate))];
  const refused = found.filter(({ type }) => strict || type === LIMIT);
  if (refused.length > 0) rejectInvalid(refused);
  return found;
}

/** Tells warnings in the header `x-reelgate-warnings`, for dialects whose answer has no room. @returns those told */
export function warn(c: Context<AppEnv>, found: readonly Problem[]): Problem[] {
  const warnings = found.slice(0, MAX_WARNINGS);
  if (warnings.length > 0) c.header(WARNINGS_HEADER, headerText(warnings.slice(0, MAX_WARNINGS_IN_HEADER)));
  return warnings;
}

function problemOf({ kind, path, message, allowed, nearest, sources }: Finding, locate: Locate): Problem {
  return {
    loc: locate(path),
    msg: message,
    type: kind,
    ctx: { ...(allowed !== undefined && { allowed }), ...(nearest !== undefined && { nearest }), sources },
  };
}

/** JSON in ASCII, which is all that a header carries. */
function headerText(warnings: Problem[]): string {
  const short = warnings.map(({ loc, msg, type }) => ({ loc, msg, type }));
  return JSON.stringify(short).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
