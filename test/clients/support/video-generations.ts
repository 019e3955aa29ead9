import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/*
 * A client of `/v1/video/generations` as its users write them: fetch, a loop, and their own idea of the answer. Nothing
 * here knows this gateway.
 */

type Json = Record<string, unknown>;

/** What a user of such a client gets. */
export type Ending = { done: false } | { done: true; url: string } | { done: true; failure: string };

/** How one client reads the answer about a job. */
export type Reader = (answer: Json) => Ending;

/** `data.result_url` and the like; undefined where the path breaks off. */
function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, step) => (inner as Json | null | undefined)?.[step], value);
}

function ending(status: unknown, words: { success: string; failure: string }, url: unknown, reason: unknown): Ending {
  if (status === words.success) return { done: true, url: String(url) };
  if (status === words.failure) return { done: true, failure: String(reason) };
  return { done: false };
}

const FLAT = { success: "completed", failure: "failed" };
const ENVELOPED = { success: "SUCCESS", failure: "FAILURE" };

/** Where the ComfyUI nodes look for the video, in their order. */
const URL_PLACES = ["Response.AigcVideoTask.Output.FileInfos.0.FileUrl", "video_url", "url", "data.video_url"];

export const READERS: Record<string, Reader> = {
  "new-api's envelope": (answer) => {
    if (answer["code"] !== "success") throw new Error(String(answer["message"]));
    return ending(at(answer, "data.status"), ENVELOPED, at(answer, "data.result_url"), at(answer, "data.fail_reason"));
  },
  "new-api's document, flat": (answer) => ending(answer["status"], FLAT, answer["url"], at(answer, "error.message")),
  "OpenAI's video with metadata": (answer) =>
    ending(answer["status"], FLAT, at(answer, "metadata.url"), at(answer, "error.message")),
  "the envelope around the vendor's answer": (answer) => {
    const task = at(answer, "data.data.Response.AigcVideoTask");
    return ending(at(answer, "data.status"), ENVELOPED, at(task, "Output.FileInfos.0.FileUrl"), at(task, "Message"));
  },
  "any place that holds a URL": (answer) => {
    const url = URL_PLACES.map((place) => at(answer, place)).find(Boolean);
    if (typeof url === "string" && url !== "") return { done: true, url };
    const failed = /^fail/i.test(String(answer["status"] ?? at(answer, "data.status")));
    return failed ? { done: true, failure: String(at(answer, "data.fail_reason")) } : { done: false };
  },
};

/** Where they look for the id of a job they have submitted. */
const ID_PLACES = ["Response.AigcVideoTask.TaskId", "Response.TaskId", "id", "task_id", "data.id", "data.task_id"];

export class Refused extends Error {
  readonly status: number;
  readonly body: Json;
  constructor(status: number, body: Json) {
    super(String(at(body, "error.message") ?? body["message"]));
    this.status = status;
    this.body = body;
  }
}

const TRIES = 4;
const PAUSE_MS = 60;

export function createClient({ url, apiKey, read }: { url: string; apiKey: string; read: Reader }) {
  const request = async (
    path: string,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Json> => {
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...init.headers };
    const response = await fetch(`${url}/v1/video/generations${path}`, { ...init, headers });
    const body = (await response.json()) as Json;
    if (!response.ok) throw new Refused(response.status, body);
    return body;
  };
  return {
    /** The job's id. Repeats what the line has swallowed, under one key. */
    async submit(body: Json): Promise<string> {
      const headers = { "idempotency-key": randomUUID() };
      for (let attempt = 1; ; attempt += 1) {
        try {
          const answer = await request("", { method: "POST", body: JSON.stringify(body), headers });
          return String(ID_PLACES.map((place) => at(answer, place)).find(Boolean));
        } catch (error) {
          if (error instanceof Refused || attempt === TRIES) throw error;
        }
      }
    },
    async look(id: string): Promise<Ending> {
      return read(await request(`/${id}`));
    },
    async wait(id: string, timeoutMs: number): Promise<Exclude<Ending, { done: false }>> {
      for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(PAUSE_MS)) {
        const seen = read(await request(`/${id}`));
        if (seen.done) return seen;
      }
      throw new Error(`${id} did not end in time.`);
    },
  };
}

export type Client = ReturnType<typeof createClient>;
