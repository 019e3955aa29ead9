import { Dispatcher as ProductDispatcher } from "../../src/dispatcher/object.ts";
import { createObjectServices, type ObjectServices } from "../../src/services.ts";
import { createVodClient } from "../../src/vod/client.ts";
import { count, world } from "./world.ts";

/** The gateway's object, unchanged but for what it takes from outside. */
export class Dispatcher extends ProductDispatcher {
  protected override outside(): ObjectServices {
    const { deps, env } = world();
    const defer = (work: Promise<unknown>) => {
      count(work);
      this.ctx.waitUntil(work);
    };
    const services = createObjectServices({ env, deps: { ...deps, defer } });
    // The vendor checks signatures against a clock of its own, which tests do not move.
    return { ...services, vod: createVodClient(services.config.vod, { ...deps, now: () => Date.now() }) };
  }
}

export default {
  fetch: () => new Response("The tests call the gateway's application themselves.", { status: 404 }),
};
