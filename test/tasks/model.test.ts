/*
 * Model check: arbitrary orders of everything that can happen to tasks; after every step the books of both sides must
 * agree. Time is virtual: gateway and vendor move only when a command moves them, so that a seed replays as it was.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { isTerminal } from "../../src/tasks/state.ts";
import type { TaskRow } from "../../src/store/types.ts";
import {
  addKey,
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type EmulatorTask,
  type Gateway,
  type Json,
  startGateway,
} from "../support/gateway.ts";

const SEED = 20_261_121;
const RUNS = 80;
const COMMANDS_MAX = 35;
const TIME_LIMIT_MS = 22_000;
const TEST_TIMEOUT_MS = 60_000;
const CONCURRENCY = 2;

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";
const CREATE = "CreateAigcVideoTask";
const NO_ROOM = "RequestLimitExceeded";
const VENDOR_FAILURE = "ContentModerationFailed";

/** How far the vendor's clock may be ahead: less than the margin within which a task is looked for. */
const LEAD_MAX_SECONDS = 110;
/** The vendor refuses a call whose signature is older. */
const SIGNATURE_LIFETIME_MS = 5 * 60 * 1000;
/** T of a notification is that far ahead. */
const EVENT_LIFETIME_SECONDS = 600;
/** At rest: longer than any pause of the dispatcher, and in all far less than the three days the vendor remembers. */
const REST_STEP_SECONDS = 31 * 60;
const REST_STEPS_MAX = 30;
/** Nothing happens by itself once nothing has happened for so many turns of the event loop. */
const QUIET_TURNS = 4;

const OUTCOMES = {
  success: "success",
  failure: { ErrCode: 70_000, ErrCodeExt: VENDOR_FAILURE, Message: "Refused after a look at it." },
  no_room: { ErrCode: 70_000, ErrCodeExt: NO_ROOM, Message: "Too many at once." },
} as const;
type Outcome = keyof typeof OUTCOMES;

/** A create call hangs in the network: on its way, or answered by the vendor and the answer on its way. */
type Stage = "request" | "answer";
type Held = {
  goOn: () => void;
  /** Nobody waits for it any more; the call itself may still arrive. */
  forget: () => void;
  /** The gateway gives it up. */
  timeOut: () => void;
};

type Submission = { owner: string; sessionId: string | undefined; key: string | undefined; alone: boolean };
type Books = { rows: Map<string, TaskRow>; claims: Map<string, string>; paid: EmulatorTask[] };

function must(condition: boolean, text: () => string): void {
  if (!condition) throw new Error(text());
}

let worlds = 0;

/** Gateway and vendor with the network between them, and what has been seen of them so far. */
class World {
  gateway!: Gateway;
  readonly owners: string[];
  holdNext: Stage | undefined;
  held: Held[] = [];
  /** Calls that the gateway gave up while they were on their way to the vendor. */
  stragglers: { at: number; arrive: () => Promise<unknown> }[] = [];
  outcome: Outcome = "success";
  leadSeconds = 0;
  nowMs = Date.now();
  /** Submissions without an answer so far. */
  readonly open = new Set<Promise<void>>();
  readonly complaints: string[] = [];
  readonly known = new Set<string>();
  readonly outcomes = new Map<string, Outcome>();
  readonly ends = new Map<string, string>();
  /** The lowest position told for an attempt. A new life of the dispatcher may forget it. */
  told = new Map<string, number>();
  private busy = 0;
  private dead = false;
  private sleepers: { until: number; wake: () => void }[] = [];

  constructor() {
    worlds += 1;
    this.owners = [`acme-${worlds}`, `other-${worlds}`];
  }

  async start(): Promise<this> {
    const tables = ["tasks", "task_requests", "session_claims", "idempotency_keys", "events"];
    await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
    await emulator.reset({ task_seconds: 60 });
    this.gateway = await startGateway({
      env: { VOD_CONCURRENCY: String(CONCURRENCY) },
      deps: {
        now: () => this.nowMs,
        fetch: (request) => this.transmit(request),
        sleep: (ms) => new Promise((wake) => void this.sleepers.push({ until: this.nowMs + ms, wake })),
        defer: () => {},
      },
    });
    for (const owner of this.owners) await addKey(`sk-${owner}`, owner, ["submit", "read"]);
    this.countStoreCalls();
    return this;
  }

