import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { EmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { call } from "../../scripts/lib/http.ts";
import type { KillableGateway } from "./gateway.ts";
import type { Disturbance, EventTrouble } from "./disturbances.ts";
import type { Journal } from "./journal.ts";
import type { Trouble } from "./trouble.ts";
import { makeTrouble } from "./trouble-client.ts";
import type { Spell } from "./vendor-faults.ts";

/** More at once would only make the gateway hold back, and wait. */
const MAX_PENDING_FAULTS = 3;
/** A request that was under way when a store came back may still fail. */
const OUTAGE_MARGIN_MS = 12_000;
/** As long as a file that cannot be read may keep a submission waiting. */
const BROKEN_FILES_MS = 30_000;
const NO_EVENT_TROUBLE: EventTrouble = { drop: 0, duplicate: 0, delay_ms: 0, jitter_ms: 0 };

const faultsSchema = z.array(z.looseObject({ action: z.string(), times: z.number() }));

export type DisturberOptions = {
  vendor: EmulatorClient;
  emulatorUrl: string;
  /** Of the vendor, when it has room. */
  concurrency: number;
  gateway: KillableGateway;
  forge: (events: number) => Promise<void>;
  journal: Journal;
};

/** Brings the plan's disturbances about. */
export function createDisturber({ vendor, emulatorUrl, concurrency, gateway, forge, journal }: DisturberOptions) {
  let kills = Promise.resolve();
  const under: Promise<void>[] = [];

  async function whileChanged(changed: object, usual: object, forMs: number): Promise<void> {
    await vendor.configure({ ...changed });
    await sleep(forMs);
    await vendor.configure({ ...usual });
  }

  async function castSpell({ faults, forMs, withoutEvents }: Spell): Promise<void> {
    for (const fault of faults) await vendor.addFault(fault);
    await (withoutEvents
      ? whileChanged({ callback: { drop: 1 } }, { callback: NO_EVENT_TROUBLE }, forMs)
      : sleep(forMs));
    await vendor.clearFaults();
  }

  async function bringAbout(disturbance: Disturbance): Promise<void> {
    switch (disturbance.kind) {
      case "fault": {
        const { body } = await call(`${emulatorUrl}/_emulator/faults`);
        const { action } = disturbance.fault;
        const same = faultsSchema.parse(body).filter((fault) => fault.action === action || fault.action === "*");
        const pending = same.reduce((sum, { times }) => sum + times, 0);
        if (pending < MAX_PENDING_FAULTS) await vendor.addFault(disturbance.fault);
        return;
      }
      case "spell":
        return castSpell(disturbance);
      case "trouble":
        await sleep(disturbance.afterMs);
        note(disturbance.trouble, journal);
        // A gateway that is down has trouble enough.
        return makeTrouble(gateway.url, disturbance.trouble).catch(() => undefined);
      case "events":
        await vendor.configure({ callback: disturbance.callback });
        return;
      case "little_room":
        return whileChanged({ concurrency: disturbance.concurrency }, { concurrency }, disturbance.forMs);
      case "bad_work": {
        const outcome = { ErrCode: 70_000, ErrCodeExt: "ContentModerationFailed", Message: "A planned failure." };
        return whileChanged({ outcome }, { outcome: "success" }, disturbance.forMs);
      }
      case "cron":
        // One that is down has none.
        return gateway.fireCron().catch(() => undefined);
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

/** What cannot be answered in such a time is excused. */
function note(trouble: Trouble, journal: Journal): void {
  const from = Date.now();
  switch (trouble.kind) {
    case "record_away":
      journal.recordAway.push({ from, to: from + trouble.forMs + OUTAGE_MARGIN_MS });
      return;
    case "files_away":
      journal.filesAway.push({ from, to: from + trouble.forMs + OUTAGE_MARGIN_MS });
      return;
    case "files_break":
      journal.filesAway.push({ from, to: from + BROKEN_FILES_MS });
      return;
    case "object_dies":
      journal.deaths += 1;
      return;
    case "second_life":
      journal.secondLives += 1;
  }
}
