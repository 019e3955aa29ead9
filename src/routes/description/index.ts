import { toSnake } from "../../vod/names.ts";
import { CODES as TENCENT_CODES } from "../tencent-api/errors.ts";
import { aigcExamples, type Examples, generationExamples, openAiExamples, vendorExamples } from "./examples.ts";
import { type DescribedError, errorsOf, METHOD_NOT_ALLOWED, type Trait } from "./errors.ts";
import { describeFields, type FieldSchema, renamed } from "./fields.ts";
import { SUBMISSION_PARAMETERS } from "./parameters.ts";
import { AIGC_TEXTS, type FieldTexts, GENERATION_TEXTS, OPENAI_TEXTS, RESTORE_TEXTS, VENDOR_TEXTS } from "./texts.ts";

type Content = Record<string, { schema: FieldSchema; examples?: Examples }>;
type Response = { description: string; content?: unknown };
type Operation = { parameters?: object[]; requestBody?: { content: Content }; responses: Record<string, Response> };
type Document = {
  info: { description?: string };
  components?: { schemas?: Record<string, unknown> };
  paths?: Record<string, Record<string, Operation>>;
};

type Dialect = "aigc" | "generations" | "openai";

/** What an operation does, and what its body says. */
type Entry = {
  dialect: Dialect;
  traits: Trait[];
  texts?: FieldTexts;
  examples?: () => Examples;
};

const SUBMIT: Trait[] = ["body", "submits"];
const A_TIME = "2026-11-21T08:00:00Z";

const aigcTexts: FieldTexts = { ...renamed(VENDOR_TEXTS, toSnake), ...AIGC_TEXTS };
const aigcSubmit = (media: "video" | "image"): Entry => ({
  dialect: "aigc",
  traits: [...SUBMIT, "names_session"],
  texts: aigcTexts,
  examples: () => aigcExamples(media),
});
const one = (name: string, summary: string, value: Record<string, unknown>) => () => ({ [name]: { summary, value } });

/** Every operation but `POST /`. One that is missing here fails test/openapi.test.ts. */
const OPERATIONS: Record<string, Entry> = {
  "post /tencent-vod/v1/aigc-video": aigcSubmit("video"),
  "post /tencent-vod/v1/aigc-image": aigcSubmit("image"),
  "get /tencent-vod/v1/requests": { dialect: "aigc", traits: ["query"] },
  "get /tencent-vod/v1/requests/{id}": { dialect: "aigc", traits: ["named", "kept", "result", "query"] },
  "delete /tencent-vod/v1/requests/{id}": { dialect: "aigc", traits: ["named", "ends", "query"] },
  "get /tencent-vod/v1/requests/{id}/status": { dialect: "aigc", traits: ["named", "query"] },
  "get /tencent-vod/v1/requests/{id}/status/stream": { dialect: "aigc", traits: ["named", "query"] },
  "put /tencent-vod/v1/requests/{id}/cancel": { dialect: "aigc", traits: ["named", "ends"] },
  "get /tencent-vod/v1/query/{id}": { dialect: "aigc", traits: ["named", "kept"] },
  "get /tencent-vod/v1/aigc-video/{id}": { dialect: "aigc", traits: ["named", "kept"] },
  "get /tencent-vod/v1/aigc-image/{id}": { dialect: "aigc", traits: ["named", "kept"] },
  "post /v1/video/generations": {
    dialect: "generations",
    traits: SUBMIT,
    texts: GENERATION_TEXTS,
    examples: generationExamples,
  },
  "get /v1/video/generations/{id}": { dialect: "generations", traits: ["named", "kept", "query"] },
  "post /v1/videos": { dialect: "openai", traits: SUBMIT, texts: OPENAI_TEXTS, examples: openAiExamples },
  "post /v1/videos/{id}/remix": {
    dialect: "openai",
    traits: [...SUBMIT, "named", "ends"],
    texts: OPENAI_TEXTS,
    examples: one("remix", "Another prompt", { prompt: "the same car at night" }),
  },
  "get /v1/videos": { dialect: "openai", traits: ["query"] },
  "get /v1/videos/{id}": { dialect: "openai", traits: ["named"] },
  "delete /v1/videos/{id}": { dialect: "openai", traits: ["named", "ends", "query"] },
  "get /v1/videos/{id}/content": { dialect: "openai", traits: ["named", "kept", "result"] },
  "post /v1/admin/restore": {
    dialect: "generations",
    traits: ["body", "ends"],
    texts: RESTORE_TEXTS,
    examples: one("restore", "A time of the last three days", { at: A_TIME }),
  },
  "get /v1/admin/failures/{reference}": { dialect: "generations", traits: ["named"] },
  "get /v1/models": { dialect: "generations", traits: [] },
  "get /v1/models/{id}": { dialect: "generations", traits: ["named"] },
};

