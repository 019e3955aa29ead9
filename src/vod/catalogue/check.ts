import { type CreateAction, mediaOf, type VendorRequest } from "../requests.ts";
import { type Facts, factsOf, holds, type Question } from "./facts.ts";
import { checkLimits } from "./limits.ts";
import { sentence } from "./messages.ts";
import { findModel, type Model, type Spoken, statementsOf } from "./models.ts";
import { kindOf, sourcesOf, type SourceTag } from "./sources.ts";
import type { Allowed, Combination, Finding, RuleName } from "./types.ts";
import { unknownModel } from "./unknown.ts";
import { includesValue, isRange, linesOf, nearestValue } from "./values.ts";

/**
 * Holds a request against all that is known of its model. Empty: nothing speaks against it. Of an unknown model only
 * the limits that hold for every model are checked.
 */
export function checkRequest(action: CreateAction, request: VendorRequest): Finding[] {
  const media = mediaOf(action);
  const limits = checkLimits(media, request);
  const model = findModel(media, request.ModelName, request.ModelVersion);
  if (!model) return [unknownModel(media, request), ...limits];
  const facts = factsOf(media, request);
  const answers = facts.questions.map((question) => judge(model, question, facts));
  const combined = model.combinations.filter(({ when }) => holds(when, facts));
  return [
    ...answers.filter((finding) => finding !== undefined),
    ...combined.map((combination) => forbid(model, combination, facts)),
    ...limits,
  ];
}

const subjectOf = ({ name, version }: Model) => `${name} ${version}`;

/** What the sources together say of one thing that was asked. The first to speak of it rules; the others may doubt it. */
function judge(model: Model, { rule, path, value }: Question, facts: Facts): Finding | undefined {
  const statements = statementsOf(model, rule, facts.mode);
  const [ruling] = statements;
  const allows = ({ says }: Spoken) => permits(rule, says, value);
  if (!ruling || allows(ruling)) return undefined;
  const excluding = statements.filter((statement) => !allows(statement));
  const refusing = excluding.filter(({ noEffect }) => !noEffect).flatMap(({ by }) => by);
  const disputed = excluding.length < statements.length || isEnlarged(rule, ruling.says, value, facts);
  const alternative = ALTERNATIVES[rule];
  const possible = alternative === undefined ? ruling.says : [alternative];
  const allowed = MEMBER_RULES.has(rule) ? undefined : listed(possible);
  const nearest = allowed && (alternative ?? nearestValue(possible, value));
  return {
    kind: disputed || !isFirm(refusing) ? "doubtful" : "impossible",
    path,
    message: sentence(rule, subjectOf(model), ruling.says, value, facts.media),
    ...(allowed && { allowed }),
    ...(nearest !== undefined && { nearest }),
    sources: sourcesOf(excluding.flatMap(({ by }) => by)),
  };
}

/** A rule of needs lists what must be there; its question names what is not. All others list what may be. */
function permits(rule: RuleName, says: Allowed, value: Question["value"]): boolean {
  return rule === "subjectNeeds" ? !includesValue(says, value) : includesValue(says, value);
}

/** Their values are names of members, nothing that could be written at the place of the finding. */
const MEMBER_RULES: ReadonlySet<RuleName> = new Set(["subjectNeeds", "subjectMembers"]);

/** What to write instead, where the answer is no. */
const ALTERNATIVES: { readonly [Rule in RuleName]?: string } = {
  audio: "Disabled",
  firstFrame: "Reference",
  references: "FirstFrame",
};

/**
 * Whether sources are firm enough to call impossible what nobody allows. What the vendor says now or answered is. A text
 * that it has since published without the sentence, or somebody else's word, is not alone; one may confirm the other.
 */
function isFirm(tags: readonly SourceTag[]): boolean {
  const kinds = new Set(tags.map(kindOf));
  return kinds.has("current") || kinds.has("observed") || (kinds.has("earlier") && kinds.has("third_party"));
}

/** The vendor enlarges a video to a size beyond the model's own, unless that is switched off. */
function isEnlarged(rule: RuleName, says: Allowed, value: Question["value"], facts: Facts): boolean {
  if (rule !== "resolutions" || facts.media !== "video" || typeof value !== "string") return false;
  const lines = linesOf(value);
  if (lines === undefined || facts.request.OutputConfig?.EnhanceSwitch === "Disabled") return false;
  const own = Array.isArray(says) ? says.map((size) => linesOf(String(size)) ?? Infinity) : [];
  return own.length > 0 && own.every((one) => one < lines);
}

function listed(says: Allowed): Finding["allowed"] | undefined {
  if (typeof says === "boolean") return undefined;
  return isRange(says) ? { min: says.min, max: says.max } : says;
}

function forbid(model: Model, combination: Combination, facts: Facts): Finding {
  const { at, message, allowed, nearest, by, against } = combination;
  return {
    kind: against || !isFirm(by) ? "doubtful" : "impossible",
    path: at === "lastFrame" ? (facts.lastFrame ?? []) : [...at],
    message: `${subjectOf(model)} ${message}`,
    ...(allowed && { allowed }),
    ...(nearest !== undefined && { nearest }),
    sources: sourcesOf(by),
  };
}
