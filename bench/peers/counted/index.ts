import * as z from "zod";
import gateway, { Dispatcher as GatewayDispatcher } from "reelgate-gateway";
import { COUNTS_PATH } from "../../lib/counts-path.ts";
import { Counters, type ObjectSql } from "./counters.ts";

/*
 * The gateway, unchanged, between bindings that count. Worker and Durable Object run in one isolate of the local
 * runtime, so one set of counters sees both; it is read over a path that the gateway does not have. Its clock can be put
 * ahead, so that what happens after days can be counted.
 */

const counters = new Counters();

const clock = z.object({ clock_ahead_ms: z.number().min(0) });

let clockAheadMs = 0;
const trueTime = Date.now.bind(Date);
Date.now = () => trueTime() + clockAheadMs;

for (const level of ["debug", "log", "info", "warn", "error"] as const) {
  const write = console[level].bind(console);
  console[level] = (...input: unknown[]) => {
    counters.logLine();
    write(...input);
  };
}

type ObjectState = { storage: { setAlarm: (at: number) => unknown; sql: ObjectSql } };

export class Dispatcher extends GatewayDispatcher {
  constructor(ctx: ObjectState, env: object) {
    counters.objectStarted();
    const { storage } = ctx;
    const setAlarm = storage.setAlarm.bind(storage);
    storage.setAlarm = (at) => {
      counters.alarmSet();
      // The platform's clock is the true one.
      return setAlarm(at - clockAheadMs);
    };
    Object.defineProperty(storage, "sql", { value: counters.objectSql(storage.sql) });
    super(ctx, counters.environment(env));
  }

  override alarm(): Promise<void> {
    counters.alarm();
    return super.alarm();
  }
}

export default {
  async fetch(request: Request, env: object, context: object): Promise<Response> {
    if (new URL(request.url).pathname === COUNTS_PATH) {
      if (request.method === "DELETE") counters.reset();
      if (request.method === "PUT") clockAheadMs = clock.parse(await request.json()).clock_ahead_ms;
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
