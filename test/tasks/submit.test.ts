/* The Worker's half of a submission, with a dispatcher that answers as told. */
import { nameHash } from "../../src/signing/name-hash.ts";
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import type { Services } from "../../src/services.ts";
import { createStore, StoreUnavailableError } from "../../src/store/index.ts";
import { DispatcherUnavailableError, type NewTask, type Submitted } from "../../src/tasks/contract.ts";
import { submitTask, type TaskDraft } from "../../src/tasks/submit.ts";

const NOW = Date.UTC(2026, 10, 25);
const LARGE = "x".repeat(20_000);

const draft = (changes: Partial<TaskDraft> = {}): TaskDraft => ({
  owner: "acme",
  dialect: "aigc",
  action: "CreateAigcVideoTask",
  request: { ModelName: "Kling", ModelVersion: "1.6", Prompt: "一辆汽车" },
  ...changes,
});

const large = (changes: Partial<TaskDraft> = {}) =>
  draft({ request: { ModelName: "Kling", ModelVersion: "1.6", Prompt: LARGE }, ...changes });

const acceptedAs = (taskId: string, changes: object = {}): Submitted => ({
  kind: "accepted",
  taskId,
  createdAt: NOW,
  position: 0,
  sent: true,
  replayed: false,
  ...changes,
});

/** What a Worker has for a submission; `asked` is what the dispatcher was told. */
function start(answer: (task: NewTask) => Submitted | Promise<Submitted>, bindings: Partial<Env> = {}) {
  const asked: NewTask[] = [];
  const deferred: Promise<unknown>[] = [];
  const deps = {
    now: () => NOW,
    random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    defer: (work: Promise<unknown>) => void deferred.push(work),
  };
  const store = createStore({ ...env, ...bindings }, { sleep: deps.sleep, jitter: () => 0 });
  const dispatcher = {
    submit: async (task: NewTask) => {
      asked.push(task);
      return answer(task);
    },
  };
  const services = { deps, store, dispatcher } as unknown as Services;
  const settle = async () => {
    while (deferred.length > 0) await Promise.all(deferred.splice(0));
  };
  return { services, store, asked, settle };
}

const blobs = async () => (await env.BLOBS.list()).objects.map(({ key }) => key);

describe("a submission", () => {
  it("is one call with all that the dispatcher needs", async ({ expect }) => {
    const { services, asked } = start((task) => acceptedAs(task.id, { position: 3, sent: false }));
    const full = draft({
      sessionId: "s",
      sessionContext: "c",
      idempotencyKey: "k",
      clientModel: "kling",
      startTimeoutMs: 5_000,
      maxQueueLength: 7,
    });
    const outcome = await submitTask(services, full);
    const [task, ...others] = asked;
    expect(others).toEqual([]);
    expect(outcome).toEqual({ kind: "accepted", taskId: task?.id, createdAt: NOW, queuePosition: 3, replayed: false });
    expect(task).toEqual({
      id: expect.any(String),
      owner: "acme",
      dialect: "aigc",
      action: "CreateAigcVideoTask",
      model_name: "Kling",
      model_version: "1.6",
      client_model: "kling",
      priority: 0,
      session_id: "s",
      session_context: "c",
      parent_id: null,
      outline: '{"prompt":"一辆汽车"}',
      created_at: NOW,
      idempotency_key: "k",
      session_hash: await nameHash("acme", "s"),
      key_hash: await nameHash("acme", "k"),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      start_by: NOW + 5_000,
      retry: null,
      request: { inline: '{"ModelName":"Kling","ModelVersion":"1.6","Prompt":"一辆汽车"}' },
      max_queue_length: 7,
    });
  });

  it("without a name carries no hash, and an empty name is none", async ({ expect }) => {
    const { services, asked } = start((task) => acceptedAs(task.id));
    await submitTask(services, draft({ sessionId: "", sessionContext: "", idempotencyKey: "" }));
    expect(asked[0]).toMatchObject({ session_id: null, session_context: null, idempotency_key: null, fingerprint: "" });
  });

  it("has one fingerprint however its request was written, and another for another request", async ({ expect }) => {
    const { services, asked, settle } = start((task) => acceptedAs(task.id));
    const request = { ModelName: "Kling", ModelVersion: "1.6", Odd: { b: 1, a: [{ d: 1, c: 2 }] } };
    const turned = { Odd: { a: [{ c: 2, d: 1 }], b: 1 }, ModelVersion: "1.6", ModelName: "Kling" };
    for (const changes of [{ request }, { request: turned }, {}, { sessionId: "s" }, { dialect: "openai-videos" }]) {
      await submitTask(services, draft({ ...changes, idempotencyKey: "k" }));
    }
    await settle();
    const prints = asked.map(({ fingerprint }) => fingerprint);
    expect([prints[0] === prints[1], new Set(prints).size]).toEqual([true, 4]);
  });

  it("goes on when its client hangs up", async ({ expect }) => {
    const answer = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    const { services, store, asked, settle } = start(async (task) => {
      told.resolve();
      await answer.promise;
      return acceptedAs(task.id);
    });
    void submitTask(services, draft({ sessionId: "s" }));
    await told.promise;
    answer.resolve();
    await settle();
    expect(await store.dedupe.find(await nameHash("acme", "s"), NOW)).toBe(asked[0]?.id);
  });
});

