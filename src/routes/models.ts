import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { ApiError } from "../http/api-error.ts";
import { requireScope } from "../http/auth.ts";
import { answer, createRouter } from "../http/openapi.ts";
import { type CatalogueModel, catalogueModels, type Constraint, modelId } from "../vod/catalogue/index.ts";
import { toSnake } from "../vod/names.ts";

/** The vendor that runs them all; who trained a model, its name says. */
const OWNER = "tencent-vod";

const model = z.looseObject({
  id: z.string(),
  object: z.literal("model"),
  /** Unix seconds of the day, or the month's first day, on which a source first names the model. */
  created: z.number().int(),
  owned_by: z.string(),
  model_name: z.string(),
  model_version: z.string(),
  /** What it makes; some make both. */
  media: z.array(z.enum(["video", "image"])),
  /** Whether the vendor's newest public list has it. */
  listed: z.boolean(),
  /** By medium: a member for each rule with what is possible, `combinations` that are not, and `sources` of them all. */
  constraints: z.record(z.string(), z.looseObject({})),
});

type ModelEntry = z.infer<typeof model>;

let entries: ReadonlyMap<string, ModelEntry> | undefined;

/** The catalogue by id, built when it is first asked for. */
function catalogue(): ReadonlyMap<string, ModelEntry> {
  entries ??= render();
  return entries;
}

/** One entry for each id: a version that makes videos and images has the constraints of both. */
function render(): Map<string, ModelEntry> {
  const byId = Map.groupBy(catalogueModels(), ({ name, version }) =>
    modelId({ ModelName: name, ModelVersion: version }),
  );
  return new Map(
    [...byId].flatMap(([id, [first, ...others]]) => (first ? [[id, renderEntry(id, first, [first, ...others])]] : [])),
  );
}

function renderEntry(id: string, { name, version }: CatalogueModel, all: CatalogueModel[]): ModelEntry {
  return {
    id,
    object: "model",
    created: Math.min(...all.map(({ firstNamed }) => Date.parse(firstNamed) / 1000)),
    owned_by: OWNER,
    model_name: name,
    model_version: version,
    media: all.map(({ media }) => media),
    listed: all.some(({ standing }) => standing === "listed"),
    constraints: Object.fromEntries(all.map((one) => [one.media, renderConstraints(one)])),
  };
}

function renderConstraints({ constraints, combinations, namedBy }: CatalogueModel) {
  const rules = Object.entries(constraints).map(([rule, constraint]) => [toSnake(rule), constraint] as const);
  return {
    ...Object.fromEntries(rules.map(([rule, { allowed }]) => [rule, allowed])),
    combinations,
    sources: {
      model: namedBy,
      ...Object.fromEntries(rules.map(([rule, { statements }]) => [rule, statements.flatMap(renderStatement)])),
    },
  };
}

function renderStatement({ allowed, modes, sources }: Constraint["statements"][number]) {
  const says = { allowed, ...(modes && { modes }) };
  return sources.map((source) => Object.assign({}, source, says));
}

/** `GET /v1/models`: the catalogue in the shape of OpenAI's list, with what each model can do and who says so. */
export const modelRoutes = createRouter();

modelRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/models",
    summary: "The models, with what each can do",
    middleware: requireScope("read"),
    responses: { 200: answer("All models", z.object({ object: z.literal("list"), data: z.array(model) })) },
  }),
  (c) => c.json({ object: "list" as const, data: [...catalogue().values()] }, 200),
);

modelRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/models/{id}",
    summary: "A model",
    middleware: requireScope("read"),
    request: { params: z.object({ id: z.string() }) },
    responses: { 200: answer("The model", model), 404: answer("No such model") },
  }),
  (c) => {
    const entry = catalogue().get(c.req.valid("param").id.toLowerCase());
    if (!entry) throw new ApiError("not_found", "There is no model with this id; GET /v1/models lists them.");
    return c.json(entry, 200);
  },
);
