import * as z from "zod";
import { call } from "./http.ts";

const taskList = z.array(
  z.looseObject({
    TaskId: z.string(),
    Action: z.string(),
    SessionId: z.string(),
    SessionContext: z.string(),
    Status: z.string(),
    request: z.record(z.string(), z.unknown()),
  }),
);
const callCounts = z.record(z.string(), z.record(z.string(), z.number()));

export type VendorTask = z.infer<typeof taskList>[number];

export type Fault = {
  action: string;
  kind: "error" | "http_500" | "drop_before_accept" | "drop_after_accept" | "slow" | "late" | "bad_json";
  code?: string;
  delay_ms?: number;
  times?: number;
};

export type EmulatorClient = ReturnType<typeof createEmulatorClient>;

/** The emulator's control calls. Each throws when it is refused. */
export function createEmulatorClient(url: string) {
  const control = async (method: string, name: string, json?: unknown): Promise<unknown> => {
    const answer = await call(`${url}/_emulator/${name}`, { method, json });
    if (answer.status !== 200) {
      throw new Error(`${method} /_emulator/${name}: HTTP ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  };
  return {
    configure: (config: Record<string, unknown>) => control("PUT", "config", config),
    addFault: (fault: Fault) => control("POST", "faults", fault),
    clearFaults: () => control("DELETE", "faults"),
    reset: () => control("POST", "reset"),
    /** What the vendor has accepted, thus what is paid; oldest first. */
    tasks: async (): Promise<VendorTask[]> => taskList.parse(await control("GET", "tasks")),
    /** How often each action ended with each code. */
    calls: async () => callCounts.parse(await control("GET", "calls")),
  };
}
