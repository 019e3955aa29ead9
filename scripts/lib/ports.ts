import { once } from "node:events";
import { createServer, type Server } from "node:net";

export const HOST = "127.0.0.1";

export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
  readonly port: number;
  constructor(port: number) {
    super(`Port ${port} is in use`);
    this.port = port;
  }
}

/**
 * Makes sure that each port can be had, and puts a free one in the place of each 0. The ports are released again on
 * return, so another program can still be faster; the boot that follows then fails on its own.
 * @throws {PortInUseError}
 */
export async function claimPorts(ports: readonly number[]): Promise<number[]> {
  const servers: Server[] = [];
  try {
    const claimed: number[] = [];
    // Held until all are known: otherwise two zeros may get the same port.
    for (const port of ports) {
      const server = createServer();
      servers.push(server);
      claimed.push(await listen(server, port));
    }
    return claimed;
  } finally {
    await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, HOST);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") throw new PortInUseError(port);
    throw error;
  }
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}
