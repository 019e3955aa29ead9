/* Reading and watching where object and record do not answer alike: moved, away, limited. */
import { describe, it } from "vitest";
import type { Services } from "../../src/services.ts";
import { StoreUnavailableError } from "../../src/store/index.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import {
  DispatcherUnavailableError,
  type Observation,
  type TaskRow,
  type TaskStatus,
} from "../../src/tasks/contract.ts";
import { readTask } from "../../src/tasks/read.ts";
import { eraseTask } from "../../src/tasks/erase.ts";
import { TaskCache } from "../../src/tasks/task-cache.ts";
import { openWatch, taskState, TooManyWatchersError, waitUntilOver } from "../../src/tasks/watch.ts";

const ID = "01a21000-8800-7400-94da-ac6b1e562216";

function rowAs(status: TaskStatus): TaskRow {
  return {
    id: ID,
    owner: "acme",
    dialect: "aigc",
    action: "CreateAigcVideoTask",
    model_name: "Kling",
    model_version: "1.6",
    client_model: null,
    status,
    attempt: 1,
    priority: 0,
    session_id: null,
    session_context: null,
    parent_id: null,
    outline: null,
    vendor_task_id: null,
    error_code: null,
    error_message: null,
    history: "[]",
    created_at: 1,
    submitted_at: 1,
    finished_at: null,
    deleted_at: null,
    result: null,
  };
}

const seen = (status: TaskStatus, version: string, limited = false): Observation => ({
  version,
  task: rowAs(status),
  position: null,
  ...(limited && { limited }),
});

const away = () => Promise.reject(new DispatcherUnavailableError("away"));
const recordAway = () => Promise.reject(new StoreUnavailableError("away"));

/** Services whose object answers `looks` one after the other, the last one for ever, and whose record is told what to have. */
function start({
  looks = [],
  record,
}: {
  looks?: (() => Promise<Observation | undefined>)[];
  record?: () => Promise<TaskRow | null>;
}) {
  const world = { now: 0, asked: [] as { version?: string | undefined; timeoutMs: number }[], order: [] as string[] };
  const object = async () => {
    world.order.push("object");
    const look = looks.length > 1 ? looks.shift() : looks[0];
    return look?.();
  };
  const inRecord = async () => {
    world.order.push("record");
    return (await record?.()) ?? null;
  };
  const services = {
    deps: { now: () => world.now, sleep: async (ms: number) => void (world.now += ms) },
    cache: new TaskCache(() => world.now),
    dispatcher: {
      observe: async ({ version, timeoutMs }: { version?: string; timeoutMs: number }) => {
        world.asked.push({ version, timeoutMs });
        const observation = await object();
        if (observation?.version === version && !observation?.limited) world.now += timeoutMs;
        return observation;
      },
      read: async () => (await object())?.task,
      cancel: async () => ((await object()) ? "canceled" : "not_found"),
      erase: async () => ((await object()) ? "erased" : "not_found"),
    },
    store: {
      record: {
        find: inRecord,
        findStatus: inRecord,
        sessionOf: async () => ((await inRecord()) === null ? undefined : "s"),
        erase: async () => true,
      },
    },
  } as unknown as Services;
  return { services, world };
}

const look =
  (status: TaskStatus, version: string, limited = false) =>
  async () =>
    seen(status, version, limited);
const recorded = async () => rowAs("succeeded");

/** What is asked of a task, whoever has it, and what a task that only the record has makes of it. */
const questions: [string, (services: Services) => Promise<unknown>, unknown, unknown][] = [
  ["read", (services) => readTask(services, "acme", ID).then((task) => task?.status), "succeeded", undefined],
  ["status", (services) => taskState(services, "acme", ID).then((task) => task?.status), "succeeded", undefined],
  ["cancel", (services) => cancelTask(services, "acme", ID), "already_over", "not_found"],
  ["erase", (services) => eraseTask(services, "acme", ID).then(({ kind }) => kind), "erased", "not_found"],
];