describe("a session_id", () => {
  it("is remembered once the vendor has its task, and then answers without the dispatcher", async ({ expect }) => {
    const { services, asked, settle } = start((task) => acceptedAs(task.id));
    await submitTask(services, draft({ sessionId: "s" }));
    await settle();
    expect(await submitTask(services, draft({ sessionId: "s" }))).toEqual({
      kind: "duplicate_session",
      firstTaskId: asked[0]?.id,
    });
    expect(asked).toHaveLength(1);
    await submitTask(services, draft({ sessionId: "s", owner: "other" }));
    expect(asked).toHaveLength(2);
  });

  it.for([
    ["waits", { sent: false }],
    ["was taken by an earlier request", { taskId: "another", replayed: true }],
  ] as const)("is not remembered while its task %s", async ([, changes], { expect }) => {
    const { services, store, settle } = start((task) => acceptedAs(task.id, changes));
    await submitTask(services, draft({ sessionId: "s" }));
    await settle();
    expect(await store.dedupe.find(await nameHash("acme", "s"), NOW)).toBeUndefined();
  });

  it.for([{ idempotencyKey: "k" }, { retry: { attempt: 1, client: "c" } }])(
    "of a request that says it may be a repetition (%o) is the dispatcher's to judge",
    async (changes, { expect }) => {
      const { services, store, asked } = start((task) => acceptedAs(task.id));
      await store.dedupe.remember(await nameHash("acme", "s"), { taskId: "first", expiresAt: NOW + 100_000 }, NOW);
      await submitTask(services, draft({ sessionId: "s", ...changes }));
      expect(asked).toHaveLength(1);
    },
  );
});

