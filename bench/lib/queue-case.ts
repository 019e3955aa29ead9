import { randomUUID } from "node:crypto";
import { call } from "../../scripts/lib/http.ts";
import { until } from "../../scripts/lib/until.ts";
import { allOver } from "./all-over.ts";
import { submit } from "./client.ts";
import { inCrowd } from "./crowd.ts";
import type { EmulatedField } from "./emulated-field.ts";
import type { EventSink } from "./event-sink.ts";
import { jainIndex } from "./fairness.ts";
import { holdAllSlots, labOf, release } from "./lab.ts";
import { type Peer, submission } from "./peers.ts";
import { acceptedAgain, type Dispatch, dispatchesAt, mostAtOnce, worstDisplacement } from "./vendor-log.ts";

export type QueueCase = { tasks: number; owners: number; concurrency: number; taskSeconds: number };

export type QueueOutcome = {
  submitted: number;
  completed: number;
  /** Refused at once, or ended without having been made. */
  rejected: number;
  /** How many places a task was served away from its owner's order, at the worst; NaN where there is no order. */
  displaced: number;
  /** Jain's index over the owners' tasks that the vendor had begun after half of the time. */
  jain: number;
  /** From the first task's start at the vendor to the end of the last that was made. */
  seconds: number;
  /** Tasks at the vendor at the same time, at most; NaN where the vendor's limit did the limiting. */
  mostAtOnce: number;
  /** Orders for which the vendor took more than one task. */
  acceptedAgain: number;
};

type Done = { owner: string; startedAtMs: number; finishedAtMs: number };

/** Connections of all clients together. */
const CROWD = 50;
const TIMEOUT_MS = 400_000;
const MS_PER_SECOND = 1_000;
const FIRST_STATUS_THAT_IS_NO_SUCCESS = 300;

type Field = EmulatedField<string>;

/**
 * All owners' tasks, one owner after the other, into a queue whose slots are held until all are in: who is served first is
 * then the queue's doing alone.
 */
export async function queueAtGateway(field: Field, size: QueueCase): Promise<QueueOutcome> {
  const { gateway, vendor, emulatorUrl } = field;
  const { tasks, concurrency, taskSeconds } = size;
  await field.resetVendor({ concurrency });
  const { gatewayUrl, apiKey } = gateway;
  const lab = labOf({ gatewayUrl, apiKey, emulatorUrl, addApiKey: ({ owner }) => field.addOwner(owner) });
  const held = new Set((await holdAllSlots(lab, concurrency)).map(({ id }) => id));

  const ownerOf = new Map<string, string>();
  let turnedAway = 0;
  for (const { owner, count } of sharesOf(size)) {
    const target = { gatewayUrl, apiKey: await field.addOwner(owner) };
    await inCrowd(Array.from({ length: count }), CROWD, async () => {
      const accepted = await submit(target).catch(() => undefined);
      if (accepted) ownerOf.set(accepted.id, owner);
      else turnedAway += 1;
    });
  }
  await release(lab, taskSeconds);
  await allOver(gateway, TIMEOUT_MS);

  const dispatches = (await dispatchesAt(vendor)).filter(({ id }) => !held.has(id));
  const succeeded = await succeededAt(field);
  const done = lastAttempts(dispatches)
    .filter(({ id }) => succeeded.has(id))
    .flatMap(({ id, createdAtMs, finishedAtMs }): Done[] =>
      finishedAtMs === null ? [] : [{ owner: ownerOf.get(id) ?? "", startedAtMs: createdAtMs, finishedAtMs }],
    );
  return {
    submitted: tasks,
    completed: done.length,
    rejected: turnedAway + ownerOf.size - done.length,
    displaced: displacementWithinOwners(dispatches, ownerOf),
    ...spanOf(done, size),
    mostAtOnce: mostAtOnce(dispatches),
    acceptedAgain: acceptedAgain(dispatches),
  };
}

