import * as z from "zod";
import { SUBMIT_PATH, submitted } from "./options.ts";

/** A request in the AIGC dialect's members. */
export type Order = { session_id?: string | undefined } & Record<string, unknown>;

/** One client's way to submit: what it sends, and the answers it understands. */
export type Wire = {
  path: string;
  /** @throws for a body that is none of this client's */
  read: (body: Buffer, contentType: string) => Promise<Order>;
  accepted: (id: string, order: Order) => object;
  refused: (message: string) => object;
};

const MS_PER_SECOND = 1_000;

const falOrder = z.looseObject({
  model_name: z.string(),
  model_version: z.string(),
  prompt: z.string().optional(),
  session_id: z.string().max(50).optional(),
});
const openAiForm = z.looseObject({ model: z.string(), prompt: z.string(), seconds: z.coerce.number().default(4) });
const prediction = z.looseObject({ version: z.string(), input: z.looseObject({ prompt: z.string() }) });

const fal: Wire = {
  path: SUBMIT_PATH,
  read: async (body) => falOrder.parse(JSON.parse(body.toString())),
  accepted: submitted,
  refused: (message) => ({ detail: message }),
};

const openAi: Wire = {
  path: "/v1/videos",
  read: async (body, contentType) => {
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
    const { prompt, seconds } = openAiForm.parse(Object.fromEntries(form));
    const output = { storage_mode: "Temporary", duration: seconds };
    return { model_name: "OS", model_version: "2.0", prompt, output_config: output };
  },
  accepted: (id, { prompt }) => ({
    id,
    object: "video",
    model: "sora-2",
    prompt,
    status: "queued",
    progress: 0,
    created_at: Math.floor(Date.now() / MS_PER_SECOND),
  }),
  refused: (message) => ({ error: { message, type: "server_error", param: null, code: null } }),
};

const replicate: Wire = {
  path: "/v1/predictions",
  read: async (body) => {
    const { input } = prediction.parse(JSON.parse(body.toString()));
    return { model_name: "Kling", model_version: "1.6", prompt: input.prompt };
  },
  accepted: (id, { prompt }) => ({ id, status: "starting", input: { prompt }, output: null, error: null, urls: {} }),
  refused: (message) => ({ detail: message }),
};

export const CLIENT_WIRES: readonly Wire[] = [fal, openAi, replicate];

/** Both spellings of the clients. */
export function isKnownKey(authorization: string | undefined, apiKey: string): boolean {
  return authorization === `Bearer ${apiKey}` || authorization === `Key ${apiKey}`;
}
