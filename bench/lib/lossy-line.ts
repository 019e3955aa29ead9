import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request as send, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { HOST } from "../../scripts/lib/ports.ts";

/** An order's name in the body of every request that is made for it, in whichever form a client or server writes it. */
const INTENT = /intent-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** A connection between a caller and a server that loses answers: what was asked is done, and the caller's socket breaks. */
export type LossyLine = {
  url: string;
  /** Of each order from now on, the answers to its first `answers` requests are lost. */
  lose: (answers: number) => void;
  /** How many requests came for an order. */
  requestsOf: (intent: string) => number;
  /** How many of their answers were lost. */
  lostOf: (intent: string) => number;
  stop: () => Promise<void>;
};

export function intentName(uuid: string): string {
  return `intent-${uuid}`;
}

/** Requests pass through unchanged, their `Host` too, because it may be signed. */
export async function startLossyLine(target: string): Promise<LossyLine> {
  const agent = new Agent({ keepAlive: true });
  const requests = new Map<string, number>();
  const lost = new Map<string, number>();
  let losses = 0;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const intent = INTENT.exec(body.toString("latin1"))?.[0];
    if (intent !== undefined) requests.set(intent, (requests.get(intent) ?? 0) + 1);
    const answer = await forward(target, agent, request, body);
    if (intent !== undefined && (lost.get(intent) ?? 0) < losses) {
      lost.set(intent, (lost.get(intent) ?? 0) + 1);
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, withoutFraming(answer.headers)).end(answer.body);
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, HOST);
  await once(server, "listening");
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    lose: (answers) => {
      losses = answers;
    },
    requestsOf: (intent) => requests.get(intent) ?? 0,
    lostOf: (intent) => lost.get(intent) ?? 0,
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

type PassedAnswer = { status: number; headers: IncomingMessage["headers"]; body: Buffer };

async function forward(target: string, agent: Agent, from: IncomingMessage, body: Buffer): Promise<PassedAnswer> {
  const headers = { ...withoutFraming(from.headers), "content-length": String(body.length) };
  const { method = "GET", url = "/" } = from;
  const call = send(new URL(url, target), { method, headers, agent });
  call.end(body);
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) };
}

/** Both sides have connections and body lengths of their own. */
function withoutFraming(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  const { connection: _, "transfer-encoding": __, "content-length": ___, "keep-alive": ____, ...rest } = headers;
  return rest;
}
