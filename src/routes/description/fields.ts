import type { FieldText, FieldTexts } from "./texts.ts";

/** As much of a schema in the document as is looked at here. */
export type FieldSchema = {
  type?: string | string[];
  description?: string;
  properties?: Record<string, FieldSchema>;
  items?: FieldSchema;
  anyOf?: FieldSchema[];
  [other: string]: unknown;
};

/**
 * Writes what `texts` say of each field into a schema that zod has described by its types alone. A field without a text is
 * left as it is: test/openapi.test.ts finds it.
 */
export function describeFields(schema: FieldSchema, texts: FieldTexts, place = ""): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const at = place === "" ? name : `${place}.${name}`;
    const text = texts[at];
    if (text) Object.assign(property, wordsOf(text));
    describeFields(property, texts, at);
  }
  if (schema.items) describeFields(schema.items, texts, place);
  for (const alternative of schema.anyOf ?? []) describeFields(alternative, texts, place);
}

function wordsOf({ text, ...words }: FieldText): FieldSchema {
  return { description: text, ...words };
}

/** The same texts for a schema that writes its names otherwise. */
export function renamed(texts: FieldTexts, rename: (name: string) => string): FieldTexts {
  return Object.fromEntries(
    Object.entries(texts).map(([place, text]) => [place.split(".").map(rename).join("."), text]),
  );
}
