import { COMMON_RULES, FAMILIES } from "./families.ts";
import { kindOf, NEWEST_LIST, newestDate, oldestDate, sourcesOf, type SourceTag } from "./sources.ts";
import {
  type Allowed,
  type CatalogueModel,
  type Combination,
  type Constraint,
  type Media,
  type Mode,
  type RuleName,
  RULES,
  type Rules,
  type Standing,
  type Statement,
  type Version,
} from "./types.ts";

/** A statement about a version, and whether it is about no other. */
export type Spoken = {
  by: readonly SourceTag[];
  says: Allowed;
  modes: readonly Mode[] | undefined;
  noEffect: boolean;
  specific: boolean;
};

/** One version of one model with all that is said of it, the statement that counts most first. */
export type Model = {
  name: string;
  version: string;
  media: Media;
  named: readonly SourceTag[];
  statements: ReadonlyMap<RuleName, readonly Spoken[]>;
  combinations: readonly Combination[];
};

const MODELS: readonly Model[] = FAMILIES.flatMap(({ name, media, rules, versions }) =>
  Object.entries(versions).map(([version, own]) => {
    const general = own.apart ? [COMMON_RULES[media]] : [rules, COMMON_RULES[media]];
    const combinations = [own, ...general].flatMap((part) => part.combinations ?? []);
    return { name, version, media, named: own.named, statements: gather(own, general), combinations };
  }),
);

const BY_KEY = new Map(MODELS.map((model) => [keyOf(model.media, model.name, model.version), model]));

export const allModels = (): readonly Model[] => MODELS;

/** By the vendor's own spelling. */
export const findModel = (media: Media, name: string, version: string): Model | undefined =>
  BY_KEY.get(keyOf(media, name, version));

export const isKnownModel = (media: Media, name: string, version: string): boolean =>
  findModel(media, name, version) !== undefined;

function keyOf(media: Media, name: string, version: string): string {
  return `${media}/${name}/${version}`;
}

function gather(own: Version, general: readonly Rules[]): Map<RuleName, Spoken[]> {
  const found = new Map<RuleName, Spoken[]>();
  for (const rule of RULES) {
    const statements = [
      ...(own[rule] ?? []).map((statement) => spoken(statement, statement.by, true)),
      ...general
        .flatMap((rules) => rules[rule] ?? [])
        .map((statement) => spoken(statement, namingOnly(statement.by, own), false)),
    ].filter(({ by }) => by.length > 0);
    if (statements.length > 0) found.set(rule, statements.toSorted(byWeight));
  }
  return found;
}

function spoken({ says, modes, noEffect }: Statement, by: readonly SourceTag[], specific: boolean): Spoken {
  return { by, says, modes, noEffect: noEffect ?? false, specific };
}

/** What a source says of a whole family it says of the versions it names, not of one that came later. */
function namingOnly(by: readonly SourceTag[], version: Version): SourceTag[] {
  return by.filter((tag) => version.named.includes(tag));
}

/** What is said of the version before what is said of the family; then the newer. */
function byWeight(a: Spoken, b: Spoken): number {
  if (a.specific !== b.specific) return a.specific ? -1 : 1;
  const [dateA, dateB] = [newestDate(a.by), newestDate(b.by)];
  return Number(dateA < dateB) - Number(dateA > dateB);
}

/** The statements of a rule that speak of this way of asking, the weightiest first. */
export function statementsOf(model: Model, rule: RuleName, mode?: Mode): readonly Spoken[] {
  const all = model.statements.get(rule) ?? [];
  return mode === undefined ? all : all.filter(({ modes }) => modes?.includes(mode) ?? true);
}

let described: readonly CatalogueModel[] | undefined;

/** Every version of every model in the catalogue, described for readers; built once. */
export function catalogueModels(): readonly CatalogueModel[] {
  described ??= MODELS.map(describe);
  return described;
}

function describe(model: Model): CatalogueModel {
  const constraints: { [Rule in RuleName]?: Constraint } = {};
  for (const [rule, statements] of model.statements) {
    const [first] = statements;
    if (!first) continue;
    constraints[rule] = { allowed: first.says, statements: statements.map(describeStatement) };
  }
  return {
    name: model.name,
    version: model.version,
    media: model.media,
    standing: standingOf(model.named),
    firstNamed: oldestDate(model.named),
    constraints,
    combinations: model.combinations.map(({ message, by }) => ({ message, sources: sourcesOf(by) })),
    namedBy: sourcesOf(model.named),
  };
}

function describeStatement({ says, modes, by }: Spoken): Constraint["statements"][number] {
  return { allowed: says, ...(modes && { modes }), sources: sourcesOf(by) };
}

function standingOf(named: readonly SourceTag[]): Standing {
  if (named.includes(NEWEST_LIST)) return "listed";
  return named.some((tag) => kindOf(tag) === "earlier" || kindOf(tag) === "current") ? "formerly_listed" : "unlisted";
}