describe.for(questions)("%s", ([, ask, found, missing]) => {
  it("goes to the record only when the object does not have the task", async ({ expect }) => {
    const { services, world } = start({ looks: [look("running", "1")], record: recorded });
    await ask(services);
    expect(world.order).toEqual(["object"]);
  });

  it("finds what has moved to the record, asking the object first", async ({ expect }) => {
    const { services, world } = start({ record: recorded });
    expect(await ask(services)).toBe(found);
    expect(world.order).toEqual(["object", "record"]);
  });

  it("is not found only after both have said so", async ({ expect }) => {
    const { services, world } = start({});
    expect(await ask(services)).toBe(missing);
    expect(world.order).toEqual(["object", "record"]);
  });

  it("is answered by the record while the object is away, and by nobody when it is not there either", async ({
    expect,
  }) => {
    expect(await ask(start({ looks: [away], record: recorded }).services)).toBe(found);
    await expect(ask(start({ looks: [away] }).services)).rejects.toBeInstanceOf(DispatcherUnavailableError);
  });

  it("of a task that only the record can have waits for the record", async ({ expect }) => {
    await expect(ask(start({ record: recordAway }).services)).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});

describe("a wait", () => {
  it("ends with the task, or with its time", async ({ expect }) => {
    const { services } = start({ looks: [look("running", "1"), look("succeeded", "2")] });
    expect(await waitUntilOver(services, "acme", ID, 60_000)).toMatchObject({ status: "succeeded" });
    const { services: slow, world } = start({ looks: [look("running", "1")] });
    expect(await waitUntilOver(slow, "acme", ID, 60_000)).toMatchObject({ status: "running" });
    expect(world.now).toBe(60_000);
  });

  it("that may not begin is refused at once", async ({ expect }) => {
    const { services, world } = start({ looks: [look("running", "1"), look("running", "1", true)] });
    await expect(waitUntilOver(services, "acme", ID, 60_000)).rejects.toBeInstanceOf(TooManyWatchersError);
    expect(world.now).toBe(0);
  });

  it("that has begun goes on by polling", async ({ expect }) => {
    const limited = look("running", "2", true);
    const { services, world } = start({
      looks: [look("queued", "1"), look("running", "2"), limited, limited, look("succeeded", "3")],
    });
    expect(await waitUntilOver(services, "acme", ID, 60_000)).toMatchObject({ status: "succeeded" });
    expect([world.asked.length, world.now > 0 && world.now < 60_000]).toEqual([5, true]);
  });

  it("survives an object, and a record, that are away for a while", async ({ expect }) => {
    const { services } = start({ looks: [look("running", "1"), away, away, look("succeeded", "2")] });
    expect(await waitUntilOver(services, "acme", ID, 60_000)).toMatchObject({ status: "succeeded" });
    let tries = 0;
    const gone = async () => undefined;
    const record = async () => ((tries += 1) < 3 ? recordAway() : rowAs("succeeded"));
    const moved = start({ looks: [look("running", "1"), gone], record });
    expect(await waitUntilOver(moved.services, "acme", ID, 60_000)).toMatchObject({ status: "succeeded" });
  });
});

describe("a watch", () => {
  it("that may not begin is refused before it does, in no time", async ({ expect }) => {
    const { services, world } = start({ looks: [look("running", "1"), look("running", "1", true)] });
    await expect(openWatch(services, "acme", ID)).rejects.toBeInstanceOf(TooManyWatchersError);
    expect(world.now).toBe(0);
  });

  it("of a finished task asks for nothing more", async ({ expect }) => {
    const { services, world } = start({ record: recorded });
    const watch = await openWatch(services, "acme", ID);
    const states = await Array.fromAsync(watch?.follow(12_000) ?? []);
    expect(states).toMatchObject([{ status: "succeeded" }]);
    expect(world.order).toEqual(["object", "record"]);
  });

  it("shows each state once, what is idle, and goes on while the object is away or must not be waited in", async ({
    expect,
  }) => {
    const probe = look("queued", "1");
    const { services } = start({
      looks: [
        look("queued", "1"),
        probe,
        look("running", "2"),
        look("running", "2"),
        away,
        look("running", "2", true),
        look("succeeded", "3"),
      ],
    });
    const watch = await openWatch(services, "acme", ID);
    const states = await Array.fromAsync(watch?.follow(12_000) ?? []);
    const words = states.map((state) => (state === "idle" ? state : state.status));
    expect(words).toEqual(["queued", "running", "idle", "idle", "idle", "succeeded"]);
  });
});
