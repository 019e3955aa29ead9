import type { Fault } from "../../scripts/lib/emulator-client.ts";
import { createRandom, type Random } from "./random.ts";
import type { Trouble } from "./trouble.ts";
import { makeBlindness, makeFault, makeHang, quickFault, type Spell } from "./vendor-faults.ts";

export type EventTrouble = { drop: number; duplicate: number; delay_ms: number; jitter_ms: number };

/** What happens to the vendor, the network, the stores or the gateway when a given order is sent. */
export type Disturbance =
  | { kind: "fault"; fault: Fault }
  /** For a while all calls of some actions fail in the same way. */
  | ({ kind: "spell" } & Spell)
  | { kind: "events"; callback: EventTrouble }
  | { kind: "little_room"; concurrency: number; forMs: number }
  | { kind: "bad_work"; forMs: number }
  | { kind: "forge"; events: number }
  /** The cron trigger fires, out of its turn. */
  | { kind: "cron" }
  | { kind: "trouble"; trouble: Trouble; afterMs: number }
  | { kind: "kill"; afterMs: number };

export type DisturbanceOptions = {
  seed: number;
  tasks: number;
  kills: number;
  /** Only what is healed within seconds. */
  quick?: boolean;
};

const FAULT_SHARE = 0.2;
const ORDERS_BETWEEN_FORGERIES = 15;
const ORDERS_BETWEEN_EVENT_CHANGES = 12;
/** One of each in so many orders. */
const ORDERS_PER_DEATH = 50;
const ORDERS_PER_SECOND_LIFE = 40;
const ORDERS_PER_RECORD_OUTAGE = 100;
const ORDERS_PER_BROKEN_STATEMENT = 20;
const ORDERS_PER_LATE_STATEMENT = 40;
const ORDERS_PER_FILES_OUTAGE = 150;
const ORDERS_PER_BROKEN_FILE = 40;
const ORDERS_PER_HANG = 250;
const ORDERS_PER_BLINDNESS = 300;
const ORDERS_PER_CRON = 25;
/** Later than the dispatcher waits for the record's answer (20 s), or in time all the same. */
const LATE_STATEMENT_MS = 24_000;
const SLOW_STATEMENT_MOST_MS = 12_000;
/** A statement is repeated three times before its request fails; fewer failures must be noticed by nobody. */
const BROKEN_STATEMENTS_MAX = 3;
const DISTURBED_AFTER_MS = 400;

export function makeDisturbances({
  seed,
  tasks,
  kills,
  quick = false,
}: DisturbanceOptions): Map<number, Disturbance[]> {
  const disturbances = new Map<number, Disturbance[]>();
  const add = (order: number, disturbance: Disturbance) =>
    disturbances.set(order, [...(disturbances.get(order) ?? []), disturbance]);
  /** One in each equal part of the run, so that each meets a gateway that has come back. */
  const spread = (purpose: string, times: number, make: (random: Random) => Disturbance) => {
    const random = createRandom(seed, purpose);
    for (let part = 0; part < times; part++) {
      const order = Math.floor(((part + 0.15 + 0.8 * random.next()) / times) * tasks);
      add(Math.max(1, order), make(random));
    }
  };
  const oncePer = (orders: number) => Math.ceil(tasks / orders);

  const faults = createRandom(seed, "faults");
  for (let order = 1; order <= tasks; order++) {
    if (faults.chance(FAULT_SHARE))
      add(order, { kind: "fault", fault: quick ? quickFault(faults) : makeFault(faults) });
    if (faults.chance(0.01)) add(order, { kind: "bad_work", forMs: faults.between(200, 800) });
    if (faults.chance(0.004)) add(order, { kind: "little_room", concurrency: 2, forMs: faults.between(200, 600) });
  }
  const events = createRandom(seed, "events");
  for (let order = 1; order <= tasks; order += events.between(1, 2 * ORDERS_BETWEEN_EVENT_CHANGES)) {
    add(order, { kind: "events", callback: makeEventTrouble(events) });
  }
  const forgeries = createRandom(seed, "forgeries");
  for (let order = ORDERS_BETWEEN_FORGERIES; order <= tasks; order += ORDERS_BETWEEN_FORGERIES) {
    add(order, { kind: "forge", events: forgeries.between(4, 12) });
  }
  spread("kills", kills, (random) => ({ kind: "kill", afterMs: random.between(0, DISTURBED_AFTER_MS) }));

  const trouble = (make: (random: Random) => Trouble) => (random: Random) =>
    ({ kind: "trouble", trouble: make(random), afterMs: random.between(0, DISTURBED_AFTER_MS) }) as const;
  spread(
    "deaths",
    oncePer(ORDERS_PER_DEATH),
    trouble(() => ({ kind: "object_dies" })),
  );
  spread(
    "second lives",
    oncePer(ORDERS_PER_SECOND_LIFE),
    trouble(() => ({ kind: "second_life" })),
  );
  spread(
    "record outages",
    oncePer(ORDERS_PER_RECORD_OUTAGE),
    trouble((random) => recordOutage(random, quick)),
  );
  spread("broken statements", oncePer(ORDERS_PER_BROKEN_STATEMENT), trouble(brokenStatements));
  spread(
    "files outages",
    oncePer(ORDERS_PER_FILES_OUTAGE),
    trouble((random) => filesOutage(random, quick)),
  );
  spread(
    "broken files",
    oncePer(ORDERS_PER_BROKEN_FILE),
    trouble((random) => ({ kind: "files_break", calls: random.between(1, 2) })),
  );
  spread("crons", oncePer(ORDERS_PER_CRON), () => ({ kind: "cron" }));
  if (quick) return disturbances;
  spread(
    "late statements",
    oncePer(ORDERS_PER_LATE_STATEMENT),
    trouble((random) => ({
      kind: "record_late",
      calls: random.between(1, 2),
      delayMs: random.chance(0.4) ? LATE_STATEMENT_MS : random.between(500, SLOW_STATEMENT_MOST_MS),
    })),
  );
  spread("blindness", oncePer(ORDERS_PER_BLINDNESS), (random) => ({ kind: "spell", ...makeBlindness(random) }));
  spread("hangs", oncePer(ORDERS_PER_HANG), (random) => ({ kind: "spell", ...makeHang(random) }));
  return disturbances;
}

function recordOutage(random: Random, quick: boolean): Trouble {
  const [least, most] = quick
    ? ([1_000, 2_500] as const)
    : random.weighted([
        [6, [1_000, 5_000] as const],
        [3, [5_000, 20_000] as const],
        [1, [20_000, 60_000] as const],
      ]);
  return { kind: "record_away", forMs: random.between(least, most), hang: random.chance(0.3) };
}

function brokenStatements(random: Random): Trouble {
  return { kind: "record_breaks", calls: random.between(1, BROKEN_STATEMENTS_MAX), executed: random.chance(0.6) };
}

function filesOutage(random: Random, quick: boolean): Trouble {
  return { kind: "files_away", forMs: random.between(1_000, quick ? 2_000 : 8_000) };
}

function makeEventTrouble(random: Random): EventTrouble {
  return {
    drop: random.weighted([
      [50, 0],
      [30, 0.3],
      [20, 1],
    ]),
    duplicate: random.weighted([
      [60, 0],
      [25, 1],
      [15, 5],
    ]),
    delay_ms: random.weighted([
      [70, 0],
      [20, 300],
      [10, 2_000],
    ]),
    jitter_ms: random.weighted([
      [60, 0],
      [25, 500],
      [15, 4_000],
    ]),
  };
}
