/* Where values stand in bodies, and the places that the API description names. */

type Json = Record<string, unknown>;

/** Where a value stands in a body. */
export type Place = (string | number)[];

export type Schema = { properties?: Record<string, Schema>; items?: Schema; anyOf?: Schema[]; allOf?: Schema[] };

export type ApiDescription = {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
};

/** The places of all fields of a route's JSON body. */
export function fieldsIn(description: ApiDescription, path: string, method = "post"): Place[] {
  const schema = description.paths[path]?.[method]?.requestBody?.content["application/json"]?.schema;
  return schema ? placesIn(schema) : [];
}

function placesIn(schema: Schema, start: Place = []): Place[] {
  const places: Place[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const place = [...start, name];
    places.push(place, ...placesIn(field, place));
  }
  if (schema.items) places.push(...placesIn(schema.items, [...start, 0]));
  for (const choice of [...(schema.anyOf ?? []), ...(schema.allOf ?? [])]) places.push(...placesIn(choice, start));
  return places;
}

/** A copy of a body with another value at a place. */
export function put(body: unknown, [step, ...rest]: Place, value: unknown): unknown {
  if (step === undefined) return value;
  if (typeof step === "number") return [put({}, rest, value)];
  const members = body !== null && typeof body === "object" && !Array.isArray(body) ? (body as Json) : {};
  return { ...members, [step]: put(members[step] ?? {}, rest, value) };
}
