import gateway, { Dispatcher as GatewayDispatcher } from "reelgate-gateway";
import { COUNTS_PATH } from "../../lib/counts-path.ts";
import { Counters } from "./counters.ts";

/*
 * The gateway, unchanged, between bindings that count. Worker and Durable Object run in one isolate of the local
 * runtime, so one set of counters sees both; it is read over a path that the gateway does not have.
 */

const counters = new Counters();

for (const level of ["debug", "log", "info", "warn", "error"] as const) {
  const write = console[level].bind(console);
  console[level] = (...input: unknown[]) => {
    counters.logLine();
    write(...input);
  };
}

export class Dispatcher extends GatewayDispatcher {
  constructor(ctx: { storage: { setAlarm: (...input: unknown[]) => unknown } }, env: object) {
    counters.objectStarted();
    const setAlarm = ctx.storage.setAlarm.bind(ctx.storage);
    ctx.storage.setAlarm = (...input) => {
      counters.alarmSet();
      return setAlarm(...input);
    };
    super(ctx, counters.environment(env));
  }

  override alarm(): Promise<void> {
    counters.alarm();
    return super.alarm();
  }
}

export default {
  fetch(request: Request, env: object, context: object): Response | Promise<Response> {
    if (new URL(request.url).pathname === COUNTS_PATH) {
      if (request.method === "DELETE") counters.reset();
      return Response.json(counters.snapshot());
    }
    counters.request();
    return gateway.fetch(request, counters.environment(env), context);
  },
  scheduled(controller: object, env: object): Promise<void> {
    counters.scheduled();
    return gateway.scheduled(controller, counters.environment(env));
  },
};
