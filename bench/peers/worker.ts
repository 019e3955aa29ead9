import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { gatewayVars } from "../../scripts/lib/local-env.ts";
import { benchModule, BENCH_BUILD_DIR, configOf } from "../lib/build.ts";
import { bootDirect } from "../lib/direct-worker.ts";
import { bootGateway } from "../lib/gateway.ts";
import { announce, childOptions } from "./child.ts";
import { peerOptions } from "./options.ts";

/*
 * A Worker in a runtime of its own. The process around it, Miniflare's, only reads the runtime's log; it is not counted as
 * the peer's.
 */

const UNLIMITED = "1000000";
/** Nothing is read again while the bench runs. */
const REREAD_SECONDS = "86400";

const options = peerOptions.extend({ worker: z.enum(["gateway", "floor", "keeper", "signing"]) }).parse(childOptions());
const { worker, stateDir, vodEndpoint } = options;

if (worker === "gateway") {
  await mkdir(join(stateDir, worker), { recursive: true });
  const gateway = await bootGateway({
    stateDir: join(stateDir, worker),
    buildDir: BENCH_BUILD_DIR,
    vodEndpoint,
    vars: {
      VOD_CONCURRENCY: UNLIMITED,
      VOD_REQUESTS_PER_SECOND: UNLIMITED,
      VOD_REREAD_SECONDS: REREAD_SECONDS,
    },
  });
  announce({ url: gateway.gatewayUrl, pid: gateway.pid }, gateway.kill);
} else {
  const { miniflare, url, pid } = await bootDirect({
    configPath: configOf(worker),
    modulePath: benchModule(worker),
    port: 0,
    ...(worker === "keeper" && { persistTo: join(stateDir, worker) }),
    vars: gatewayVars({ VOD_ENDPOINT: vodEndpoint }),
  });
  announce({ url, pid }, () => miniflare.dispose());
}
