import * as z from "zod";
import { problemsOf, rejectInvalid } from "../../http/problems.ts";
import { integer, numeric } from "../../http/fields.ts";
import { vendorRequest } from "../../vod/requests.ts";
import {
  atMost,
  formatText,
  lacksContent,
  MEDIA_NAME_MAX_CHARACTERS,
  modelText,
  SESSION_CONTEXT_MAX_CHARACTERS,
  SESSION_ID_MAX_CHARACTERS,
  tasksPriority,
  versionText,
  withoutEmpty,
} from "../vendor-fields.ts";
import { tencentError } from "./errors.ts";

const text = z.string();

/** The vendor's own bodies, with numbers also as strings, as its documents write them (seed 004: `"TasksPriority": "10"`). */
export const createBody = vendorRequest.extend({
  SubAppId: integer.optional(),
  ModelName: modelText,
  ModelVersion: versionText,
  OutputConfig: vendorRequest.shape.OutputConfig.unwrap()
    .extend({
      MediaName: atMost(MEDIA_NAME_MAX_CHARACTERS).optional(),
      ClassId: integer.optional(),
      Duration: numeric.optional(),
      Resolution: formatText.optional(),
      AspectRatio: formatText.optional(),
      OutputImageCount: integer.optional(),
    })
    .optional(),
  Seed: integer.optional(),
  SessionId: text.optional(),
  SessionContext: text.optional(),
  TasksPriority: tasksPriority.optional(),
});

export type CreateBody = z.infer<typeof createBody>;

export const describeBody = z.looseObject({ TaskId: text.min(1), SubAppId: integer.optional() });

const CREATE_MEMBERS = membersOf(createBody.shape);
const DESCRIBE_MEMBERS = membersOf(describeBody.shape);

/** Kinds of problems in the order the vendor looks for them. */
const RANKED_TYPES = ["missing", "type_error"];

const TOO_LONG = [
  ["SessionId", SESSION_ID_MAX_CHARACTERS],
  ["SessionContext", SESSION_CONTEXT_MAX_CHARACTERS],
] as const;

/**
 * The body of a create call. `null` and `""` read as absent, as at the vendor.
 * @throws {ApiError} in the vendor's order: unknown members, missing ones, types, values
 */
export function parseCreate(json: unknown, subAppId: number): CreateBody {
  const body = parse(createBody, CREATE_MEMBERS, json, subAppId);
  if (lacksContent(body.Prompt, [body.FileInfos, body.SubjectInfos, body.SceneType])) {
    const msg = "This field is required (it may be left out only with FileInfos, SubjectInfos or SceneType).";
    rejectInvalid([{ loc: ["body", "Prompt"], msg, type: "missing" }]);
  }
  for (const [name, max] of TOO_LONG) {
    if (!atMost(max).safeParse(body[name] ?? "").success)
      throw tencentError(`InvalidParameterValue.${name}TooLong`, `${name}: Use at most ${max} characters.`);
  }
  return body;
}

/** The TaskId of a DescribeTaskDetail. @throws {ApiError} */
export function parseDescribe(json: unknown, subAppId: number): string {
  return parse(describeBody, DESCRIBE_MEMBERS, json, subAppId).TaskId;
}

/** @param members the known ones by their lower-case names */
function parse<Body extends { SubAppId?: number | undefined }>(
  schema: z.ZodType<Body>,
  members: ReadonlyMap<string, string>,
  json: unknown,
  subAppId: number,
): Body {
  if (json === null || typeof json !== "object" || Array.isArray(json))
    throw tencentError("InvalidParameter", "The request body is not a JSON object.");
  refuseOtherSpellings(json, members);
  const parsed = schema.safeParse(withoutEmpty(json));
  if (!parsed.success) {
    const problems = problemsOf(parsed.error, "body");
    return rejectInvalid(problems.toSorted((a, b) => rank(a.type) - rank(b.type)));
  }
  if (parsed.data.SubAppId !== undefined && parsed.data.SubAppId !== subAppId)
    throw tencentError(
      "InvalidParameterValue.SubAppId",
      "SubAppId: This gateway serves another one; it may be left out.",
    );
  return parsed.data;
}

/**
 * Members nobody has told us about go to the vendor as they are. One that differs from a known member only in its
 * letters' case would pass our checks and may be the known one to the vendor.
 */
function refuseOtherSpellings(json: object, members: ReadonlyMap<string, string>): void {
  for (const name of Object.keys(json)) {
    const meant = members.get(name.toLowerCase()) ?? name;
    if (meant !== name) throw tencentError("UnknownParameter", `${name}: Write ${meant}.`);
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name))
      throw tencentError("UnknownParameter", `The parameter \`${name}\` is not recognized.`);
  }
}

function rank(type: string): number {
  const index = RANKED_TYPES.indexOf(type);
  return index === -1 ? RANKED_TYPES.length : index;
}

function membersOf(shape: object): ReadonlyMap<string, string> {
  return new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
}
