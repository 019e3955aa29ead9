import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../scripts/lib/http.ts";
import { exactly, type Measure, type Outcome } from "../lib/checks.ts";
import { submit } from "../lib/client.ts";
import { bootGateway, type Gateway } from "../lib/gateway.ts";
import { startVendor } from "../lib/peers.ts";
import { newStateDir } from "../lib/state-dir.ts";

const BYTES_PER_MB = 1_000_000;
const LOOK_EVERY_MS = 20;
/** After which what is not collected is kept. */
const SETTLE_MS = 5_000;

export type LargeRequestsSize = { atOnce: number; megabytes: number };

/** Submissions with a file in each, all at once, in front of a plain vendor: how much memory the gateway's process takes. */
export async function largeRequests(buildDir: string, size: LargeRequestsSize): Promise<Outcome> {
  const few = await submitLarge(buildDir, { ...size, atOnce: size.atOnce / 2 });
  const many = await submitLarge(buildDir, size);
  return {
    checks: [
      exactly(`of ${size.atOnce / 2} at once accepted`, few.accepted, size.atOnce / 2),
      exactly(`of ${size.atOnce} at once accepted`, many.accepted, size.atOnce),
      exactly("tasks at the vendor", few.tasks + many.tasks, few.accepted + many.accepted),
    ],
    measures: [...measuresOf(size.atOnce / 2, few), ...measuresOf(size.atOnce, many)],
  };
}

type Observed = {
  accepted: number;
  /** At the vendor. */
  tasks: number;
  beforeMb: number;
  mostMb: number;
  afterMb: number;
  seconds: number;
};

function measuresOf(count: number, { beforeMb, mostMb, afterMb, seconds }: Observed): Measure[] {
  return [
    { name: `${count} at once: memory before (RSS)`, value: beforeMb, unit: "MB" },
    { name: `${count} at once: the most memory (RSS)`, value: mostMb, unit: "MB" },
    { name: `${count} at once: memory a few seconds later (RSS)`, value: afterMb, unit: "MB" },
    { name: `${count} at once: all answered`, value: seconds, unit: "s" },
  ];
}

async function submitLarge(buildDir: string, { atOnce, megabytes }: LargeRequestsSize): Promise<Observed> {
  const stateDir = await newStateDir();
  const vendor = await startVendor();
  try {
    const vars = { VOD_CONCURRENCY: String(2 * atOnce) };
    const gateway = await bootGateway({ stateDir, buildDir, vodEndpoint: vendor.url, vars });
    try {
      // The first one pays for the isolate and the object.
      await submit(gateway);
      await vendor.reset(0);
      const before = await gateway.residentBytes();
      const began = performance.now();
      const answers = Promise.all(Array.from({ length: atOnce }, () => postLarge(gateway, megabytes)));
      const most = await mostMemory(gateway, answers);
      const seconds = (performance.now() - began) / 1_000;
      await sleep(SETTLE_MS);
      return {
        accepted: (await answers).filter((status) => status === 200).length,
        tasks: (await vendor.counts()).tasks,
        beforeMb: before / BYTES_PER_MB,
        mostMb: most / BYTES_PER_MB,
        afterMb: (await gateway.residentBytes()) / BYTES_PER_MB,
        seconds,
      };
    } finally {
      await gateway.kill();
    }
  } finally {
    await vendor.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function postLarge({ gatewayUrl, apiKey }: Gateway, megabytes: number): Promise<number> {
  const base64 = "A".repeat(megabytes * BYTES_PER_MB);
  const json = {
    model_name: "Kling",
    model_version: "1.6",
    prompt: "A boat",
    file_infos: [{ type: "Base64", base64 }],
  };
  return (await call(`${gatewayUrl}/tencent-vod/v1/aigc-video`, { apiKey, json })).status;
}

async function mostMemory(gateway: Gateway, work: Promise<unknown>): Promise<number> {
  const ended = work.then(
    () => "ended",
    () => "ended",
  );
  let most = 0;
  do most = Math.max(most, await gateway.residentBytes());
  while ((await Promise.race([ended, sleep(LOOK_EVERY_MS)])) !== "ended");
  return most;
}
