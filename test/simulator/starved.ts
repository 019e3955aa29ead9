import type { Ledger } from "../../src/dispatcher/ledger.ts";
import { wantsOther } from "../../src/dispatcher/pump.ts";
import type { Life } from "./lives.ts";

/** Creates go first, but others get a connection once they have waited a second; and time for a late turn. */
const STARVED_AFTER_MS = 3_000;

/** Watches that creates do not keep everybody else from the vendor and the record. */
export class StarvedWatch {
  private readonly connections: number;
  private life: Life | undefined;
  private others = 0;
  private since: number | undefined;

  constructor(connections: number) {
    this.connections = connections;
  }

  /** After each turn of the current life, before its effects. @param now by the world's clock */
  turned(life: Life, now: number): void {
    this.follow(life);
    const { ledger } = life.core as unknown as { ledger: Ledger };
    this.since = wantsOther(ledger, now) ? (this.since ?? now) : undefined;
  }

  /** @returns how long others have waited when a create took a connection that they could have had, if that is too long */
  opened(life: Life, kind: string, by: number, now: number): number | undefined {
    this.follow(life);
    if (kind !== "create") {
      this.others += by;
      if (by > 0) this.since = undefined;
      return undefined;
    }
    const waitedMs = now - (this.since ?? now);
    const couldHave = this.others < Math.max(1, this.connections - 1);
    return by > 0 && couldHave && waitedMs > STARVED_AFTER_MS ? waitedMs : undefined;
  }

  private follow(life: Life): void {
    if (life === this.life) return;
    this.life = life;
    this.others = 0;
    this.since = undefined;
  }
}
