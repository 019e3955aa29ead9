import type { SdkTypes } from "./sdk-types.ts";

/** As much of JSON Schema as zod writes. */
export type JsonSchema = {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
};

/** Something that the SDK has and the schema has not, or has otherwise. */
export type Difference = { place: string; says: string };

/** The words of JSON Schema that take what the SDK's word means. */
const WORDS: Record<string, readonly string[]> = {
  string: ["string"],
  number: ["number", "integer"],
  boolean: ["boolean"],
};

/**
 * Holds a structure of the SDK against a schema, member by member, into lists and structures within it.
 * @param except members that have another place, by name
 */
export function compareStructure(
  types: SdkTypes,
  name: string,
  schema: JsonSchema,
  options: { place?: string; except?: readonly string[] } = {},
): Difference[] {
  const { place = name, except = [] } = options;
  const members = types.get(name);
  if (!members) return [{ place, says: `the SDK has no structure ${name}` }];
  const properties = Object.assign({}, ...alternatives(schema).map((one) => one.properties ?? {})) as Record<
    string,
    JsonSchema
  >;
  return [...members]
    .filter(([member]) => !except.includes(member))
    .flatMap(([member, { type }]) => {
      const at = `${place}.${member}`;
      const found = properties[member];
      if (!found) return [{ place: at, says: `missing; the SDK has ${type}` }];
      return compareType(types, type, found, at);
    });
}

function compareType(types: SdkTypes, type: string, schema: JsonSchema, place: string): Difference[] {
  const otherwise = [
    { place, says: `the SDK has ${type}, the schema takes ${wordsOf(schema).join(", ") || "anything"}` },
  ];
  const item = /^Array<(\w+)>$/.exec(type)?.[1];
  if (item !== undefined) {
    const lists = alternatives(schema).flatMap(({ items }) => (items ? [items] : []));
    if (lists.length === 0) return otherwise;
    return compareType(types, item, { anyOf: lists }, `${place}[]`);
  }
  const words = WORDS[type];
  if (words) return wordsOf(schema).some((word) => words.includes(word)) ? [] : otherwise;
  if (!wordsOf(schema).includes("object")) return otherwise;
  return compareStructure(types, type, schema, { place });
}

/** A schema's alternatives, those within alternatives too. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  const nested = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...nested.flatMap(alternatives)];
}

function wordsOf(schema: JsonSchema): string[] {
  const words = alternatives(schema).flatMap((one) => {
    if (one.type !== undefined) return one.type;
    const values = one.enum ?? ("const" in one ? [one.const] : []);
    return values.map((value) => typeof value);
  });
  return [...new Set(words)].filter((word) => word !== "null");
}
