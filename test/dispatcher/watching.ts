import { Watchers } from "../../src/dispatcher/watchers.ts";

type Ended = { number: number; news: "changed" | "timeout"; at: number };

/** Watchers with a clock, one timer, and positions to set. */
export class Scene {
  now = 0;
  timer = Infinity;
  readonly timers: number[] = [];
  readonly ended: Ended[] = [];
  readonly positions = new Map<string, number>();
  readonly watchers: Watchers;
  /** Positions asked for. */
  looks = 0;
  private number = 0;

  constructor(maxPerOwner?: number) {
    this.watchers = new Watchers({
      wakeAt: (at) => {
        this.timer = at;
        this.timers.push(at);
      },
      position: (id) => {
        this.looks += 1;
        return this.positions.get(id) ?? null;
      },
      ...(maxPerOwner === undefined ? {} : { maxPerOwner }),
    });
  }

  /** @returns its number, under which its end is noted */
  wait(id: string, given: { owner?: string; position?: number | null; forMs?: number } = {}): number {
    const { owner = "a", position = null, forMs = 20_000 } = given;
    const number = ++this.number;
    void this.watchers
      .wait({ owner, id, position, until: this.now + forMs })
      .then((news) => this.ended.push({ number, news, at: this.now }));
    return number;
  }

  moved(): Promise<void> {
    this.watchers.moved(this.now);
    return settled();
  }

  /** Lets time pass; nobody but the timer wakes the watchers. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    while (this.timer <= end) {
      this.now = Math.max(this.now, this.timer);
      this.timer = Infinity;
      this.watchers.tick(this.now);
      await settled();
    }
    this.now = end;
  }

  count(news: Ended["news"]): number {
    return this.ended.filter((each) => each.news === news).length;
  }
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await Promise.resolve();
}

/** Everything that the watchers hold on to. */
export function held(watchers: Watchers): number {
  const parts = Object.values(watchers as unknown as Record<string, unknown>);
  const sizes = parts.map((part) => (part instanceof Object && "size" in part ? Number(part.size) : 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}
