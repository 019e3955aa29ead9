import { parseConfig } from "../../src/config.ts";
import { gatewayVars } from "../../scripts/lib/local-env.ts";
import { type Check, exactly } from "../lib/checks.ts";
import { type EmulatedField, startEmulatedField } from "../lib/emulated-field.ts";
import { type Flight, type FlightPlan, fly } from "../lib/flight.ts";
import { lagFigures } from "../lib/lag-figures.ts";
import { chartOf, comparison, type Measured, measuredTable, type Reckoned, reckonedTable } from "../lib/lag-tables.ts";
import { NO_LIMITS, UNLIMITED } from "../lib/no-limits.ts";
import { type Suite, type SuiteContext, type Target, targetAtMost } from "../lib/suite.ts";
import { modelledPolling, pollingChecks } from "../models/polling-check.ts";
import { rereadLags } from "../models/rereads.ts";
import { virtualEnds } from "../models/virtual-tasks.ts";

/** `spreadSeconds`: between the first and the last end of the tasks in flight; `leadSeconds`: until the first end. */
const BY_EVENT = [
  { tasks: 1, runs: 15, leadSeconds: 0.5, spreadSeconds: 0 },
  { tasks: 10, runs: 12, leadSeconds: 1, spreadSeconds: 1 },
  { tasks: 100, runs: 3, leadSeconds: 6, spreadSeconds: 5 },
  { tasks: 1_000, runs: 1, leadSeconds: 40, spreadSeconds: 20 },
];
const COUNTS = BY_EVENT.map(({ tasks }) => tasks);
const QUICK = { mostTasks: 100, runs: 2 };
const FEW_TASKS = 10;
const MOST_TASKS = Math.max(...COUNTS);

/** Calls of the object that may be open at once: as many as on the platform by default, or as many as it likes. */
const CONNECTIONS = {
  default: parseConfig(gatewayVars({})).vod.connections,
  unlimited: Number(NO_LIMITS.VOD_CONNECTIONS),
};

/** 130, 150 and 180 seconds, the vendor's tasks and the gateway's first look, in small. */
const WITHOUT_EVENTS = { fromSeconds: 15, toSeconds: 17.3, rereadSeconds: 21 };
const RARE_REREAD_SECONDS = 86_400;

/** By event the ends must not bunch up; without events all must be submitted before the first one ends. */
const GROUP_TASKS = { byEvent: 2, withoutEvents: 50 };

const FLIGHT_TIMEOUT_MS = 120_000;
/** The middle of the vendor's times. */
const LEARNT_MS = 140_000;
/** For percentiles, as in the model beside it. */
const VIRTUAL_SAMPLES = 2_000;

const LIMIT_OF_FEW = 2;

export const suite: Suite = {
  name: "lag",
  title: "From the vendor's finish to the client knowing",
  method:
    "Measured: tasks in flight together at the emulator, each watched over an event stream; the lag runs from the end the emulator gave a task to its client's reading of COMPLETED, on one clock. The vendor's tasks take 130 to 150 s; here the time before the first end is shortened. The ends of 1,000 tasks spread over the true 20 s, those of fewer over less, thus closer together than in truth. Virtual time: new-api's polling is a model of the published algorithm (15 s between sweeps, one task after the other, 1 s each; not a measurement), and the gateway without any event is reckoned with its own classes and defaults, for 130 to 150 s.",
  async run(context) {
    const { quick } = context;
    const byEvent = await measureByEvent(context, CONNECTIONS.default, COUNTS);
    const unlimited = await measureByEvent(context, CONNECTIONS.unlimited, [FEW_TASKS, MOST_TASKS]);
    const withoutEvents = await measureWithoutEvents(context);
    const reckoned = COUNTS.map(reckon);
    const flights = [...byEvent, ...unlimited, ...withoutEvents].flatMap((one) => one.flights);
    return {
      facts: [
        exactly(
          "clients that were never told COMPLETED",
          flights.reduce((sum, { untold }) => sum + untold, 0),
          0,
        ),
        exactly(
          "tasks that the gateway never knew to be over",
          flights.reduce((sum, { open }) => sum + open, 0),
          0,
        ),
        ...inFlightChecks([...byEvent, ...unlimited]),
        ...pollingChecks(),
      ],
      targets: quick ? [] : [targetOf(byEvent, CONNECTIONS.default), targetOf(unlimited, CONNECTIONS.unlimited)],
      tables: [
        comparison(byEvent, reckoned),
        measuredTable(
          {
            [`by event, ${CONNECTIONS.default} connections`]: byEvent,
            [`by event, ${CONNECTIONS.unlimited.toLocaleString("en")} connections`]: unlimited,
            "every event lost": withoutEvents,
          },
          WITHOUT_EVENTS,
        ),
        reckonedTable(reckoned),
      ],
      charts: [chartOf(byEvent, reckoned)],
      raw: { byEvent, unlimited, withoutEvents, reckoned },
    };
  },
};