describe("a large request", () => {
  it("is stored before the dispatcher hears of its task, and stays", async ({ expect }) => {
    let stored: string | undefined;
    const { services, asked, settle } = start(async (task) => {
      if ("blob" in task.request) stored = await (await env.BLOBS.get(task.request.blob))?.text();
      return acceptedAs(task.id);
    });
    await submitTask(services, large());
    await settle();
    const [task] = asked;
    expect(task?.request).toEqual({
      blob: `requests/${task?.id}`,
      bytes: new TextEncoder().encode(stored).byteLength,
      shown: expect.anything() as string | null,
    });
    expect(JSON.parse(stored ?? "")).toMatchObject({ Prompt: LARGE });
    expect(await blobs()).toEqual([`requests/${task?.id}`]);
  });

  it("is measured in bytes: what fits is told, one byte more is stored", async ({ expect }) => {
    const { services, asked } = start((task) => acceptedAs(task.id));
    const frame = JSON.stringify({ ModelName: "Kling", ModelVersion: "1.6", Prompt: "" }).length;
    for (const extra of [0, 1]) {
      const Prompt = "汽".repeat(5_000) + "x".repeat(16_384 - 15_000 - frame + extra);
      await submitTask(services, draft({ request: { ModelName: "Kling", ModelVersion: "1.6", Prompt } }));
    }
    expect(asked.map(({ request }) => Object.keys(request))).toEqual([["inline"], ["blob", "bytes", "shown"]]);
  });

  it.for<[string, (task: NewTask) => Submitted]>([
    ["a duplicate", () => ({ kind: "duplicate_session", firstTaskId: "first" })],
    ["a replay", () => acceptedAs("first", { replayed: true })],
    ["another one under its key", () => ({ kind: "idempotency_key_reused", firstTaskId: "first" })],
    ["one too many", () => ({ kind: "limited", limit: "owner_bytes", waiting: 1, concurrency: 1 })],
  ])("of %s is deleted again", async ([, answer], { expect }) => {
    const { services, settle } = start(answer);
    await submitTask(services, large({ sessionId: "s" }));
    await settle();
    expect(await blobs()).toEqual([]);
  });

  it("of a session_id that is remembered is deleted again", async ({ expect }) => {
    const { services, store, asked, settle } = start((task) => acceptedAs(task.id));
    await store.dedupe.remember(await nameHash("acme", "s"), { taskId: "first", expiresAt: NOW + 100_000 }, NOW);
    expect(await submitTask(services, large({ sessionId: "s" }))).toMatchObject({ firstTaskId: "first" });
    await settle();
    expect([asked, await blobs()]).toEqual([[], []]);
  });

  it("that cannot be stored is not submitted", async ({ expect }) => {
    const broken = { put: () => Promise.reject(new Error("put: We encountered an internal error. (10001)")) };
    const { services, asked } = start((task) => acceptedAs(task.id), { BLOBS: broken as unknown as R2Bucket });
    await expect(submitTask(services, large())).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(asked).toEqual([]);
  });
});

describe("a dispatcher that does not answer", () => {
  it.for([true, false])(
    "leaves a task that may be there, with its request (overloaded: %s)",
    async (overloaded, { expect }) => {
      const { services, asked, settle } = start(() => {
        throw new DispatcherUnavailableError("away", { overloaded });
      });
      const outcome = await submitTask(services, large({ sessionId: "s" }));
      expect(outcome).toEqual({ kind: "unanswered", taskId: asked[0]?.id, overloaded });
      await settle();
      expect(await blobs()).toEqual([`requests/${asked[0]?.id}`]);
    },
  );
});

describe("a create whose SDK numbers its attempts", () => {
  it("is told apart by request and client, and its number handed on", async ({ expect }) => {
    const { services, asked } = start((task) => acceptedAs(task.id));
    const attempt = (number: number, client: string, changes: Partial<TaskDraft> = {}) =>
      submitTask(services, draft({ retry: { attempt: number, client }, ...changes }));
    await attempt(0, "a");
    await attempt(1, "a");
    await attempt(1, "b");
    await attempt(1, "a", { parentId: "p" });
    const marks = asked.map(({ retry }) => retry);
    expect(marks.map((mark) => mark?.attempt)).toEqual([0, 1, 1, 1]);
    expect([marks[0]?.print === marks[1]?.print, new Set(marks.map((mark) => mark?.print)).size]).toEqual([true, 3]);
    expect(asked.every(({ idempotency_key: key, fingerprint }) => key === null && fingerprint === "")).toBe(true);
  });

  it("goes by its Idempotency-Key when it has one", async ({ expect }) => {
    const { services, asked } = start((task) => acceptedAs(task.id));
    await submitTask(services, draft({ retry: { attempt: 1, client: "a" }, idempotencyKey: "k" }));
    expect(asked[0]).toMatchObject({ retry: null, idempotency_key: "k" });
  });
});
