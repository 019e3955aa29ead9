import { beforeEach, describe, it } from "vitest";
import { emulator, type Gateway, startGateway, taskRow, vendorFinishes } from "../support/gateway.ts";
import { notify, statusOf, submit, vendorTaskOf } from "../support/client.ts";
import { pass, until } from "../support/quiet.ts";
import { MINUTE_MS, onCell, succeeded } from "./support.ts";

beforeEach(() => emulator.reset());

async function submitMany(gateway: Gateway, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, async () => (await submit(gateway)).id));
}

const states = async (ids: string[]) => new Set(await Promise.all(ids.map(async (id) => (await taskRow(id))?.status)));

describe("a lost notification", () => {
  it("is made good by a re-read, and the slot is free again", async ({ expect }) => {
    const gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
    const { id } = await submit(gateway);
    const next = await submit(gateway);
    await vendorFinishes();
    await pass(gateway, 4 * MINUTE_MS);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "COMPLETED" });
    expect(await taskRow(next.id)).toMatchObject({ status: "running" });
  });

  it("is made good within a minute of what the model's tasks usually take", async ({ expect }) => {
    const gateway = await startGateway();
    const { id: first } = await submit(gateway);
    await vendorFinishes();
    // The dispatcher learns from an event that the model takes 40 seconds.
    gateway.clock.offsetMs += 40_000;
    await notify(gateway, await vendorTaskOf(first));
    expect(await states([first])).toEqual(new Set(["succeeded"]));

    const lost = await submitMany(gateway, 3);
    await vendorFinishes();
    await pass(gateway, 40_000);
    expect(await states(lost)).toEqual(new Set(["running"]));
    await pass(gateway, MINUTE_MS);
    expect(await states(lost)).toEqual(new Set(["succeeded"]));
  });

  it("that a restart has swallowed is made good soon after it", async ({ expect }) => {
    const gateway = await startGateway();
    const { id } = await submit(gateway);
    await vendorFinishes();
    await gateway.restart();
    expect(await gateway.services.dispatcher.report()).toMatchObject({ running: 1 });
    await pass(gateway, 3_000);
    expect(await states([id])).toEqual(new Set(["succeeded"]));
  });

  it("of many tasks at once is made good for all", async ({ expect }) => {
    const gateway = await startGateway();
    const lost = await submitMany(gateway, 100);
    // Those that wait are answered before they are sent.
    await until(async () => (await emulator.tasks()).length === lost.length);
    await vendorFinishes();
    await pass(gateway, 4 * MINUTE_MS);
    await until(async () => (await states(lost)).size === 1);
    expect(await states(lost)).toEqual(new Set(["succeeded"]));
  });

  it("of many tasks at once keeps to the vendor's reads a second", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        for (let n = 1; n <= 200; n++) life.accept(n);
        life.pass(4 * MINUTE_MS);
        const waves: number[] = [];
        while ((cell.states().running ?? 0) > 0) {
          const reads = life.asked("read");
          waves.push(reads.length);
          for (const { id } of reads) life.read(Number(id.slice(-12)), succeeded());
          expect(life.asked("read")).toEqual([]);
          life.pass(1_100);
        }
        expect(waves).toEqual([80, 80, 40]);
      },
      { concurrency: 200, connections: 300 },
    ));
});

describe("a re-read that fails", () => {
  it("is made again soon, not after twice the time", async ({ expect }) => {
    const gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
    const { id } = await submit(gateway);
    await vendorFinishes();
    await emulator.fault({ action: "DescribeTaskDetail", kind: "http_500" });
    await pass(gateway, 181_000);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "IN_PROGRESS" });
    await pass(gateway, 6_000);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "COMPLETED" });
  });
});
