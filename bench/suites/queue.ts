import { barChart } from "../lib/charts.ts";
import { atMost, type Check, exactly } from "../lib/checks.ts";
import { startEmulatedField } from "../lib/emulated-field.ts";
import { type EventSink, startEventSink } from "../lib/event-sink.ts";
import { UNLIMITED } from "../lib/no-limits.ts";
import { PEER_TITLES } from "../lib/peers.ts";
import { queueAtGateway, queueAtPeer, type QueueCase, type QueueOutcome } from "../lib/queue-case.ts";
import { type Chart, type Suite, type SuiteContext, type Table, type Target, targetAtLeast } from "../lib/suite.ts";

const NAMES = ["reelgate", "express", "fastify"] as const;
type Name = (typeof NAMES)[number];

const TASKS = 1_000;
const QUICK_TASKS = 100;
const OWNERS = [2, 10];
/** So short that the suite ends: a thousand at one slot are a thousand tasks one after the other. */
const VENDORS = [
  { concurrency: 1, taskSeconds: 0.05 },
  { concurrency: 5, taskSeconds: 0.05 },
  { concurrency: 20, taskSeconds: 0.2 },
];

const RARE_REREAD_SECONDS = 86_400;
const FAIR = 0.99;

type Case = { size: QueueCase; outcomes: Record<Name, QueueOutcome> };

export const suite: Suite = {
  name: "queue",
  title: "A thousand submissions in front of the vendor's limit",
  method:
    "Each owner's share of a thousand tasks comes in one piece, owner after owner, over 50 connections, in front of an emulator that runs 1, 5 or 20 tasks at once and ends every further one as RequestLimitExceeded, as the vendor does. At Reelgate the slots are held until all are in, so that half of the time later the order is the queue's and not that of arrival; at the peers nothing waits. The vendor's limit of calls a second is lifted on both sides. Real tasks take more than two minutes, so that nearly every later one finds no slot; the short ones here are in the peers' favour.",
  async run(context) {
    const tasks = context.quick ? QUICK_TASKS : TASKS;
    const sink = await startEventSink();
    try {
      const cases: Case[] = [];
      for (const vendor of VENDORS) cases.push(...(await measure(context, sink, { tasks, ...vendor })));
      return {
        facts: factsOf(cases),
        targets: targetsOf(cases),
        tables: [tableOf(cases, tasks)],
        charts: [chartOf(cases, tasks)],
        raw: cases,
      };
    } finally {
      await sink.stop();
    }
  },
};

/** With a gateway that knows the vendor's limit. */
async function measure(
  { buildDir, say }: SuiteContext,
  sink: EventSink,
  vendor: Omit<QueueCase, "owners">,
): Promise<Case[]> {
  const field = await startEmulatedField({
    buildDir,
    vars: {
      VOD_CONCURRENCY: String(vendor.concurrency),
      VOD_REQUESTS_PER_SECOND: String(UNLIMITED),
      VOD_REREAD_SECONDS: String(RARE_REREAD_SECONDS),
    },
    peers: { express: "express.ts", fastify: "fastify.ts" },
    startLine: async () => undefined,
  });
  try {
    const cases: Case[] = [];
    for (const owners of OWNERS) {
      say(`${vendor.concurrency} at once, ${owners} owners`);
      const size = { ...vendor, owners };
      const outcomes = {
        reelgate: await queueAtGateway(field, size),
        express: await queueAtPeer(field, sink, field.peers.express, size),
        fastify: await queueAtPeer(field, sink, field.peers.fastify, size),
      };
      cases.push({ size, outcomes });
    }
    return cases;
  } finally {
    await field.stop();
  }
}

function factsOf(cases: readonly Case[]): Check[] {
  return cases.flatMap(({ size, outcomes: { reelgate } }) => {
    const where = `${size.concurrency} at once, ${size.owners} owners`;
    return [
      exactly(`Reelgate, ${where}: tasks completed`, reelgate.completed, size.tasks),
      exactly(`Reelgate, ${where}: orders the vendor took more than one task for`, reelgate.acceptedAgain, 0),
      atMost(`Reelgate, ${where}: most at the vendor at once`, reelgate.mostAtOnce, size.concurrency),
      // Calls on their way at once may overtake each other, and no more than that.
      atMost(`Reelgate, ${where}: places away from an owner's order`, reelgate.displaced, 2 * size.concurrency),
    ];
  });
}

function targetsOf(cases: readonly Case[]): Target[] {
  const worst = Math.min(...cases.map(({ outcomes }) => outcomes.reelgate.jain));
  return [targetAtLeast("Jain's index between owners at half time, worst of all cases", worst, FAIR, "")];
}

function tableOf(cases: readonly Case[], tasks: number): Table {
  return {
    title: `${tasks.toLocaleString("en")} submissions`,
    note: "Jain's index: of each owner's tasks among those the vendor has begun after half of the time and does make; 1 when all have the same, 1/n when one of n has everything. Time: from the first task's start at the vendor to the end of the last that was made.",
    columns: [
      "vendor's concurrency",
      "owners",
      "server",
      "completed",
      "rejected",
      "places out of an owner's order",
      "Jain's index",
      "time (s)",
      "least possible time (s)",
    ],
    rows: cases.flatMap(({ size, outcomes }) =>
      NAMES.map((name) => {
        const { completed, rejected, displaced, jain, seconds } = outcomes[name];
        const least = (completed * size.taskSeconds) / size.concurrency;
        return [size.concurrency, size.owners, PEER_TITLES[name], completed, rejected, displaced, jain, seconds, least];
      }),
    ),
  };
}

function chartOf(cases: readonly Case[], tasks: number): Chart {
  const title = `Of ${tasks.toLocaleString("en")} submissions completed`;
  return {
    file: "queue.svg",
    title,
    svg: barChart({
      title,
      xLabel: "the vendor's concurrency, owners",
      yLabel: "completed tasks",
      groups: cases.map(({ size }) => `${size.concurrency}, ${size.owners} owners`),
      series: NAMES.map((name) => ({
        name: PEER_TITLES[name],
        values: cases.map(({ outcomes }) => outcomes[name].completed),
      })),
    }),
  };
}
