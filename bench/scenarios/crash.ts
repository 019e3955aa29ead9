import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { startStack } from "../../scripts/lib/stack.ts";
import { until } from "../../scripts/lib/until.ts";
import { atLeast, atMost, exactly, type Outcome } from "../lib/checks.ts";
import { submitAtOnce, succeededOf } from "../lib/client.ts";
import { bootGateway, type Gateway } from "../lib/gateway.ts";
import {
  acceptedAgain,
  type Dispatch,
  dispatchesAt,
  mostAtOnce,
  mostInOneSecond,
  refusalsAt,
} from "../lib/vendor-log.ts";

const VENDOR_CREATES_PER_SECOND = 20;
/** What was running when the gateway fell is asked about after this, for its notification found nobody there. */
const REREAD_SECONDS = 2;
/** A create that the fall cut off before the vendor had it is sent again so long after its end, half a minute in all. */
const RESEND_SECONDS = 1;

export type CrashSize = { tasks: number; concurrency: number; taskSeconds: number; timeoutMs: number };

/** The gateway's runtime is killed with half the queue done, and started again on what it has stored. */
export async function crash(buildDir: string, size: CrashSize): Promise<Outcome> {
  const stateDir = await mkdtemp(join(tmpdir(), "reelgate-crash-"));
  const emulator = await startStack({ gateway: false, buildDir });
  let gateway: Gateway | undefined;
  try {
    const vendor = createEmulatorClient(emulator.emulatorUrl);
    const boot = (atPort?: number) =>
      bootGateway({
        stateDir,
        buildDir,
        vodEndpoint: emulator.emulatorUrl,
        vars: {
          VOD_CONCURRENCY: String(size.concurrency),
          VOD_REREAD_SECONDS: String(REREAD_SECONDS),
          VOD_RESEND_SECONDS: String(RESEND_SECONDS),
        },
        ...(atPort !== undefined && { port: atPort, restart: true }),
      });
    gateway = await boot();
    await vendor.configure({
      concurrency: size.concurrency,
      requests_per_second: VENDOR_CREATES_PER_SECOND,
      task_seconds: size.taskSeconds,
      notification_url: gateway.callbackUrl,
    });

    const ids = (await submitAtOnce(gateway, size.tasks)).map(({ id }) => id);
    await until("half the queue to be done", size.timeoutMs, async () => {
      return (await dispatchesAt(vendor)).filter(isFinished).length >= size.tasks / 2;
    });
    const { port } = gateway;
    await gateway.kill();
    gateway = undefined;
    const atKill = await dispatchesAt(vendor);
    const killedAt = performance.now();
    gateway = await boot(port);
    await gateway.fireCron();
    const restartedAt = performance.now();
    const succeeded = await succeededOf(gateway, ids, size.timeoutMs);
    const endedAt = performance.now();

    const dispatches = await dispatchesAt(vendor);
    return {
      checks: [
        atLeast("tasks done when the gateway was killed", atKill.filter(isFinished).length, size.tasks / 2),
        atLeast("tasks still waiting when the gateway was killed", size.tasks - atKill.length, 1),
        exactly("tasks that succeeded", succeeded, size.tasks),
        exactly("tasks accepted more than once", acceptedAgain(dispatches), 0),
        exactly("tasks at the vendor", dispatches.length, size.tasks),
        atMost("most running at the vendor", mostAtOnce(dispatches), size.concurrency),
        atMost("most creates in any second", mostInOneSecond(dispatches), VENDOR_CREATES_PER_SECOND),
        exactly("RequestLimitExceeded", await refusalsAt(vendor), 0),
      ],
      measures: [
        { name: "kill to running again", value: (restartedAt - killedAt) / 1000, unit: "s" },
        { name: "running again to the last result", value: (endedAt - restartedAt) / 1000, unit: "s" },
      ],
    };
  } finally {
    await gateway?.kill();
    await emulator.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

const isFinished = ({ finishedAtMs }: Dispatch) => finishedAtMs !== null;
