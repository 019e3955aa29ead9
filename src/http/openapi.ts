import { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { HTTPException } from "hono/http-exception";
import { ApiError } from "./api-error.ts";
import type { AppEnv } from "./app-env.ts";
import { problemsOf, rejectInvalid } from "./problems.ts";

const PART_OF_TARGET: Record<string, string> = { json: "body", form: "body", param: "path" };

/** A router whose routes check requests against their schemas and refuse with `validation_error`. */
export function createRouter() {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) rejectInvalid(problemsOf(result.error, PART_OF_TARGET[result.target] ?? result.target));
    },
  });
}

/** A JSON answer for the API description, of any members unless a schema says more. */
export function answer<Schema extends z.ZodType = typeof anyObject>(description: string, schema?: Schema) {
  return { description, content: { "application/json": { schema: schema ?? (anyObject as unknown as Schema) } } };
}

const anyObject = z.looseObject({});

/** What the framework itself refuses, as an error of ours; undefined for anything else. */
export function fromFrameworkError(error: Error): ApiError | undefined {
  if (!(error instanceof HTTPException)) return undefined;
  if (error.status === 415) {
    return new ApiError("unsupported_media_type", 'Send JSON, with the header "content-type: application/json".');
  }
  if (error.status === 400) return new ApiError("malformed_json", "The request body is not valid JSON.");
  return undefined;
}