  /** A timer that is left over from this world must not touch the next one. */
  end(): void {
    this.dead = true;
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.dead) throw new Error("This world has ended.");
    this.busy += 1;
    try {
      return await work();
    } finally {
      this.busy -= 1;
    }
  }

  private countStoreCalls(): void {
    for (const part of Object.values(this.gateway.services.store)) {
      if (typeof part === "function") continue;
      const calls = part as Record<string, (...input: unknown[]) => Promise<unknown>>;
      for (const [name, call] of Object.entries(calls)) {
        calls[name] = (...input) => this.counted(() => call.apply(part, input));
      }
    }
  }

  private exchange(request: Request): Promise<() => Response> {
    return this.counted(async () => {
      try {
        const response = await env.EMULATOR.fetch(request);
        const text = await response.text();
        return () => new Response(text, { status: response.status });
      } catch {
        return () => {
          throw new Error("The connection broke.");
        };
      }
    });
  }

  private async transmit(request: Request): Promise<Response> {
    const stage = request.headers.get("x-tc-action") === CREATE ? this.holdNext : undefined;
    if (stage === undefined) return (await this.exchange(request))();
    this.holdNext = undefined;
    // Without the signal of the caller's real clock.
    const sent = new Request(request.url, {
      method: "POST",
      headers: request.headers,
      body: await request.text(),
    });
    const answer = stage === "answer" ? await this.exchange(sent) : undefined;
    const forget = () => {
      if (!answer) this.stragglers.push({ at: this.nowMs, arrive: () => this.exchange(sent) });
    };
    return new Promise<Response>((resolve, reject) => {
      this.held.push({
        goOn: () =>
          void (answer ? Promise.resolve(answer) : this.exchange(sent)).then((read) => resolve(read())).catch(reject),
        forget,
        timeOut: () => {
          forget();
          reject(new DOMException("The call took too long.", "TimeoutError"));
        },
      });
    });
  }

  async quiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.busy > 0) turns = -1;
    }
  }

  /** The gateway's clock, and with it the vendor's unless that is ahead already. */
  async advance(seconds: number): Promise<void> {
    this.nowMs += seconds * 1000;
    const vendorSeconds = Math.max(0, seconds - this.leadSeconds);
    this.leadSeconds = Math.max(0, this.leadSeconds - seconds);
    if (vendorSeconds > 0) await emulator.call("POST", "clock", { advance_seconds: vendorSeconds });
    const due = this.sleepers.filter(({ until }) => until <= this.nowMs);
    this.sleepers = this.sleepers.filter(({ until }) => until > this.nowMs);
    for (const { wake } of due) wake();
  }

  async advanceVendor(seconds: number): Promise<void> {
    this.leadSeconds += seconds;
    await emulator.call("POST", "clock", { advance_seconds: seconds });
  }

  /** What was in the air is answered to nobody; what was on its way to the vendor may arrive. */
  async restart(): Promise<void> {
    const { held } = this;
    this.held = [];
    // Whoever waited for such an answer waits in vain.
    if (held.length > 0) this.open.clear();
    for (const call of held) call.forget();
    this.told = new Map();
    await this.gateway.restart();
  }

  call(method: string, path: string, owner: string, init: RequestInit = {}): Promise<Response> {
    return this.gateway.request(path, { ...init, method, key: `sk-${owner}` });
  }

  notify(event: unknown): Promise<Response> {
    return this.gateway.post(CALLBACK, event, { key: null });
  }

  completion(task: EmulatorTask, content: Json = {}) {
    return completionOf(task, { content, t: Math.floor(this.nowMs / 1000) + EVENT_LIFETIME_SECONDS });
  }

  submit(submission: Submission, body: Json): void {
    const { owner, sessionId, key } = submission;
    const answered = this.call("POST", VIDEO, owner, {
      headers: { "content-type": "application/json", ...(key && { "idempotency-key": key }) },
      body: JSON.stringify({ ...CAR, ...body, ...(sessionId && { session_id: sessionId }) }),
    })
      .then(async (response) => this.judgeAnswer(submission, response, await response.json<Json>()))
      .catch((error: unknown) => void this.complaints.push(String(error)))
      .finally(() => this.open.delete(answered));
    this.open.add(answered);
  }

  private async judgeAnswer({ owner, sessionId, alone }: Submission, response: Response, answer: Json): Promise<void> {
    const id = String(answer.request_id);
    const text = () => `${response.status} ${JSON.stringify(answer)}`;
    const row = await env.DB.prepare("SELECT * FROM tasks WHERE id = ?1").bind(id).first<TaskRow>();
    must(row?.owner === owner, () => `an answer names a task that its owner does not have: ${text()}`);
    const replayed = response.headers.get("idempotent-replayed") === "true";
    switch (response.status) {
      case 200:
        must(row?.session_id === (sessionId ?? null), () => `the answer is another request's: ${text()}`);
        must(replayed || !this.known.has(id), () => `two submissions got one task: ${text()}`);
        if (!replayed) {
          this.known.add(id);
          if (row) this.tell(row, Number(answer.queue_position));
        }
        return;
      case 409:
        must(
          answer.code === "duplicate_session_id" && row?.session_id === sessionId,
          () => `not the same session: ${text()}`,
        );
        if (alone) {
          const claim = await env.DB.prepare("SELECT task_id FROM session_claims WHERE owner = ?1 AND session_id = ?2")
            .bind(owner, sessionId)
            .first<{ task_id: string }>();
          must(claim?.task_id === id, () => `refused for a session_id that was given back: ${text()}`);
        }
        return;
      default:
        must(
          answer.code === "idempotency_key_reused" || row?.status === "failed",
          () => `a submission was answered with ${text()}, its task is ${row?.status}`,
        );
    }
  }

  private tell(row: Pick<TaskRow, "id" | "attempt" | "status">, position: number): void {
    const name = `${row.id}-${row.attempt}`;
    const told = this.told.get(name);
    must(told === undefined || position <= told, () => `${name}: position ${told} rose to ${position}`);
    this.told.set(name, position);
  }

  /** Reads as its client does, and compares with D1. */
  async read(id: string, owner: string): Promise<void> {
    const row = await env.DB.prepare("SELECT * FROM tasks WHERE id = ?1").bind(id).first<TaskRow>();
    if (!row) throw new Error("It was there a moment ago.");
    const status = await (await this.call("GET", `${REQUESTS}/${id}/status`, owner)).json<Json>();
    const over = isTerminal(row.status);
    must(
      (status.status === "COMPLETED") === over,
      () => `${id} is ${row.status}, its client reads ${JSON.stringify(status)}`,
    );
    if (status.status === "IN_QUEUE") this.tell(row, Number(status.queue_position));
    const result = await this.call("GET", `${REQUESTS}/${id}`, owner);
    const answer = await result.json<Json>();
    const text = () => `${id} is ${row.status}, its result ${result.status} ${JSON.stringify(answer)}`;
    must(over || result.status === 400, text);
    must((result.status === 200) === (row.status === "succeeded"), text);
    if (row.status !== "succeeded") return;
    const made = JSON.parse(row.result ?? "null") as { Output: { FileInfos: { FileUrl: string }[] } };
    must((answer.video as Json).url === made.Output.FileInfos[0]?.FileUrl, text);
    must(answer.session_id === (row.session_id ?? ""), text);
  }

  async tasks(): Promise<TaskRow[]> {
    return (await env.DB.prepare("SELECT * FROM tasks ORDER BY id").all<TaskRow>()).results;
  }

  async books(): Promise<Books> {
    const [tasks, claims] = await env.DB.batch<TaskRow & { task_id: string }>([
      env.DB.prepare("SELECT * FROM tasks ORDER BY id"),
      env.DB.prepare("SELECT owner, session_id, task_id FROM session_claims"),
    ]);
    return {
      rows: new Map(tasks?.results.map((row) => [row.id, row])),
      claims: new Map(claims?.results.map((claim) => [`${claim.owner}/${claim.session_id}`, claim.task_id])),
      paid: await emulator.tasks(),
    };
  }
}

