/*
 * What a client can get wrong: each answer is JSON in the dialect of the path and names the field, and the vendor is
 * never called.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CallOptions } from "../../scripts/lib/http.ts";
import { VIDEO_PATH, videoRequest } from "./support/aigc.ts";
import { bootStack, type TestStack } from "./support/stack.ts";

const OVERSIZED_BYTES = 11 * 1024 * 1024;
const GENERATIONS_PATH = "/v1/video/generations";
const IMAGE_PATH = "/tencent-vod/v1/aigc-image";

type BadInput = {
  what: string;
  options: CallOptions;
  status: number;
  /** Where one is to blame. */
  field?: string;
};

const MISTAKES: BadInput[] = [
  { what: "malformed JSON", options: { text: '{"prompt": ' }, status: 400 },
  {
    what: "another content type",
    options: { text: "prompt=x", headers: { "content-type": "text/plain" } },
    status: 415,
  },
  { what: "a body of 11 MB", options: { json: { prompt: "x".repeat(OVERSIZED_BYTES) } }, status: 413, field: "prompt" },
  { what: "no key", options: { json: {}, headers: { authorization: "" } }, status: 401 },
  { what: "a wrong key", options: { json: {}, headers: { authorization: "Bearer sk-wrong" } }, status: 401 },
  { what: "a wrong method", options: { method: "DELETE" }, status: 405 },
];

const AIGC_FIELDS: BadInput[] = [
  { what: "no prompt", options: { json: { model_name: "Kling", model_version: "1.6" } }, status: 422, field: "prompt" },
  {
    what: "a wrong enum",
    options: { json: videoRequest("x", { output_config: { storage_mode: "Forever" } }) },
    status: 422,
    field: "output_config.storage_mode",
  },
  {
    what: "a session_id of 51 characters",
    options: { json: videoRequest("x", { session_id: "s".repeat(51) }) },
    status: 422,
    field: "session_id",
  },
  {
    what: "a session_context of 1001 characters",
    options: { json: videoRequest("x", { session_context: "c".repeat(1001) }) },
    status: 422,
    field: "session_context",
  },
  {
    what: "a priority of 11",
    options: { json: videoRequest("x", { tasks_priority: "11" }) },
    status: 422,
    field: "tasks_priority",
  },
  { what: "an array", options: { json: [] }, status: 422 },
  { what: "no body", options: { method: "POST" }, status: 422 },
];

const GENERATION_FIELDS: BadInput[] = [
  { what: "no body", options: { method: "POST" }, status: 400, field: "model" },
  { what: "no prompt", options: { json: { model: "viduq3p-720p" } }, status: 400, field: "prompt" },
  { what: "an unknown model", options: { json: { model: "sora", prompt: "x" } }, status: 400, field: "model" },
  {
    what: "a duration of 17",
    options: { json: { model: "viduq3p-720p", prompt: "x", duration: 17 } },
    status: 400,
    field: "duration",
  },
  {
    what: "a last frame without a first",
    options: { json: { model: "viduq3p-720p", prompt: "x", last_image: "https://example.com/tail.png" } },
    status: 400,
    field: "last_image",
  },
];

const UNKNOWN_PATH: BadInput = { what: "an unknown path", options: { json: {} }, status: 404 };

const CASES = [
  ...[VIDEO_PATH, IMAGE_PATH, GENERATIONS_PATH].flatMap((path) => at(path, MISTAKES)),
  ...[VIDEO_PATH, IMAGE_PATH].flatMap((path) => at(path, AIGC_FIELDS)),
  ...at(GENERATIONS_PATH, GENERATION_FIELDS),
  ...at("/tencent-vod/v1/aigc-music", [UNKNOWN_PATH]),
  ...at("/v1/video/nothing", [UNKNOWN_PATH]),
];

function at(path: string, mistakes: BadInput[]) {
  return mistakes.map((mistake) => ({ path, what: mistake.what, status: mistake.status, mistake }));
}

let stack: TestStack;

beforeAll(async () => {
  stack = await bootStack();
});

afterAll(async () => {
  try {
    // Not once, over all the cases above.
    expect(await stack.vendor.calls()).toEqual({});
  } finally {
    await stack.stop();
  }
});

it.each(CASES)("$path, $what: $status", async ({ path, status, mistake: { options, field } }) => {
  const answer = await stack.get(path, options);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
  if (path.startsWith("/tencent-vod/")) expectAigcError(answer.body, field);
  else expectGenerationsError(answer.body, field);
  if (status === 405) expect(answer.headers.get("allow")).toContain("POST");
});

function expectAigcError(body: unknown, field: string | undefined): void {
  expect(body).toMatchObject({ message: expect.stringMatching(/\S/), code: expect.stringMatching(/^[a-z_]+$/) });
  if (field === undefined) return;
  const problem = { loc: ["body", ...field.split(".")], msg: expect.stringMatching(/\S/), type: expect.any(String) };
  expect(body).toMatchObject({ detail: [problem], message: expect.stringContaining(field) });
}

function expectGenerationsError(body: unknown, field: string | undefined): void {
  const message = expect.stringMatching(/\S/) as string;
  const code = expect.stringMatching(/^[a-z_]+$/) as string;
  expect(body).toMatchObject({
    error: { message, code, type: expect.any(String), param: field ?? null },
    code,
    message,
  });
}
