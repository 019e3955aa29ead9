/* What a task was made of goes sooner than what came of it, when the operator says so. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import { removeOldInputs } from "../../src/tasks/input-retention.ts";
import { notify, submit, vendorTaskOf, REQUESTS } from "../support/client.ts";
import { emulator, type Json, recordHasAll, startGateway, vendorFinishes } from "../support/gateway.ts";
import { rowsOf, startStore, told } from "../store/support.ts";
import { lowestIdAt } from "../../src/tasks/task-id.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

describe("INPUT_RETENTION_DAYS", () => {
  it.for<[string, Json, boolean]>([
    ["unset, a request stays with its task", {}, true],
    ["of some days, it stays for a while", { INPUT_RETENTION_DAYS: "1" }, true],
    ["of 0, it goes when the task is over", { INPUT_RETENTION_DAYS: "0" }, false],
  ])("%s", async ([, bindings, isKept], { expect }) => {
    await emulator.reset();
    const gateway = await startGateway({ env: bindings });
    const { id } = await submit(gateway);
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(id));
    await recordHasAll(gateway);
    const row = await env.DB.prepare("SELECT request FROM tasks WHERE id = ?1").bind(id).first<{ request: string }>();
    expect(row?.request !== null).toBe(isKept);
    expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
    const remix = await gateway.post(`/v1/videos/${id}/remix`, { prompt: "again" });
    expect(remix.status).toBe(isKept ? 200 : 400);
    if (!isKept) expect(await remix.json()).toMatchObject({ error: { code: "video_request_not_kept" } });
  });

  it("requests that are old enough are removed bit by bit, of every owner, and each time is looked at once", async ({
    expect,
  }) => {
    const now = 100 * DAY_MS;
    const store = startStore();
    const idAt = (ms: number) => lowestIdAt(ms).replace(/0$/, "1");
    const tasks = Array.from({ length: 40 }, (_, hours) =>
      told(hours, { id: idAt(now - hours * HOUR_MS), owner: `owner-${hours % 3}`, request: "{}" }),
    );
    await store.record.tell(tasks);
    const config = { inputRetentionDays: 1, retentionDays: 30 };
    const services = (at: number) =>
      ({ config, store, deps: { now: () => at } }) as unknown as Parameters<typeof removeOldInputs>[0];
    const left = async () =>
      (await rowsOf<{ id: string; request: string | null }>("tasks"))
        .filter(({ request }) => request !== null)
        .map(({ id }) => id);
    for (let minute = 0; minute < 60; minute++) await removeOldInputs(services(now));
    // A day, and an hour in which a told task may still arrive.
    expect((await left()).toSorted()).toEqual(Array.from({ length: 26 }, (_, h) => idAt(now - h * HOUR_MS)).toSorted());
    await store.record.tell([told(99, { id: idAt(now - 30 * HOUR_MS + 60_000), request: "late" })]);
    await removeOldInputs(services(now + HOUR_MS));
    expect(await left()).toHaveLength(26);
    expect(await left()).toContain(idAt(now - 30 * HOUR_MS + 60_000));
  });
});