const taskIdOf = ({ SessionId }: EmulatorTask) => SessionId.replace(/-\d+$/, "");
const attemptOf = ({ SessionId }: EmulatorTask) => Number(SessionId.split("-").at(-1));

/** What holds after every step. */
async function checkBooks(world: World): Promise<void> {
  must(world.complaints.length === 0, () => world.complaints.join("; "));
  const { rows, claims, paid } = await world.books();
  for (const task of paid) if (!world.outcomes.has(task.TaskId)) world.outcomes.set(task.TaskId, world.outcome);
  const orphan = paid.find((task) => !rows.has(taskIdOf(task)));
  must(orphan === undefined, () => `${orphan?.SessionId} is paid, and the gateway has no such task`);
  must(new Set(paid.map(({ SessionId }) => SessionId)).size === paid.length, () => "a SessionId was accepted twice");
  const working = paid.filter(({ Status }) => Status !== "FINISH").length;
  must(working <= CONCURRENCY, () => `the vendor works on ${working} tasks at once`);

  const attempts = Map.groupBy(paid, taskIdOf);
  for (const row of rows.values()) checkTask(world, row, attempts.get(row.id) ?? [], claims);

  const states = Array.from(rows.values(), ({ status }) => status);
  const report = await world.gateway.services.dispatcher.report();
  const counts = {
    waiting: states.filter((status) => status === "queued").length,
    running: states.filter((status) => status !== "queued" && !isTerminal(status)).length,
  };
  must(report.running <= CONCURRENCY, () => `${report.running} slots are taken`);
  must(
    report.waiting === counts.waiting && report.running === counts.running,
    () => `the dispatcher counts ${JSON.stringify(report)}, D1 ${JSON.stringify(counts)}`,
  );
}

