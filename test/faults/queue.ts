import * as z from "zod";
import { call } from "../../scripts/lib/http.ts";

const queueSchema = z.object({
  waiting: z.number(),
  running: z.number(),
  untold: z.number(),
  /** Until when the vendor is taken for silent; milliseconds. */
  holdingUntil: z.number().nullable(),
});
const readiness = z.looseObject({ queue: queueSchema.nullish() });

export type Queue = z.infer<typeof queueSchema>;

/** What the gateway says of its dispatcher; undefined while it cannot say. */
export async function askQueue(gatewayUrl: string, apiKey: string): Promise<Queue | undefined> {
  try {
    const { body } = await call(`${gatewayUrl}/readyz`, { apiKey });
    return readiness.parse(body).queue ?? undefined;
  } catch {
    return undefined;
  }
}
