import { randomUUID } from "node:crypto";
import type { EmulatorClient } from "../../scripts/lib/emulator-client.ts";
import type { Gateway } from "./gateway.ts";
import { allOver } from "./all-over.ts";
import { intentName, type LossyLine } from "./lossy-line.ts";
import type { PayingClient, Server } from "./paying-clients.ts";

/** Where answers are lost: on the way to the client, or on the vendor's way to the server. */
export type Site = "client" | "vendor";

/** What became of one order. */
export type OrderOutcome = {
  /** Requests that the server got for it. */
  requests: number;
  /** Create calls that the vendor got for it. */
  calls: number;
  /** Answers of the disturbed way that were lost. */
  lost: number;
  /** Tasks that the vendor took, each of which is paid. */
  paid: number;
  /** Whether the client ended with the id of a task. */
  told: boolean;
};

/** A server and the line from the clients to it. */
export type ServedLine = { server: Server; line: LossyLine };

export type PaidCase = {
  client: PayingClient;
  site: Site;
  lose: number;
  orders: number;
  atOnce: number;
  /** What is done after each lot of orders. */
  afterwards: () => Promise<void>;
};

const SETTLE_TIMEOUT_MS = 180_000;

/** Places the orders, `atOnce` at a time, and counts when nothing can follow any more. */
export async function runPaidCase(
  field: { vendor: EmulatorClient; gateway: Gateway },
  { server, line }: ServedLine,
  vendorLine: LossyLine,
  { client, site, lose, orders, atOnce, afterwards }: PaidCase,
): Promise<OrderOutcome[]> {
  const intents = Array.from({ length: orders }, () => intentName(randomUUID()));
  const told = new Set<string>();
  const disturbed = site === "client" ? line : vendorLine;
  disturbed.lose(lose);
  for (let from = 0; from < orders; from += atOnce) {
    await Promise.all(
      intents.slice(from, from + atOnce).map(async (intent) => {
        const id = await client.order(server, intent).catch(() => undefined);
        if (id !== undefined) told.add(intent);
      }),
    );
    // The peers do nothing by themselves.
    await allOver(field.gateway, SETTLE_TIMEOUT_MS);
    await afterwards();
  }
  const paid = new Map<unknown, number>();
  for (const { request } of await field.vendor.tasks()) {
    paid.set(request["Prompt"], (paid.get(request["Prompt"]) ?? 0) + 1);
  }
  return intents.map((intent) => ({
    requests: line.requestsOf(intent),
    calls: vendorLine.requestsOf(intent),
    lost: disturbed.lostOf(intent),
    paid: paid.get(intent) ?? 0,
    told: told.has(intent),
  }));
}
