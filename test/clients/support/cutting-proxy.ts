import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

const HOST = "127.0.0.1";

/** One request that came through, and the gateway's answer to it, whether or not the client got it. */
export type Passed = { method: string; path: string; headers: IncomingHttpHeaders; status: number; answer: Headers };

export type CuttingProxy = {
  url: string;
  passed: Passed[];
  /** The answers to the next `times` submissions are lost: the gateway has given them, the client's socket breaks. */
  cut: (times: number) => void;
  close: () => Promise<void>;
};

/** A bad line between client and gateway. */
export async function startCuttingProxy(gatewayUrl: string): Promise<CuttingProxy> {
  const passed: Passed[] = [];
  let cuts = 0;

  const server = createServer((request, response) => {
    const forward = async () => {
      const { method = "GET", url: path = "/", headers } = request;
      const body = await buffer(request);
      const { host: _, connection: __, "content-length": ___, ...rest } = headers;
      const answer = await fetch(gatewayUrl + path, {
        method,
        headers: Object.entries(rest).map(([name, value]) => [name, String(value)] as [string, string]),
        ...(body.length > 0 && { body }),
      });
      const content = Buffer.from(await answer.arrayBuffer());
      passed.push({ method, path, headers, status: answer.status, answer: answer.headers });
      if (method === "POST" && cuts > 0) {
        cuts -= 1;
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, {
        "content-type": answer.headers.get("content-type") ?? "application/octet-stream",
        "x-fal-request-id": answer.headers.get("x-fal-request-id") ?? "",
      });
      response.end(content);
    };
    forward().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));

  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    passed,
    cut: (times) => {
      cuts = times;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