async function measureByEvent(
  context: SuiteContext,
  connections: number,
  counts: readonly number[],
): Promise<Measured[]> {
  return withField(context, { rereadSeconds: RARE_REREAD_SECONDS, connections }, async (field) => {
    const measured: Measured[] = [];
    for (const { tasks, runs, leadSeconds, spreadSeconds } of BY_EVENT) {
      if (!counts.includes(tasks) || (context.quick && tasks > QUICK.mostTasks)) continue;
      const times = context.quick ? Math.min(runs, QUICK.runs) : runs;
      context.say(`by event, ${connections} connections: ${tasks} in flight, ${times} times`);
      const plan: FlightPlan = {
        tasks,
        groupTasks: GROUP_TASKS.byEvent,
        taskSeconds: (group, elapsed) => leadSeconds + group * spreadSeconds - elapsed,
        timeoutMs: FLIGHT_TIMEOUT_MS,
      };
      const flights: Flight[] = [];
      for (let run = 0; run < times; run++) {
        await field.resetVendor({ concurrency: UNLIMITED });
        flights.push(await fly(field, plan));
      }
      measured.push(measuredOf(tasks, flights));
    }
    return measured;
  });
}

async function measureWithoutEvents(context: SuiteContext): Promise<Measured[]> {
  const { fromSeconds, toSeconds, rereadSeconds } = WITHOUT_EVENTS;
  return withField(context, { rereadSeconds, connections: CONNECTIONS.default }, async (field) => {
    const measured: Measured[] = [];
    for (const tasks of COUNTS) {
      if (context.quick && tasks > QUICK.mostTasks) continue;
      context.say(`every event lost: ${tasks} in flight`);
      await field.resetVendor({ concurrency: UNLIMITED, callback: { drop: 1 } });
      const flight = await fly(field, {
        tasks,
        groupTasks: GROUP_TASKS.withoutEvents,
        taskSeconds: (group) => fromSeconds + group * (toSeconds - fromSeconds),
        timeoutMs: FLIGHT_TIMEOUT_MS,
      });
      measured.push(measuredOf(tasks, [flight]));
    }
    return measured;
  });
}

async function withField<Result>(
  { buildDir }: SuiteContext,
  { rereadSeconds, connections }: { rereadSeconds: number; connections: number },
  measure: (field: EmulatedField<never>) => Promise<Result>,
): Promise<Result> {
  const field = await startEmulatedField({
    buildDir,
    vars: {
      ...NO_LIMITS,
      VOD_CONNECTIONS: String(connections),
      VOD_REREAD_SECONDS: String(rereadSeconds),
    },
    peers: {},
    startLine: async () => undefined,
  });
  try {
    return await measure(field);
  } finally {
    await field.stop();
  }
}

function measuredOf(tasks: number, flights: Flight[]): Measured {
  return {
    tasks,
    lag: lagFigures(flights.flatMap(({ lagsMs }) => lagsMs)),
    afterEnd: lagFigures(flights.flatMap(({ afterEndMs }) => afterEndMs)),
    flights,
  };
}

function reckon(tasks: number): Reckoned {
  const { rereadAfterMs: firstMaxMs } = parseConfig(gatewayVars({})).vod;
  const runs = Math.max(1, Math.ceil(VIRTUAL_SAMPLES / tasks));
  const without = (options: { learntMs?: number }) =>
    lagFigures(
      Array.from({ length: runs }, (_, run) => rereadLags(virtualEnds(tasks, run), { firstMaxMs, ...options })).flat(),
    );
  return { tasks, fresh: without({}), learnt: without({ learntMs: LEARNT_MS }), polling: modelledPolling(tasks) };
}

function inFlightChecks(measured: readonly Measured[]): Check[] {
  return measured.map(({ tasks, flights }) =>
    exactly(
      `the fewest in flight together where ${tasks.toLocaleString("en")} were to be`,
      Math.min(...flights.map(({ mostInFlight }) => mostInFlight)),
      tasks,
    ),
  );
}

function targetOf(byEvent: readonly Measured[], connections: number): Target {
  const p99 = (tasks: number) => byEvent.find((one) => one.tasks === tasks)?.lag.p99 ?? Number.NaN;
  const most = MOST_TASKS.toLocaleString("en");
  return targetAtMost(
    `p99 of the lag by event at ${most} in flight beside ${FEW_TASKS}, ${connections} connections`,
    p99(MOST_TASKS) / p99(FEW_TASKS),
    LIMIT_OF_FEW,
    "×",
  );
}
