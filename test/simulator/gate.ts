import type { Clock } from "./clock.ts";
import type { Storage } from "./engine.ts";
import type { Fate } from "./fate.ts";

const COMMIT_MAX_MS = 20;
const COMMIT_SLOW_MAX_MS = 1_000;

type Commit = { after: (() => void)[]; dropped: boolean };

/** The platform's output gate: what follows from a turn leaves once the turn, and each before it, is on the disk. */
export class Gate {
  private readonly commits: Commit[] = [];
  /** When all turns so far are durable. */
  openAt = 0;
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly storage: Storage;

  constructor(parts: { clock: Clock; fate: Fate; storage: Storage }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.storage = parts.storage;
  }

  /** A turn is on its way to the disk; `then` comes when it is there, or never. */
  commit(name: string, then: () => void): void {
    const { fate, clock } = this;
    const slow = fate.strikes("commit_slow", name);
    const latency = fate.between(`commit ${name}`, 0, slow ? COMMIT_SLOW_MAX_MS : COMMIT_MAX_MS);
    this.openAt = Math.max(this.openAt, clock.now + latency);
    const commit: Commit = { after: [then], dropped: false };
    this.commits.push(commit);
    clock.at(this.openAt, () => {
      if (commit.dropped) return;
      this.commits.shift();
      this.storage.confirm();
      for (const next of commit.after) next();
    });
  }

  /** What was only read waits for what was written before. */
  pass(then: () => void): void {
    const last = this.commits.at(-1);
    if (last) last.after.push(then);
    else then();
  }

  /** The turns that are not durable never were. @returns how many */
  undo(): number {
    const undone = this.storage.unconfirmed;
    this.storage.crash();
    for (const commit of this.commits) commit.dropped = true;
    this.commits.length = 0;
    this.openAt = this.clock.now;
    return undone;
  }
}
