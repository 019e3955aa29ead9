import { log } from "../log.ts";
import type { ObjectServices } from "../services.ts";
import { nameHash } from "../signing/name-hash.ts";
import type { Effect } from "./effects.ts";

/** More of them than this are dropped: each only spares somebody a little work later. */
const WAITING_MAX = 1_000;

type SideEffect = Extract<Effect, { kind: "remember" | "drop" }>;

/** What may fail without harm, one after the other, so that it never takes more than one connection. */
export class SideErrands {
  private readonly services: ObjectServices;
  private readonly waiting: SideEffect[] = [];
  private running = false;

  constructor(services: ObjectServices) {
    this.services = services;
  }

  add(effect: SideEffect): void {
    if (this.waiting.length >= WAITING_MAX) return;
    this.waiting.push(effect);
    if (this.running) return;
    this.running = true;
    this.services.deps.defer(this.runAll());
  }

  private async runAll(): Promise<void> {
    for (let effect = this.waiting.shift(); effect; effect = this.waiting.shift()) {
      try {
        await this.run(effect);
      } catch (error) {
        log("warn", "dispatcher.side_errand_failed", { reason: effect.kind, error: String(error) });
      }
    }
    this.running = false;
  }

  private async run(effect: SideEffect): Promise<void> {
    const { store, deps } = this.services;
    if (effect.kind === "drop") return store.blobs.delete([effect.blob]);
    const { owner, sessionId, taskId, expiresAt } = effect;
    return store.dedupe.remember(await nameHash(owner, sessionId), { taskId, expiresAt }, deps.now());
  }
}
