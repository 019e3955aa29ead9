import * as z from "zod";

/** What a peer in front of the vendor is started with. */
export const peerOptions = z.object({ vodEndpoint: z.url(), apiKey: z.string(), stateDir: z.string() });

export const SUBMIT_PATH = "/tencent-vod/v1/aigc-video";

/** What fal's client needs to see in the answer to a submission. */
export function submitted(id: string) {
  const base = `/tencent-vod/v1/requests/${id}`;
  return {
    status: "IN_QUEUE",
    request_id: id,
    response_url: base,
    status_url: `${base}/status`,
    cancel_url: `${base}/cancel`,
    logs: null,
    metrics: {},
    queue_position: 0,
  };
}
