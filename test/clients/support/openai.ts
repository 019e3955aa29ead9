import OpenAI, { APIError } from "openai";
import { until } from "../../../scripts/lib/until.ts";
import { COMPLETION_TIMEOUT_MS } from "../../e2e/support/stack.ts";

export type Video = OpenAI.Videos.Video;

/** The client as anybody would set it up: another base URL and key, nothing else. */
export function openAiAt({ url, apiKey }: { url: string; apiKey: string }): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${url}/v1` });
}

/** Asks until the video has ended, as the client's users do: its JavaScript edition has no helper for it. */
export async function ended(client: OpenAI, id: string): Promise<Video> {
  return until(`${id} to end`, COMPLETION_TIMEOUT_MS, async () => {
    const video = await client.videos.retrieve(id);
    return (video.status === "completed" || video.status === "failed") && video;
  });
}

/** The error a call must end with. */
export async function refusal(call: Promise<unknown>): Promise<APIError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error("The call was to be refused, and succeeded.");
}