/** One task against its attempts at the vendor. */
function checkTask(world: World, row: TaskRow, attempts: EmulatorTask[], claims: Map<string, string>): void {
  const outcomeOf = (task: EmulatorTask) => world.outcomes.get(task.TaskId);
  const real = attempts.filter((task) => outcomeOf(task) !== "no_room");
  const [one] = real;
  const text = (problem: string) => () =>
    `${row.id} (${row.status} ${row.error_code ?? ""}, attempt ${row.attempt}): ${problem}; the vendor has ${
      attempts.map((task) => `${task.SessionId.slice(-1)} ${outcomeOf(task)} ${task.Status}`).join(", ") || "nothing"
    }`;

  must(real.length <= 1, text("paid twice"));
  must(
    attempts.every((task) => attemptOf(task) <= row.attempt),
    text("an attempt that was never begun"),
  );
  must(
    real.every((task) => attemptOf(task) === row.attempt),
    text("an attempt was given up that the vendor works on"),
  );
  must(row.status !== "expired", text("nobody found out what became of it"));
  if (row.status === "canceled") must(!one, text("canceled, and paid"));
  if (row.status === "succeeded") {
    const same = one?.TaskId === row.vendor_task_id && one?.Status === "FINISH" && outcomeOf(one) === "success";
    must(same, text("not what the vendor has"));
  }
  if (row.status === "failed") {
    const byVendor = one?.Status === "FINISH" && outcomeOf(one) === "failure" && row.error_code === VENDOR_FAILURE;
    must(byVendor || !one, text("not what the vendor has"));
  }

  const last = world.ends.get(row.id);
  const end = JSON.stringify([row.status, row.error_code, row.vendor_task_id, row.result, row.finished_at]);
  must(last === undefined || last === end, text(`was ${last} before`));
  if (isTerminal(row.status)) world.ends.set(row.id, end);

  if (row.session_id === null) return;
  // An attempt that the vendor took and then had no room for counts: it reached the vendor.
  const keeps = attempts.length > 0 || !isTerminal(row.status);
  const holder = claims.get(`${row.owner}/${row.session_id}`);
  must(!keeps || holder === row.id, text(`its session_id belongs to ${holder}`));
  must(keeps || holder !== row.id, text("its session_id was not given back"));
}

