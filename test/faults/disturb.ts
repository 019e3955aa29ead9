import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { EmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { call } from "../../scripts/lib/http.ts";
import type { KillableGateway } from "./gateway.ts";
import type { Disturbance, EventTrouble } from "./plan.ts";

/** More at once would only make the gateway hold back, and wait. */
const MAX_PENDING_FAULTS = 3;
const NO_EVENT_TROUBLE: EventTrouble = { drop: 0, duplicate: 0, delay_ms: 0, jitter_ms: 0 };

const faultsSchema = z.array(z.looseObject({ times: z.number() }));

export type DisturberOptions = {
  vendor: EmulatorClient;
  emulatorUrl: string;
  /** Of the vendor, when it has room. */
  concurrency: number;
  gateway: KillableGateway;
  forge: (events: number) => Promise<void>;
};

/** Brings the plan's disturbances about. */
export function createDisturber({ vendor, emulatorUrl, concurrency, gateway, forge }: DisturberOptions) {
  let kills = Promise.resolve();
  const under: Promise<void>[] = [];

  async function whileChanged(changed: object, usual: object, forMs: number): Promise<void> {
    await vendor.configure({ ...changed });
    await sleep(forMs);
    await vendor.configure({ ...usual });
  }

  async function bringAbout(disturbance: Disturbance): Promise<void> {
    switch (disturbance.kind) {
      case "fault": {
        const { body } = await call(`${emulatorUrl}/_emulator/faults`);
        const pending = faultsSchema.parse(body).reduce((sum, { times }) => sum + times, 0);
        if (pending < MAX_PENDING_FAULTS) await vendor.addFault(disturbance.fault);
        return;
      }
      case "events":
        await vendor.configure({ callback: disturbance.callback });
        return;
      case "little_room":
        return whileChanged({ concurrency: disturbance.concurrency }, { concurrency }, disturbance.forMs);
      case "bad_work": {
        const outcome = { ErrCode: 70_000, ErrCodeExt: "ContentModerationFailed", Message: "A planned failure." };
        return whileChanged({ outcome }, { outcome: "success" }, disturbance.forMs);
      }
      case "forge":
        return forge(disturbance.events);
      case "kill":
        // One after another: a gateway that is down cannot be killed.
        kills = kills.then(() => sleep(disturbance.afterMs)).then(() => gateway.kill());
        return kills;
    }
  }

  return {
    start(disturbances: readonly Disturbance[]): void {
      under.push(...disturbances.map(bringAbout));
    },
    /** Waits for what is under way, and puts everything right. @throws what a disturbance threw */
    async end(): Promise<void> {
      await Promise.all(under);
      await vendor.configure({ callback: NO_EVENT_TROUBLE, concurrency, outcome: "success" });
    },
  };
}
