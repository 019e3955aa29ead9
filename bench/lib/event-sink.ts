import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { HOST } from "../../scripts/lib/ports.ts";

/** Takes the emulator's notifications for servers that take none. */
export type EventSink = {
  url: string;
  /** How each task ended that was heard of, by the vendor's id. */
  endings: ReadonlyMap<string, VendorEnding>;
  clear: () => void;
  stop: () => Promise<void>;
};

/** `refused`: the vendor had no slot for it (`RequestLimitExceeded`). */
export type VendorEnding = "made" | "refused" | "failed";

const NO_SLOT = "RequestLimitExceeded";

const notification = z.looseObject({
  AigcVideoCompleteEvent: z.looseObject({ TaskId: z.string(), ErrCode: z.number(), ErrCodeExt: z.string() }),
});

export async function startEventSink(): Promise<EventSink> {
  const endings = new Map<string, VendorEnding>();
  const server = createServer((request, response) => {
    text(request)
      .then((body) => {
        const { TaskId, ErrCode, ErrCodeExt } = notification.parse(JSON.parse(body)).AigcVideoCompleteEvent;
        endings.set(TaskId, ErrCode === 0 ? "made" : ErrCodeExt === NO_SLOT ? "refused" : "failed");
        return response.end();
      })
      .catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  server.listen(0, HOST);
  await once(server, "listening");
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/`,
    endings,
    clear: () => endings.clear(),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