/** Faults stop; nobody tells the gateway anything more. It must find out by itself. */
async function driveToRest(world: World): Promise<void> {
  world.holdNext = undefined;
  world.outcome = "success";
  await emulator.call("PUT", "config", { outcome: "success", task_seconds: 60 });
  for (const call of world.held.splice(0)) call.timeOut();
  await world.quiet();
  for (let passed = 0; passed < REST_STEPS_MAX; passed++) {
    await world.advance(REST_STEP_SECONDS);
    void world.gateway.tick();
    await world.quiet();
    await checkBooks(world);
    const { rows, paid } = await world.books();
    const active = Array.from(rows.values()).filter(({ status }) => !isTerminal(status));
    if (active.length > 0 || world.open.size > 0) continue;
    must(
      paid.every((task) => task.Status === "FINISH"),
      () => "the vendor works on a task nobody waits for",
    );
    for (const row of rows.values()) await checkResult(world, row);
    return;
  }
  const { rows } = await world.books();
  const left = Array.from(rows.values()).filter(({ status }) => !isTerminal(status));
  throw new Error(
    `never over: ${left.map(({ id, status }) => `${id} ${status}`).join(", ")}; unanswered: ${world.open.size}`,
  );
}

async function checkResult(world: World, row: TaskRow): Promise<void> {
  await world.read(row.id, row.owner);
  if (row.status !== "succeeded") return;
  const ask = () => world.gateway.services.vod.describeTask(row.vendor_task_id ?? "");
  let answer = await ask();
  // Faults that were never met are used up here.
  for (let tries = 0; !answer.ok && tries < COMMANDS_MAX; tries++) answer = await ask();
  must(
    answer.ok && JSON.stringify(answer.value.AigcVideoTask) === row.result,
    () => `${row.id} has another result than the vendor: ${row.result}`,
  );
}

type Model = Record<string, never>;

class Step implements fc.AsyncCommand<Model, World> {
  private readonly name: string;
  private readonly work: (world: World) => Promise<unknown> | void;

  constructor(name: string, work: (world: World) => Promise<unknown> | void) {
    this.name = name;
    this.work = work;
  }

  check = () => true;

  async run(_: Model, world: World): Promise<void> {
    // No two steps at the same millisecond: ids tell the order of arrival.
    world.nowMs += 1;
    await this.work(world);
    await world.quiet();
    await checkBooks(world);
  }

  toString = () => this.name;
}

const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % Math.max(1, items.length)];
const any = fc.nat({ max: 11 });

function step<T>(arbitrary: fc.Arbitrary<T>, name: string, work: (world: World, input: T) => Promise<unknown> | void) {
  return arbitrary.map((input) => new Step(`${name} ${JSON.stringify(input)}`, (world) => work(world, input)));
}

const submission = fc.record({
  owner: fc.nat({ max: 1 }),
  session: fc.constantFrom(undefined, "s1", "s1", "s1", "s2"),
  key: fc.constantFrom(undefined, undefined, "k1", "k2"),
  /** The vendor refuses it whenever it is sent. */
  flawed: fc.constantFrom(false, false, false, false, true),
  hurried: fc.constantFrom(false, false, false, false, true),
  priority: fc.constantFrom(0, 0, 5),
  copies: fc.constantFrom(1, 1, 1, 2),
});

const submit = step(submission, "submit", (world, { owner, session, key, flawed, hurried, priority, copies }) => {
  for (let copy = 0; copy < copies; copy++) {
    world.submit(
      { owner: world.owners[owner] ?? "", sessionId: session, key, alone: copies === 1 },
      {
        ...(flawed && { made_up_member: 1 }),
        ...(hurried && { start_timeout: 40 }),
        ...(priority && { tasks_priority: priority }),
      },
    );
  }
});

const createFault = step(
  fc.constantFrom<Json>(
    { kind: "drop_before_accept" },
    { kind: "drop_after_accept" },
    { kind: "http_500" },
    { kind: "bad_json" },
    { kind: "error", code: "InternalError" },
    { kind: "error", code: NO_ROOM },
    { kind: "error", code: "LimitExceeded" },
    { kind: "error", code: "AuthFailure.SignatureFailure" },
  ),
  "next create call:",
  (_, fault) => emulator.fault({ action: CREATE, ...fault }),
);

const readFault = step(
  fc.constantFrom<Json>(
    { action: "DescribeTaskDetail", kind: "http_500" },
    { action: "DescribeTaskDetail", kind: "bad_json" },
    { action: "DescribeTasks", kind: "http_500" },
  ),
  "next reading:",
  (_, fault) => emulator.fault(fault),
);