/** The same tasks in the same order at a server that hands on what it gets; nothing waits there that could be held. */
export async function queueAtPeer(field: Field, sink: EventSink, peer: Peer, size: QueueCase): Promise<QueueOutcome> {
  const { tasks, concurrency, taskSeconds } = size;
  await field.resetVendor({ concurrency, task_seconds: taskSeconds, notification_url: sink.url });
  sink.clear();
  const ownerOf = new Map<string, string>();
  let turnedAway = 0;
  for (const { owner, count } of sharesOf(size)) {
    const sessions = Array.from({ length: count }, () => randomUUID());
    for (const session of sessions) ownerOf.set(session, owner);
    await inCrowd(sessions, CROWD, async (session) => {
      const { path, headers, body } = submission("express", session);
      const { status } = await call(peer.url + path, { method: "POST", headers, text: body });
      if (status >= FIRST_STATUS_THAT_IS_NO_SUCCESS) turnedAway += 1;
    });
  }
  await until("the vendor's tasks to be over", TIMEOUT_MS, () => sink.endings.size === tasks - turnedAway);
  const done = (await field.vendor.tasks()).flatMap((task): Done[] => {
    const { created_at_ms: startedAtMs, finished_at_ms: finishedAtMs } = task;
    const made = sink.endings.get(task.TaskId) === "made";
    if (!made || typeof startedAtMs !== "number" || typeof finishedAtMs !== "number") return [];
    return [{ owner: ownerOf.get(task.SessionId) ?? "", startedAtMs, finishedAtMs }];
  });
  return {
    submitted: tasks,
    completed: done.length,
    rejected: tasks - done.length,
    displaced: Number.NaN,
    ...spanOf(done, size),
    mostAtOnce: Number.NaN,
    acceptedAgain: 0,
  };
}

/** Owners in the order in which they come, all with as many tasks. */
function sharesOf({ tasks, owners }: QueueCase): { owner: string; count: number }[] {
  return ownerNames(owners).map((owner) => ({ owner, count: tasks / owners }));
}

function ownerNames(owners: number): string[] {
  return Array.from({ length: owners }, (_, index) => `owner-${owners}-${index + 1}`);
}

async function succeededAt({ gateway }: Field): Promise<Set<string>> {
  const { results } = await gateway.database
    .prepare("SELECT id FROM tasks WHERE status = 'succeeded'")
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

function lastAttempts(dispatches: readonly Dispatch[]): Dispatch[] {
  const last = new Map<string, Dispatch>();
  for (const one of dispatches) if (one.attempt >= (last.get(one.id)?.attempt ?? 0)) last.set(one.id, one);
  return Array.from(last.values());
}

/** Ids are in the order of creation; calls on their way at the same time may overtake each other. */
function displacementWithinOwners(dispatches: readonly Dispatch[], ownerOf: ReadonlyMap<string, string>): number {
  const served = [...new Set(dispatches.map(({ id }) => id))];
  const worst = [...new Set(ownerOf.values())].map((owner) => {
    const own = served.filter((id) => ownerOf.get(id) === owner);
    return worstDisplacement(own, own.toSorted());
  });
  return Math.max(0, ...worst);
}

function spanOf(done: readonly Done[], { owners }: QueueCase): { jain: number; seconds: number } {
  const firstMs = done.reduce((least, { startedAtMs }) => Math.min(least, startedAtMs), Number.POSITIVE_INFINITY);
  const lastMs = done.reduce((most, { finishedAtMs }) => Math.max(most, finishedAtMs), firstMs);
  const halfMs = (firstMs + lastMs) / 2;
  const shares = ownerNames(owners).map(
    (owner) => done.filter((task) => task.owner === owner && task.startedAtMs <= halfMs).length,
  );
  return { jain: jainIndex(shares), seconds: (lastMs - firstMs) / MS_PER_SECOND };
}
