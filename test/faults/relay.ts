import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";
import { HOST } from "../../scripts/lib/ports.ts";
import type { Journal } from "./journal.ts";

const FORWARD_TIMEOUT_MS = 5_000;

const eventSchema = z.looseObject({ Sign: z.string(), T: z.number() });
const contentSchema = z.looseObject({ TaskId: z.string() });

export type Relay = {
  url: string;
  /** The vendor's signature of the latest event, as somebody on the way would have seen it. */
  captured: () => { Sign: string; T: number } | undefined;
  stop: () => Promise<void>;
};

/**
 * Stands on the way from the vendor to the gateway and changes nothing: it sees which events arrive. While the gateway
 * is down it breaks the connection, as a dead host would.
 */
export async function startRelay(target: string, journal: Journal): Promise<Relay> {
  let captured: { Sign: string; T: number } | undefined;

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    journal.eventsRelayed += 1;
    const answer = await fetch(target, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(FORWARD_TIMEOUT_MS),
    });
    const text = await answer.text();
    const event = eventSchema.safeParse(JSON.parse(body)).data;
    if (event) captured = { Sign: event.Sign, T: event.T };
    if (answer.status === 200) {
      for (const member of Object.values(event ?? {})) {
        const content = contentSchema.safeParse(member).data;
        if (content) journal.delivered.add(content.TaskId);
      }
    } else {
      const at = Date.now();
      journal.serverErrors.push({ at, sentAt: at, status: answer.status, what: `a genuine event: ${text}` });
    }
    response.writeHead(answer.status).end(text);
  }

  const server = createServer((request, response) => {
    forward(request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, HOST);
  await once(server, "listening");
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/`,
    captured: () => captured,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
