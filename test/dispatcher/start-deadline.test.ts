import { beforeEach, describe, it } from "vitest";
import { CAR, emulator, type Gateway, startGateway } from "../support/gateway.ts";
import { notifyUntilDone, REQUESTS, statusOf, submit, VIDEO } from "../support/client.ts";
import { pass } from "../support/quiet.ts";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
});

describe("a start deadline", () => {
  for (const [name, body, headers] of [
    ["in fal's header", {}, { "x-fal-request-timeout": "30" }],
    ["in the body", { start_timeout: "30" }, {}],
  ] as const) {
    it(`${name} that passes fails the task, unpaid`, async ({ expect }) => {
      await submit(gateway);
      const { id } = await submit(gateway, { ...body, session_id: "late" }, { headers });
      await pass(gateway, 29_000);
      expect(await statusOf(gateway, id)).toMatchObject({ status: "IN_QUEUE" });
      await pass(gateway, 2_000);
      const answer = await gateway.get(`${REQUESTS}/${id}`);
      expect([answer.status, answer.headers.get("x-fal-request-timeout-type")]).toEqual([504, "user"]);
      expect(await answer.json()).toMatchObject({ code: "startup_timeout" });
      expect(await statusOf(gateway, id)).toMatchObject({ status: "COMPLETED", error_type: "startup_timeout" });
      await submit(gateway, { session_id: "late" });
      expect(await emulator.tasks()).toHaveLength(1);
    });
  }

  it("that is met means nothing any more", async ({ expect }) => {
    const { id } = await submit(gateway, { start_timeout: 5 });
    await pass(gateway, 10_000);
    await notifyUntilDone(gateway);
    expect(await statusOf(gateway, id)).not.toHaveProperty("error");
  });

  it("survives a restart, and is refused out of range", async ({ expect }) => {
    await submit(gateway);
    const { id } = await submit(gateway, { start_timeout: 30 });
    await gateway.restart();
    await pass(gateway, 31_000);
    expect(await statusOf(gateway, id)).toMatchObject({ error_type: "startup_timeout" });
    for (const value of ["0", "-1", "soon", "1e9"]) {
      const answer = await gateway.post(VIDEO, CAR, { headers: { "x-fal-request-timeout": value } });
      expect([answer.status, await answer.json()]).toMatchObject([
        422,
        { detail: [{ loc: ["header", "x-fal-request-timeout"] }] },
      ]);
    }
  });
});
