/** Whoever else wants a connection gets the next free one when creates have kept it waiting this long. */
const OTHERS_WAIT_MAX_MS = 1_000;

/** What a connection is opened for: a create call, or anything else. */
export type Errand = "create" | "other";

/**
 * How many calls are open at once, and who may open the next. Creates go before all else, and one connection is kept for
 * them, so that slow answers to others never stop them; nor do creates stop the others for long.
 */
export class Connections {
  private readonly limit: number;
  private creates = 0;
  private others = 0;
  /** Since when others have been waiting for a connection. */
  private othersSince: number | undefined;

  constructor(limit: number) {
    this.limit = limit;
  }

  get open(): number {
    return this.creates + this.others;
  }

  /** Who gets a connection now, of those who want one. To be asked again after each that is opened or closed. */
  next(now: number, wants: Record<Errand, boolean>): Errand | undefined {
    this.othersSince = wants.other ? Math.min(this.othersSince ?? now, now) : undefined;
    if (this.open >= this.limit) return undefined;
    const mayOther = wants.other && this.others < Math.max(1, this.limit - 1);
    const isOverdue = now - (this.othersSince ?? now) >= OTHERS_WAIT_MAX_MS;
    if (wants.create && !(mayOther && isOverdue)) return "create";
    return mayOther ? "other" : undefined;
  }

  opened(errand: Errand): void {
    if (errand === "create") {
      this.creates += 1;
    } else {
      this.others += 1;
      this.othersSince = undefined;
    }
  }

  closed(errand: Errand): void {
    if (errand === "create") this.creates -= 1;
    else this.others -= 1;
  }
}
