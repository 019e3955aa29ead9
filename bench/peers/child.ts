import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { HOST } from "../../scripts/lib/ports.ts";

/*
 * A peer runs as a process of its own: its options come as JSON in its only argument, it says where it is in one line of
 * JSON on standard output, and it ends when its standard input does, thus also when its parent dies.
 */

/**
 * What a peer says when it is ready. `pid` is of the process whose CPU time is the peer's, `inspectorUrl` of the isolate
 * whose CPU time is the Worker's, if it can be looked into.
 */
export type Announcement = { url: string; pid: number; inspectorUrl?: string | undefined };

/** The argument, not yet looked at. */
export function childOptions(): unknown {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** Listens on a free port of the loopback interface and announces it. */
export function serve(server: Server): void {
  server.listen(0, HOST, () => {
    const { port } = server.address() as AddressInfo;
    announce({ url: `http://${HOST}:${port}`, pid: process.pid }, async () => undefined);
  });
}

let stop = async (): Promise<void> => undefined;

const end = () => void stop().finally(() => process.exit());
// From the start: a parent that is gone before the peer is ready is not to be waited for.
process.stdin.on("end", end).on("error", end).resume();
process.stdout.on("error", end);

/** @param stopping ends whatever would outlive this process */
export function announce(announcement: Announcement, stopping: () => Promise<void>): void {
  stop = stopping;
  process.stdout.write(`${JSON.stringify(announcement)}\n`);
}
