import { createEmulatorClient, type EmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { call } from "../../scripts/lib/http.ts";
import type { NewApiKey } from "../../scripts/lib/api-key.ts";
import { until } from "../../scripts/lib/until.ts";
import { submitAtOnce, type Submitted, type Target } from "./client.ts";

/** A gateway in front of an emulator. */
export type Lab = Target & {
  emulatorUrl: string;
  vendor: EmulatorClient;
  addApiKey: (input: NewApiKey) => Promise<string>;
};

export function labOf(stack: Omit<Lab, "vendor">): Lab {
  return { ...stack, vendor: createEmulatorClient(stack.emulatorUrl) };
}

/** Long enough for everything that is to be made ready meanwhile. */
const HOLD_SECONDS = 3_600;
/** The gateway may have to wait for the second that its last calls fell in. */
const FILL_TIMEOUT_MS = 10_000;

/** From here on the vendor's tasks take so long that whatever is behind them waits, until {@link release}. */
export async function hold({ vendor }: Lab): Promise<void> {
  await vendor.configure({ task_seconds: HOLD_SECONDS });
}

/** As {@link hold}, and fills the gateway's slots: whatever is submitted after this waits. */
export async function holdAllSlots(lab: Lab, slots: number): Promise<Submitted[]> {
  await hold(lab);
  const held = await submitAtOnce(lab, slots);
  await until("the slots to be full", FILL_TIMEOUT_MS, async () => (await lab.vendor.tasks()).length === slots);
  return held;
}

/** Ends what was held; from here on a task takes `taskSeconds`. */
export async function release({ vendor, emulatorUrl }: Lab, taskSeconds: number): Promise<void> {
  await vendor.configure({ task_seconds: taskSeconds });
  const answer = await call(`${emulatorUrl}/_emulator/clock`, { json: { advance_seconds: HOLD_SECONDS } });
  if (answer.status !== 200) throw new Error(`The emulator's clock: HTTP ${answer.status}`);
}