const vendorMood = step(
  fc.record({
    outcome: fc.constantFrom<Outcome>("success", "failure", "no_room", "no_room"),
    seconds: fc.constantFrom(20, 60, 150),
  }),
  "the vendor's next tasks:",
  async (world, { outcome, seconds }) => {
    world.outcome = outcome;
    await emulator.call("PUT", "config", { outcome: OUTCOMES[outcome], task_seconds: seconds });
  },
);

const holdNext = step(fc.constantFrom("request", "answer"), "the next create call hangs as", (world, stage) => {
  world.holdNext = stage;
});

const held = step(
  fc.record({ which: any, how: fc.constantFrom("goOn", "timeOut") }),
  "a hanging call:",
  (world, { which, how }) => {
    const call = pick(world.held, which);
    world.held = world.held.filter((other) => other !== call);
    call?.[how]();
  },
);

const straggler = step(any, "a call that was given up arrives", async (world, which) => {
  const call = pick(world.stragglers, which);
  world.stragglers = world.stragglers.filter((other) => other !== call);
  if (call && world.nowMs - call.at < SIGNATURE_LIFETIME_MS) await call.arrive();
});

const vendorWorks = step(fc.constantFrom(20, 60), "the vendor works, seconds:", async (world, seconds) => {
  if (world.leadSeconds + seconds <= LEAD_MAX_SECONDS) await world.advanceVendor(seconds);
});

const time = step(fc.constantFrom(1, 3, 20, 60, 200, 700), "time and alarm, seconds:", async (world, seconds) => {
  await world.advance(seconds);
  void world.gateway.tick();
});

/** Genuine events of finished tasks, in any order, as often and as late as chance has it. */
const event = step(
  fc.record({ which: any, copies: fc.constantFrom(1, 1, 2) }),
  "event",
  async (world, { which, copies }) => {
    const task = pick(
      (await emulator.tasks()).filter(({ Status }) => Status === "FINISH"),
      which,
    );
    if (!task) return;
    const genuine = await world.completion(task);
    const answers = await Promise.all(Array.from({ length: copies }, () => world.notify(genuine)));
    must(
      answers.every(({ status }) => status === 200),
      () => "a genuine event was refused",
    );
  },
);

/** Signature and token are genuine, what is said is not. */
const forgery = step(
  fc.record({ which: any, other: any, kind: fc.constantFrom("body", "token", "task", "sign") }),
  "forged event",
  async (world, { which, other, kind }) => {
    const tasks = await emulator.tasks();
    const target = pick(tasks, which);
    if (!target) return;
    const before = JSON.stringify(Array.from((await world.books()).rows.values()));
    const lie = {
      ErrCode: 70_000,
      ErrCodeExt: "Forged",
      Output: { FileInfos: [{ FileUrl: "https://forged.test/x" }] },
    };
    const forged = await world.completion(target, {
      ...lie,
      ...(kind === "token" && { SessionContext: pick(tasks, other)?.SessionContext }),
      ...(kind === "task" && { TaskId: `${target.TaskId}0` }),
    });
    const response = await world.notify(kind === "sign" ? { ...forged, Sign: "0".repeat(32) } : forged);
    must(response.status === (kind === "sign" ? 401 : 200), () => `a forged event (${kind}) got ${response.status}`);
    if (kind !== "task" && kind !== "sign") return;
    const after = JSON.stringify(Array.from((await world.books()).rows.values()));
    must(after === before, () => `a forged event (${kind}) changed a task`);
  },
);

const restart = step(fc.constant(null), "restart", (world) => world.restart());
const reconcile = step(fc.constant(null), "reconcile", (world) => world.gateway.reconcile());

