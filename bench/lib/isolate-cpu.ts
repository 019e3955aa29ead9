import { DEV_API_KEY } from "../../scripts/lib/local-env.ts";
import { submit } from "./client.ts";
import { openProfiler, type Profiler } from "./cpu-profile.ts";
import { load } from "./load.ts";
import type { Peer, PlainVendor } from "./peers.ts";
import { interleaved } from "./rounds.ts";
import { type RoundSize, submitRound } from "./submit-round.ts";
import { type Table, type Target, targetAtMost } from "./suite.ts";

/*
 * CPU of Worker and object alone. Locally both run in one isolate, the simulators of D1, KV and R2 in isolates of their
 * own: the profiler tells them apart, the operating system does not.
 */

const SUBJECTS = ["floor", "submission", "named", "poll"] as const;
type Subject = (typeof SUBJECTS)[number];

const TITLES: Record<Subject, string> = {
  floor: "Worker that only signs: submission",
  submission: "Reelgate: submission, no name",
  named: "Reelgate: submission with a session_id",
  poll: "Reelgate: poll of a task that is not over",
};

const POLLED_TASKS = 50;
const LIMIT_FLOORS = 3.5;

/** For all requests of a round. */
type Round = { requests: number; isolateMs: number; processMs: number };
export type IsolateCpu = Record<Subject, Round[]>;

export type IsolateField = { peers: Record<"floor" | "reelgate", Peer>; vendor: PlainVendor };

/** @param field whose Workers can be looked into, warm already */
export async function measureIsolates(
  { peers, vendor }: IsolateField,
  { rounds, ...size }: Omit<RoundSize, "named"> & { rounds: number },
): Promise<IsolateCpu> {
  const profilers = { floor: await profilerOf(peers.floor), reelgate: await profilerOf(peers.reelgate) };
  const submissions = (name: "floor" | "reelgate", named: boolean) =>
    measured(profilers[name], async () => {
      const { cpuMs, tasks } = await submitRound(name, peers[name], vendor, { ...size, named });
      return { requests: tasks, processMs: cpuMs };
    });
  const ways: Record<Subject, () => Promise<Round>> = {
    floor: () => submissions("floor", false),
    submission: () => submissions("reelgate", false),
    named: () => submissions("reelgate", true),
    poll: async () => {
      const ids = await newTasks(peers.reelgate);
      return measured(profilers.reelgate, () => pollRound(peers.reelgate, ids, size));
    },
  };
  try {
    return await interleaved(SUBJECTS, rounds, (subject) => ways[subject]());
  } finally {
    for (const profiler of Object.values(profilers)) profiler.close();
  }
}

function profilerOf({ inspectorUrl }: Peer): Promise<Profiler> {
  if (inspectorUrl === undefined) throw new TypeError("The peer was not started to be looked into");
  return openProfiler(inspectorUrl);
}

async function measured(profiler: Profiler, round: () => Promise<Omit<Round, "isolateMs">>): Promise<Round> {
  let done: Omit<Round, "isolateMs"> = { requests: 0, processMs: 0 };
  const isolateMs = await profiler.during(async () => {
    done = await round();
  });
  return { ...done, isolateMs };
}

/** Tasks that nobody ends. */
async function newTasks({ url: gatewayUrl }: Peer): Promise<string[]> {
  const target = { gatewayUrl, apiKey: DEV_API_KEY };
  const tasks = await Promise.all(Array.from({ length: POLLED_TASKS }, () => submit(target)));
  return tasks.map(({ id }) => id);
}

async function pollRound(
  peer: Peer,
  ids: readonly string[],
  { connections, seconds, leadInSeconds }: Pick<RoundSize, "connections" | "seconds" | "leadInSeconds">,
): Promise<Omit<Round, "isolateMs">> {
  const headers = { authorization: `Bearer ${DEV_API_KEY}` };
  let turn = 0;
  const before = await peer.cpuMilliseconds();
  const { answered } = await load({
    url: peer.url,
    connections,
    seconds,
    leadInSeconds,
    method: "GET",
    request: () => ({ path: `/tencent-vod/v1/requests/${ids[turn++ % ids.length]}/status`, headers, body: "" }),
  });
  return { requests: answered, processMs: (await peer.cpuMilliseconds()) - before };
}

function each(rounds: readonly Round[], figure: (round: Round) => number): number {
  const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
  return sum(figure) / sum(({ requests }) => requests);
}

export function isolateTable(cpu: IsolateCpu): Table {
  const own = (subject: Subject) => each(cpu[subject], ({ isolateMs }) => isolateMs);
  const whole = (subject: Subject) => each(cpu[subject], ({ processMs }) => processMs);
  return {
    title: "CPU of Worker and object alone",
    note: "Isolate: by V8's profiler, Worker and object together, without the simulators of D1, KV and R2. Process: by the operating system in the same rounds, everything included, the profiler's own work too.",
    columns: [
      "request",
      "isolate (ms per request)",
      "isolate beside the floor's (×)",
      "process (ms per request)",
      "process beside the floor's (×)",
    ],
    rows: SUBJECTS.map((subject) => [
      TITLES[subject],
      own(subject),
      own(subject) / own("floor"),
      whole(subject),
      whole(subject) / whole("floor"),
    ]),
  };
}

export function isolateTargets(cpu: IsolateCpu, where: string): Target[] {
  const own = each(cpu.named, ({ isolateMs }) => isolateMs);
  const floor = each(cpu.floor, ({ processMs }) => processMs);
  return [
    // The floor runs no simulator, so its process is what it costs; isolate beside isolate stands in the table.
    targetAtMost(
      `CPU of Worker and object, by the profiler, for a submission with a session_id beside the floor's process, ${where}`,
      own / floor,
      LIMIT_FLOORS,
      "×",
    ),
  ];
}