const string = { type: "string" };
const openAiError = {
  type: "object",
  properties: {
    message: string,
    type: string,
    param: { type: ["string", "null"] },
    code: string,
    problems: { type: "array" },
  },
  required: ["message", "type", "param", "code"],
};

/** The error of each dialect, and the status that a wrong field has in it. */
const ERRORS: Record<Dialect, { name: string; schema: object; validation: number }> = {
  aigc: {
    name: "AigcError",
    validation: 422,
    schema: {
      type: "object",
      properties: { detail: { type: ["string", "array"] }, message: string, code: string, request_id: string },
      required: ["detail"],
    },
  },
  generations: {
    name: "GenerationError",
    validation: 400,
    schema: {
      type: "object",
      properties: { error: openAiError, code: string, message: string, request_id: string },
      required: ["error", "code", "message"],
    },
  },
  openai: {
    name: "OpenAiError",
    validation: 400,
    schema: { type: "object", properties: { error: openAiError, video_id: string }, required: ["error"] },
  },
};

/** Adds to the document what types do not say: meanings, units, defaults, limits, examples, and every error. */
export function completeDescription(generated: object): object {
  const document = generated as Document;
  const schemas = Object.fromEntries(Object.values(ERRORS).map(({ name, schema }) => [name, schema]));
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...schemas } };
  document.info.description = `${document.info.description ?? ""} On every path: ${METHOD_NOT_ALLOWED}`.trim();
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) {
      if (path === "/") describeTencent(operation);
      const entry = OPERATIONS[`${method} ${path}`];
      if (entry) describeOperation(operation, entry);
    }
  }
  return document;
}

function describeOperation(operation: Operation, { dialect, traits, texts = {}, examples }: Entry): void {
  for (const content of Object.values(operation.requestBody?.content ?? {})) {
    describeFields(content.schema, texts);
    if (examples) content.examples = examples();
  }
  if (traits.includes("submits")) operation.parameters = [...(operation.parameters ?? []), ...SUBMISSION_PARAMETERS];
  const { name, validation } = ERRORS[dialect];
  const byStatus = Map.groupBy(errorsOf(traits, { validation }), ({ status }) => status);
  for (const [status, errors] of byStatus) {
    operation.responses[String(status)] = {
      description: errors.map(sentence).join(" "),
      content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } },
    };
  }
}

const sentence = ({ code, text: says }: DescribedError) => `\`${code}\`: ${says}`;

/** The vendor's API answers everything with 200; its errors have the vendor's codes. */
function describeTencent(operation: Operation): void {
  for (const content of Object.values(operation.requestBody?.content ?? {})) {
    describeFields(content.schema, VENDOR_TEXTS);
    content.examples = {
      ...vendorExamples("video"),
      ...vendorExamples("image"),
      DescribeTaskDetail: { summary: "A task", value: { TaskId: "01890a5d-ac96-774b-bcce-b302099a8057" } },
    };
  }
  const codes = [
    ...new Set(Object.values(TENCENT_CODES)),
    "MissingParameter",
    "InvalidParameterValue",
    "UnknownParameter",
  ];
  operation.responses["200"] = {
    description: `The answer, or an error with one of these codes or the vendor's own: ${codes.join(", ")}.`,
    content: {
      "application/json": {
        schema: {
          type: "object",
          properties: {
            Response: {
              type: "object",
              properties: {
                RequestId: string,
                TaskId: string,
                Error: { type: "object", properties: { Code: string, Message: string }, required: ["Code", "Message"] },
              },
              required: ["RequestId"],
            },
          },
          required: ["Response"],
        },
      },
    },
  };
}