const cancel = step(
  fc.record({
    which: any,
    waiting: fc.boolean(),
    foreign: fc.constantFrom(false, false, false, true),
    withEvent: fc.boolean(),
  }),
  "cancel",
  async (world, { which, waiting, foreign, withEvent }) => {
    const tasks = await world.tasks();
    const task = pick(waiting ? tasks.filter(({ status }) => status === "queued") : tasks, which);
    if (!task) return;
    const owner = foreign ? world.owners.find((name) => name !== task.owner) : task.owner;
    const finished = (await emulator.tasks()).find(({ Status }) => Status === "FINISH");
    const [response] = await Promise.all([
      world.call("PUT", `${REQUESTS}/${task.id}/cancel`, owner ?? ""),
      withEvent && finished && world.completion(finished).then((genuine) => world.notify(genuine)),
    ]);
    const row = (await world.books()).rows.get(task.id);
    must(!foreign || response.status === 404, () => `another owner's cancel got ${response.status}`);
    must(response.status !== 202 || row?.status === "canceled", () => `${task.id} was canceled, and is ${row?.status}`);
  },
);

const read = step(
  fc.record({ which: any, foreign: fc.constantFrom(false, false, false, true) }),
  "read",
  async (world, { which, foreign }) => {
    const task = pick(await world.tasks(), which);
    if (!task) return;
    if (!foreign) return world.read(task.id, task.owner);
    const owner = world.owners.find((name) => name !== task.owner) ?? "";
    for (const path of [`${REQUESTS}/${task.id}`, `${REQUESTS}/${task.id}/status`]) {
      const response = await world.call("GET", path, owner);
      must(response.status === 404, () => `another owner reads ${response.status} at ${path}`);
    }
  },
);

async function explore(kinds: fc.Arbitrary<Step>[], replayPath?: string): Promise<void> {
  const commands = fc.commands(kinds, {
    maxCommands: COMMANDS_MAX,
    size: "max",
    ...(replayPath !== undefined && { replayPath }),
  });
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const world = await new World().start();
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: world }), steps);
        await driveToRest(world);
      } finally {
        world.end();
      }
    }),
    { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: TIME_LIMIT_MS },
  );
}

describe("in any order of submissions, vendor faults, answers, events, forgeries, cancels, restarts and alarms", () => {
  it(
    "no task is paid twice, lost, or told to be over while it is paid; ends stay; session_ids and slots have one holder",
    async () => {
      await explore([
        submit,
        submit,
        createFault,
        readFault,
        vendorMood,
        holdNext,
        held,
        straggler,
        vendorWorks,
        time,
        time,
        event,
        event,
        forgery,
        restart,
        reconcile,
        cancel,
        read,
      ]);
    },
    TEST_TIMEOUT_MS,
  );
});

describe("in one order each", () => {
  const withSession = (world: World): Submission => ({
    owner: world.owners[0] ?? "",
    sessionId: "s1",
    key: undefined,
    alone: true,
  });

  it("a session_id that reached the vendor once is kept by a cancel after a requeue, in KV and D1 alike", async ({
    expect,
  }) => {
    const world = await new World().start();
    try {
      await emulator.call("PUT", "config", { outcome: OUTCOMES.no_room });
      world.outcome = "no_room";
      world.submit(withSession(world), {});
      await world.quiet();
      await world.advanceVendor(60);
      const [paid] = await emulator.tasks();
      if (!paid) throw new Error("The vendor has the task.");
      await world.notify(await world.completion(paid));
      const canceled = await world.call("PUT", `${REQUESTS}/${taskIdOf(paid)}/cancel`, world.owners[0] ?? "");
      expect(canceled.status).toBe(202);
      world.submit(withSession(world), {});
      await world.quiet();
      expect(world.complaints).toEqual([]);
      expect(world.known.size).toBe(1);
      expect(await env.DB.prepare("SELECT accepted FROM session_claims").first()).toEqual({ accepted: 1 });
    } finally {
      world.end();
    }
  });

  it("a task accepted by a late resend is found, though its answer and its event are lost", async ({ expect }) => {
    const world = await new World().start();
    try {
      await emulator.fault({ action: CREATE, kind: "drop_before_accept" });
      await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
      world.submit(withSession(world), {});
      await world.quiet();
      for (const seconds of [11 * 60, REST_STEP_SECONDS, REST_STEP_SECONDS, REST_STEP_SECONDS]) {
        await world.advance(seconds);
        await world.gateway.tick();
        await world.quiet();
      }
      expect(await emulator.tasks()).toHaveLength(1);
      expect((await world.tasks()).map(({ status }) => status)).toEqual(["succeeded"]);
    } finally {
      world.end();
    }
  });
});
