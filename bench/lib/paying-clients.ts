import { randomUUID } from "node:crypto";
import { ApiError, createFalClient } from "@fal-ai/client";
import OpenAI from "openai";
import Replicate from "replicate";
import * as z from "zod";
import { DEV_API_KEY } from "../../scripts/lib/local-env.ts";
import { SUBMIT_PATH } from "../peers/options.ts";

/** A published client as its users have it, and how it names an order. */
export type PayingClient = {
  title: string;
  /** For the narrow place below a bar. */
  label: string;
  /** Whether a repetition can be told from a new order: by a name the user gave, or by the client's own mark. */
  named: boolean;
  /** How often it repeats a submission whose connection broke, by itself. */
  retries: number;
  /**
   * One order, as one call of the client.
   * @param prompt names the order in every request
   * @returns the id of its task, also when an error tells it
   * @throws when the client ends without one
   */
  order: (server: Server, prompt: string) => Promise<string>;
};

/** `replicateRoute`: whether it speaks Replicate's own dialect. */
export type Server = { url: string; replicateRoute: boolean };

const ENDPOINT = SUBMIT_PATH.slice(1);
const FAL_RETRIES = 3;
const OPENAI_RETRIES = 2;
const REPLICATE_RETRIES = 5;

const withRequestId = z.looseObject({ request_id: z.string() });

export const PAYING_CLIENTS: readonly PayingClient[] = [
  {
    title: "fal, Idempotency-Key",
    label: "fal, key",
    named: true,
    retries: FAL_RETRIES,
    order: (server, prompt) => byFal(server, prompt, {}, { "Idempotency-Key": randomUUID() }),
  },
  {
    title: "fal, session_id",
    label: "fal, session_id",
    named: true,
    retries: FAL_RETRIES,
    order: (server, prompt) => byFal(server, prompt, { session_id: randomUUID() }, {}),
  },
  {
    title: "openai, its own x-stainless-retry-count",
    label: "openai",
    named: true,
    retries: OPENAI_RETRIES,
    order: byOpenAi,
  },
  {
    title: "replicate, Idempotency-Key",
    label: "replicate, key",
    named: true,
    retries: REPLICATE_RETRIES,
    order: (server, prompt) => byReplicate(server, prompt, { "Idempotency-Key": randomUUID() }),
  },
  {
    title: "fal",
    label: "fal, none",
    named: false,
    retries: FAL_RETRIES,
    order: (server, prompt) => byFal(server, prompt, {}, {}),
  },
  {
    title: "replicate",
    label: "replicate, none",
    named: false,
    retries: REPLICATE_RETRIES,
    order: (server, prompt) => byReplicate(server, prompt, {}),
  },
];

function aigcBody(prompt: string): Record<string, unknown> {
  return { model_name: "Kling", model_version: "1.6", prompt };
}

async function byFal(
  { url }: Server,
  prompt: string,
  more: Record<string, unknown>,
  headers: Record<string, string>,
): Promise<string> {
  const client = createFalClient({
    credentials: DEV_API_KEY,
    requestMiddleware: async (request) => ({
      ...request,
      url: request.url.replace(/^https:\/\/(queue\.)?fal\.run/, url),
    }),
  });
  try {
    const input = { ...aigcBody(prompt), ...more };
    const { request_id: id } = await client.queue.submit(ENDPOINT, { input, headers });
    return id;
  } catch (error) {
    // A refusal of the repetition that says which task the first one made.
    const first = error instanceof ApiError ? withRequestId.safeParse(error.body).data : undefined;
    if (first) return first.request_id;
    throw error;
  }
}

async function byOpenAi({ url }: Server, prompt: string): Promise<string> {
  const client = new OpenAI({ apiKey: DEV_API_KEY, baseURL: `${url}/v1` });
  const { id } = await client.videos.create({ model: "sora-2", prompt, seconds: "4" });
  return id;
}

async function byReplicate(
  { url, replicateRoute }: Server,
  prompt: string,
  headers: Record<string, string>,
): Promise<string> {
  if (replicateRoute) {
    const client = new Replicate({ auth: DEV_API_KEY, baseUrl: `${url}/v1` });
    return (await client.predictions.create({ version: "kling-1.6", input: { prompt } })).id;
  }
  const client = new Replicate({ auth: DEV_API_KEY, baseUrl: url });
  const answer = await client.request(SUBMIT_PATH, { method: "POST", data: aigcBody(prompt), headers });
  return withRequestId.parse(await answer.json()).request_id;
}
