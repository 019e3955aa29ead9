import { barChart } from "../lib/charts.ts";
import { type Check, exactly } from "../lib/checks.ts";
import { submit } from "../lib/client.ts";
import { startEmulatedField } from "../lib/emulated-field.ts";
import { type LossyLine, startLossyLine } from "../lib/lossy-line.ts";
import { NO_LIMITS, UNLIMITED } from "../lib/no-limits.ts";
import { type OrderOutcome, runPaidCase, type ServedLine, type Site } from "../lib/paid-case.ts";
import { PAYING_CLIENTS, type PayingClient } from "../lib/paying-clients.ts";
import { PEER_TITLES } from "../lib/peers.ts";
import { type Chart, type Suite, type Table, type Target, targetExactly } from "../lib/suite.ts";

const NAMES = ["reelgate", "express", "fastify"] as const;
type Name = (typeof NAMES)[number];

const SITES: readonly Site[] = ["client", "vendor"];
const ORDERS: Record<Site, number> = { client: 20, vendor: 6 };
const QUICK_ORDERS: Record<Site, number> = { client: 4, vendor: 2 };
/**
 * The gateway pauses after every call the vendor does not answer, longer each time until one is answered: so few at once,
 * and after them an order whose answer is not lost, or it takes an hour.
 */
const AT_ONCE_WHEN_VENDOR_IS_SILENT = 2;

const TASK_SECONDS = 0.2;
/** The vendor's events are not disturbed here. */
const REREAD_SECONDS = 60;
const DIGITS = 3;
const PERCENT = 100;

type Case = { client: PayingClient; site: Site; lose: number; outcomes: Record<Name, OrderOutcome[]> };

export const suite: Suite = {
  name: "paid-tasks",
  title: "Paid tasks per order when answers are lost",
  method:
    "The published clients of fal, OpenAI and Replicate, unmodified, order through a line that breaks the connection after the server has accepted, or whose server calls the vendor's emulator through such a line; of each order's requests the first answer, or as many as the client repeats, are lost. Every task the emulator took for an order is counted, after everything has come to rest. The peers speak each client's own dialect; Reelgate has none of Replicate's yet, so that client's low-level `request` posts to the AIGC dialect there: what counts are its repetitions.",
  async run({ quick, buildDir, say }) {
    const field = await startEmulatedField({
      buildDir,
      vars: {
        ...NO_LIMITS,
        VOD_REREAD_SECONDS: String(REREAD_SECONDS),
      },
      peers: { express: "clients-express.ts", fastify: "clients-fastify.ts" },
      startLine: startLossyLine,
    });
    const lines: LossyLine[] = [];
    try {
      const { vendorLine } = field;
      const lineTo = async (url: string, replicateRoute: boolean): Promise<ServedLine> => {
        const line = await startLossyLine(url);
        lines.push(line);
        return { line, server: { url: line.url, replicateRoute } };
      };
      const servers: Record<Name, ServedLine> = {
        reelgate: await lineTo(field.gateway.gatewayUrl, false),
        express: await lineTo(field.peers.express.url, true),
        fastify: await lineTo(field.peers.fastify.url, true),
      };
      await field.resetVendor({ task_seconds: TASK_SECONDS, concurrency: UNLIMITED });
      const orders = quick ? QUICK_ORDERS : ORDERS;
      const cases: Case[] = [];
      for (const site of SITES) {
        for (const client of PAYING_CLIENTS) {
          for (const lose of [1, client.retries]) {
            say(`${client.title}: ${lossText(site, lose)}`);
            const count = orders[site];
            const run = (name: Name) => {
              const pauses = name === "reelgate" && site === "vendor";
              return runPaidCase(field, servers[name], vendorLine, {
                client,
                site,
                lose,
                orders: count,
                atOnce: pauses ? AT_ONCE_WHEN_VENDOR_IS_SILENT : count,
                afterwards: async () => {
                  if (pauses) await submit(field.gateway);
                },
              });
            };
            // Counts do not depend on what else the machine does.
            const [reelgate, express, fastify] = await Promise.all([run("reelgate"), run("express"), run("fastify")]);
            cases.push({ client, site, lose, outcomes: { reelgate, express, fastify } });
            for (const line of [vendorLine, ...lines]) line.lose(0);
          }
        }
      }
      return {
        facts: factsOf(cases),
        targets: targetsOf(cases),
        tables: [namedTable(cases), namelessTable(cases)],
        charts: [chartOf(cases)],
        raw: cases,
      };
    } finally {
      await Promise.all(lines.map((line) => line.stop()));
      await field.stop();
    }
  },
};

