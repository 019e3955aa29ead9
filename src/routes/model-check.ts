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

/**
 * Holds a request against the model catalogue, before anything is paid.
 * @returns what may go wrong; also told in the header `x-reelgate-warnings`, for dialects whose answer has no room
 * @throws {ApiError} `validation_error` for what no source calls possible; with MODEL_POLICY=strict for every doubt
 */
export function checkModel(
  c: Context<AppEnv>,
  draft: { action: CreateAction; request: VendorRequest; locate?: Locate | undefined },
): Problem[] {
  const strict = c.get("services").config.modelPolicy === "strict";
  const locate = draft.locate ?? locateSnakeCase;
  const findings = checkRequest(draft.action, draft.request);
  const refused = findings.filter(({ kind }) => strict || kind === "impossible");
  if (refused.length > 0) rejectInvalid(refused.map((finding) => problemOf(finding, locate)));
  const warnings = findings.map((finding) => problemOf(finding, locate));
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
