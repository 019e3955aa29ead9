import * as z from "zod";
import type { Answer } from "../../../scripts/lib/http.ts";
import { until } from "../../../scripts/lib/until.ts";
import { COMPLETION_TIMEOUT_MS, type TestStack } from "./stack.ts";

export const VIDEO_PATH = "/tencent-vod/v1/aigc-video";

const accepted = z.looseObject({ request_id: z.string() });

/** The smallest request that passes; its prompt is how `paidFor` finds it. */
export function videoRequest(prompt: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { model_name: "Kling", model_version: "1.6", prompt, ...more };
}

/** The `request_id` of an answer that must be an acceptance. */
export function acceptedId(answer: Answer): string {
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${JSON.stringify(answer.body)}`);
  return accepted.parse(answer.body).request_id;
}

/** The vendor's tasks with this prompt: each is paid. */
export async function paidFor(stack: TestStack, prompt: string) {
  return (await stack.vendor.tasks()).filter((task) => task.request["Prompt"] === prompt);
}

/** The answer of the result route once the task is done, whichever way it ended. */
export async function finished(stack: TestStack, id: string): Promise<Answer> {
  await until(`task ${id} to be done`, COMPLETION_TIMEOUT_MS, async () => {
    const answer = await stack.get(`/tencent-vod/v1/requests/${id}/status`);
    if (answer.status >= 400) throw new Error(`HTTP ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.status === 200;
  });
  return stack.get(`/tencent-vod/v1/requests/${id}`);
}