function lossText(site: Site, lose: number): string {
  const answers = lose === 1 ? "first answer" : `first ${lose} answers`;
  return site === "client" ? `${answers} to the client` : `${answers} of the vendor`;
}

function paidPerOrder(outcomes: readonly OrderOutcome[]): number {
  return outcomes.reduce((sum, { paid }) => sum + paid, 0) / outcomes.length;
}

function factsOf(cases: readonly Case[]): Check[] {
  const all = cases.flatMap(({ outcomes }) => NAMES.flatMap((name) => outcomes[name]));
  const ofOurs = cases.filter(({ client }) => client.named).flatMap(({ outcomes }) => outcomes.reelgate);
  return [
    exactly("orders of which no answer was lost", all.filter(({ lost }) => lost === 0).length, 0),
    exactly("named orders that Reelgate did not pay exactly once", ofOurs.filter(({ paid }) => paid !== 1).length, 0),
    exactly(
      "named orders whose client ended without a task's id at Reelgate",
      ofOurs.filter(({ told }) => !told).length,
      0,
    ),
  ];
}

function targetsOf(cases: readonly Case[]): Target[] {
  const named = PAYING_CLIENTS.filter((client) => client.named);
  return named.map((client) => {
    const values = cases.filter((one) => one.client === client).map(({ outcomes }) => paidPerOrder(outcomes.reelgate));
    const farthest = values.toSorted((a, b) => Math.abs(b - 1) - Math.abs(a - 1))[0] ?? Number.NaN;
    return targetExactly(`paid tasks per order, ${client.title}, worst of all cases`, farthest, 1, "tasks");
  });
}

function namedTable(cases: readonly Case[]): Table {
  return {
    ...tableOf(cases.filter(({ client }) => client.named)),
    title: "Orders with a name, or a client that marks its repetitions",
    note: "Paid: vendor tasks per order. Told: orders whose client ended with the id of a task; a refused repetition that names the first task counts. The peers know no Idempotency-Key, and Replicate's `predictions.create` cannot send one.",
  };
}

function namelessTable(cases: readonly Case[]): Table {
  return {
    ...tableOf(cases.filter(({ client }) => !client.named)),
    title: "No name at all",
    note: 'A repeated request without a name is a new order: nobody can tell it from one that is meant. A user who minds gives it a name: `fal.queue.submit(endpoint, { input, headers: { "Idempotency-Key": crypto.randomUUID() } })`.',
  };
}

function tableOf(cases: readonly Case[]): Pick<Table, "columns" | "rows"> {
  return {
    columns: [
      "client and name",
      "lost",
      ...NAMES.map((name) => `${PEER_TITLES[name]}: paid`),
      ...NAMES.map((name) => `${PEER_TITLES[name]}: told (%)`),
    ],
    rows: cases.map(({ client, site, lose, outcomes }) => [
      client.title,
      lossText(site, lose),
      ...NAMES.map((name) => paidPerOrder(outcomes[name]).toFixed(DIGITS)),
      ...NAMES.map((name) => (outcomes[name].filter(({ told }) => told).length * PERCENT) / outcomes[name].length),
    ]),
  };
}

function chartOf(cases: readonly Case[]): Chart {
  const title = "Paid tasks per order when the client loses every answer but its last";
  const shown = cases.filter(({ client, site, lose }) => site === "client" && lose === client.retries);
  return {
    file: "paid-tasks.svg",
    title,
    svg: barChart({
      title,
      xLabel: "client, and what names the order; openai marks its repetitions by itself",
      yLabel: "vendor tasks per order",
      groups: shown.map(({ client }) => client.label),
      series: NAMES.map((name) => ({
        name: PEER_TITLES[name],
        values: shown.map(({ outcomes }) => paidPerOrder(outcomes[name])),
      })),
      limit: { value: 1, label: "one paid task per order" },
    }),
  };
}
