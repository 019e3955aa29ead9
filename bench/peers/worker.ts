import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { gatewayVars } from "../../scripts/lib/local-env.ts";
import { benchModule, BENCH_BUILD_DIR, configOf } from "../lib/build.ts";
import { bootDirect } from "../lib/direct-worker.ts";
import { bootGateway } from "../lib/gateway.ts";
import { NO_LIMITS } from "../lib/no-limits.ts";
import { announce, childOptions } from "./child.ts";
import { peerOptions } from "./options.ts";

/*
 * A Worker in a runtime of its own. The process around it, Miniflare's, only reads the runtime's log; it is not counted as
 * the peer's.
 */

/** Nothing is read again while the bench runs. */
const REREAD_SECONDS = "86400";

const options = peerOptions
  .extend({ worker: z.enum(["gateway", "floor", "keeper", "signing"]), inspect: z.boolean().default(false) })
  .parse(childOptions());
const { worker, stateDir, vodEndpoint, inspect } = options;

if (worker === "gateway") {
  await mkdir(join(stateDir, worker), { recursive: true });
  const gateway = await bootGateway({
    stateDir: join(stateDir, worker),
    buildDir: BENCH_BUILD_DIR,
    vodEndpoint,
    inspect,
    vars: {
      VOD_REREAD_SECONDS: REREAD_SECONDS,
      // No queue shall form, and the local runtime has none of the platform's limits.
      ...NO_LIMITS,
    },
  });
  const { gatewayUrl: url, pid, inspectorUrl } = gateway;
  announce({ url, pid, inspectorUrl }, gateway.kill);
} else {
  const { miniflare, url, pid, inspectorUrl } = await bootDirect({
    configPath: configOf(worker),
    modulePath: benchModule(worker),
    port: 0,
    ...(worker === "keeper" && { persistTo: join(stateDir, worker) }),
    vars: gatewayVars({ VOD_ENDPOINT: vodEndpoint }),
    inspect,
  });
  announce({ url, pid, inspectorUrl }, () => miniflare.dispose());
}
