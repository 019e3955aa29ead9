import { UNCLEAR_CODES } from "./vendor-moods.ts";
import { createRandom, type Random } from "../faults/random.ts";
import { FAULT_KINDS, type FaultKind, type FaultRates } from "./fate.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A model of the vendor's, and how long its tasks take. */
export type Model = {
  name: string;
  version: string;
  limit: number | undefined;
  takesMs: [least: number, most: number];
};

/** The world of a seed: how much there is to do, how the vendor behaves, what goes wrong and how often. */
export type Profile = {
  seed: number;
  orders: number;
  /** Orders come within this time. */
  spreadMs: number;
  /** Faults happen for so long. */
  faultsForMs: number;
  owners: string[];
  /** One owner sends this many of the orders at once. */
  flood: number;
  models: Model[];
  /** What the gateway is configured to, and what the vendor allows. */
  concurrency: number;
  vendorConcurrency: number;
  requestsPerSecond: number;
  vendorRequestsPerSecond: number;
  connections: number;
  /** Whether the vendor refuses a SessionId that it has seen, and with which code. */
  /** The code of its failures, where it has but one. */
  unclearCode: string | undefined;
  dedupe: boolean;
  duplicateCode: string;
  /** Created tasks are listed so much later. */
  listLagMs: number;
  /** The vendor's list never gets to these tasks: what is lost with answer and event is lost for good. */
  listHidden: boolean;
  maxWaiting: number;
  maxWaitingBytes: number;
  maxDailyBytes: number;
  maxUntold: number;
  /** Outages: how long one lasts at most. */
  vendorAwayMs: number;
  recordAwayMs: number;
  /** The object is set back to an earlier time once (point-in-time recovery): from one beat to another, of sixty. */
  restore: { copiedAtBeat: number; atBeat: number } | undefined;
  /** Clients come back after days, outages last a day: a world of a week instead of hours. */
  long: boolean;
  rates: FaultRates;
};

/** Rates of what is asked once a call, event or turn; those of what is asked once a minute of world time. */
const RATE_RARE = 0.01;
const RATE_OFTEN = 0.35;
const RATE_BAD = 0.8;
const BAD_SHARE = 0.06;
/** Of what is asked at each turn. */
const TURN_RATE_RARE = 0.001;
const TURN_RATE_OFTEN = 0.03;
const ASKED_EACH_TURN: ReadonlySet<FaultKind> = new Set(["crash_in_turn", "commit_slow", "alarm_late"]);

const DUPLICATE_CODES = [
  "InvalidParameterValue.SessionId",
  "FailedOperation.TaskDuplicate",
  "InvalidParameterValue",
  "ResourceNotFound",
  "InvalidParameter.SessionId",
  "InvalidParameterValue.SessionIdDuplicate",
  "InvalidParameter.SessionIdDuplicate",
] as const;

/** Each kind of fault is away from half of the seeds: many at once hide what a few of them do together. */
const KIND_SHARE = 0.4;

/** Seconds, minutes, an hour; hours, and so few at once that the queue is longer than names live. */
type Tempo = "brisk" | "usual" | "slow" | "long" | "crawl";

