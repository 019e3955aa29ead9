import type { Clock } from "./clock.ts";
import type { Storage } from "./engine.ts";
import type { Fate } from "./fate.ts";
import type { Lives } from "./lives.ts";
import type { Oracle } from "./oracle.ts";
import type { Profile } from "./profile.ts";
import type { TaskRecord } from "./record.ts";
import { SKEW_MAX_MS } from "./times.ts";
import type { Vendor } from "./vendor.ts";

/** So often within the time of the faults it is asked whether something begins that concerns everybody. */
const BEATS = 60;

type Parts = {
  clock: Clock;
  fate: Fate;
  storage: Storage;
  profile: Profile;
  lives: Lives;
  oracle: Oracle;
  record: TaskRecord;
  vendor: Vendor;
  trace: (text: string) => void;
};

/** Outages, crashes, second lives, clocks that jump, and a restore. */
export class Beats {
  private readonly parts: Parts;
  private keptAt: number | undefined;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  start(): void {
    const { clock, fate, profile } = this.parts;
    for (let beat = 1; beat <= BEATS; beat++) {
      const at = (profile.faultsForMs / BEATS) * (beat - fate.random(`beat ${beat}`).next());
      clock.after(Math.floor(at), () => this.beat(beat));
    }
  }

  private beat(beat: number): void {
    const { clock, fate, lives, profile, record, trace, vendor } = this.parts;
    const name = `beat ${beat}`;
    if (fate.strikes("vendor_away", name)) {
      const ms = fate.between(`vendor away ${beat}`, 1, profile.vendorAwayMs);
      vendor.awayUntil = clock.now + ms;
      trace(`the vendor is away for ${ms} ms`);
    }
    if (fate.strikes("record_away", name)) {
      const ms = fate.between(`record away ${beat}`, 1, profile.recordAwayMs);
      record.awayUntil = clock.now + ms;
      trace(`the record is away for ${ms} ms`);
    }
    if (profile.restore?.copiedAtBeat === beat) this.keep();
    if (profile.restore?.atBeat === beat) this.restore();
    if (fate.strikes("crash", name)) lives.crash();
    if (fate.strikes("second_life", name) && lives.current) lives.start();
    if (fate.strikes("clock_jump", name)) {
      lives.jump(fate.between(`jump ${beat}`, -SKEW_MAX_MS, SKEW_MAX_MS));
      trace(`the object's clock is ${lives.skewMs} ms ahead`);
    }
  }

  /** Keeps what is in the storage now; what is not durable yet would not be there. */
  private keep(): void {
    const { clock, lives, storage } = this.parts;
    if (storage.unconfirmed > 0) return void clock.after(1, () => this.keep());
    storage.keep();
    this.keptAt = lives.now;
  }

  /** The object is set back to what was kept. */
  private restore(): void {
    const { keptAt } = this;
    const { lives, oracle, storage, trace } = this.parts;
    if (keptAt === undefined) return;
    trace(`the object is set back by ${lives.now - keptAt} ms`);
    lives.stop();
    lives.restored = { epoch: lives.now, to: keptAt, at: lives.now };
    storage.restore();
    oracle.setBack();
    lives.start();
  }
}