export function profileOf(seed: number): Profile {
  const random = createRandom(seed, "profile");
  const tempo = random.weighted<Tempo>([
    [47, "brisk"],
    [47, "usual"],
    [2, "slow"],
    [2, "long"],
    [2, "crawl"],
  ]);
  const long = tempo === "long" || tempo === "crawl";
  const hasty = tempo === "brisk" || tempo === "usual";
  const many = random.weighted([
    [3, 1],
    [3, 2],
    [3, 4],
    [1, 8],
    [1, 30],
  ]);
  // A vendor that answers hardly any call, and many calls to make.
  const hangs = hasty && random.chance(0.04);
  const concurrency = tempo === "crawl" ? 1 : hangs ? 30 : many;
  const vendorRequestsPerSecond = random.pick([2, 5, 20]);
  const orders = tempo === "crawl" ? random.between(28, 40) : random.between(2, 40);
  return {
    seed,
    orders,
    spreadMs: hasty ? random.pick([SECOND_MS, MINUTE_MS, 10 * MINUTE_MS]) : random.pick([MINUTE_MS, HOUR_MS]),
    faultsForMs: hasty ? random.between(2, 40) * MINUTE_MS : long ? DAY_MS : 5 * HOUR_MS,
    owners: ["acme", "globex", "initech"].slice(0, random.between(1, 3)),
    flood: hangs || (random.chance(0.15) && hasty) ? random.between(hangs ? 40 : 10, 60) : 0,
    models: modelsOf(random, tempo),
    concurrency,
    vendorConcurrency:
      random.chance(0.6) || tempo === "crawl" ? concurrency : Math.max(1, concurrency + random.between(-2, 2)),
    requestsPerSecond: random.chance(0.7) ? vendorRequestsPerSecond : 20,
    vendorRequestsPerSecond,
    connections: random.weighted([
      [1, 1],
      [2, 2],
      [5, 5],
    ]),
    unclearCode: random.chance(0.5) ? random.pick(UNCLEAR_CODES) : undefined,
    dedupe: random.chance(0.5),
    duplicateCode: random.pick(DUPLICATE_CODES),
    listLagMs: random.pick([0, 0, 2_000]),
    listHidden: random.chance(0.04),
    maxWaiting: random.chance(0.1) ? random.between(1, 5) : 5_000,
    maxWaitingBytes: random.chance(0.1) ? random.between(200, 60_000) : 512 * 1024 * 1024,
    maxDailyBytes: 20_000 * 1024 * 1024,
    maxUntold: random.chance(0.1) ? random.between(1, 5) : 500_000,
    vendorAwayMs: random.pick([5 * SECOND_MS, MINUTE_MS, 20 * MINUTE_MS]),
    recordAwayMs: long && random.chance(0.3) ? DAY_MS : random.pick([2 * SECOND_MS, MINUTE_MS]),
    restore: random.chance(0.05) ? restoreOf(random) : undefined,
    long,
    rates: { ...ratesOf(random), ...(hangs && { create_hangs: RATE_BAD }) },
  };
}

function restoreOf(random: Random): Profile["restore"] {
  const copiedAtBeat = random.between(1, 50);
  return { copiedAtBeat, atBeat: random.between(copiedAtBeat + 1, 58) };
}

function modelsOf(random: Random, tempo: Tempo): Model[] {
  const takesMs = (): [number, number] => {
    switch (tempo) {
      case "brisk":
        return [500, random.pick([1_000, 20_000])];
      case "usual":
        return [20 * SECOND_MS, random.between(1, 8) * MINUTE_MS];
      case "slow":
        return [10 * MINUTE_MS, HOUR_MS];
      case "long":
        return [HOUR_MS, 5 * HOUR_MS];
      case "crawl":
        return [3 * HOUR_MS, 6 * HOUR_MS];
    }
  };
  return [
    { name: "Kling", version: "2.1", limit: undefined, takesMs: takesMs() },
    { name: "Vidu", version: "q2", limit: random.chance(0.3) ? 1 : undefined, takesMs: takesMs() },
  ];
}

function ratesOf(random: Random): FaultRates {
  const rates = {} as FaultRates;
  const calm = random.chance(0.1);
  for (const kind of FAULT_KINDS) {
    const strength = random.next();
    const happens = random.chance(KIND_SHARE) && !calm;
    const [rare, often] = ASKED_EACH_TURN.has(kind) ? [TURN_RATE_RARE, TURN_RATE_OFTEN] : [RATE_RARE, RATE_OFTEN];
    // Evenly over the orders of magnitude; now and then hardly anything goes well.
    const usual = rare * (often / rare) ** strength;
    rates[kind] = happens ? (random.chance(BAD_SHARE) && !ASKED_EACH_TURN.has(kind) ? RATE_BAD : usual) : 0;
  }
  return rates;
}
