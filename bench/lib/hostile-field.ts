import { generateApiKey, type NewApiKey, newApiKeyRow } from "../../scripts/lib/api-key.ts";
import { DEV_OWNER, gatewayVars } from "../../scripts/lib/local-env.ts";
import { generateTc3KeyPair, newTc3KeyRow } from "../../scripts/lib/tc3-key.ts";
import { SEED_API_KEY } from "../../src/store/api-key-sql.ts";
import { INSERT_TC3_KEY } from "../../src/store/tc3-key-sql.ts";
import { VICTIM_KEY, VICTIM_MARK, VICTIM_SESSION } from "../../test/hostile/judge.ts";
import type { Known } from "../../test/hostile/fuzz/requests.ts";
import type { ApiDescription } from "../../test/hostile/place.ts";
import { call } from "../../scripts/lib/http.ts";
import type { Field } from "../attacks/attack.ts";
import { submit } from "./client.ts";
import { type GatewayLab, withGateway } from "./counted-gateway.ts";
import { hold } from "./lab.ts";
import { allOver } from "./task-phases.ts";

/** As many as a list shows at once. */
const FINISHED_TASKS = 100;
/** The longest that is kept with a task. */
const OUTLINE_PROMPT_CHARACTERS = 8_000;
const CONTEXT_CHARACTERS = 1_000;
/** With the rest of the request below what the vendor takes. */
const LARGE_PROMPT_CHARACTERS = 9_500_000;

export type EmptyField = Omit<Field, "large">;

/** Has `work` done in a field that is ready to be attacked. */
export function withField<T>(buildDir: string, work: (field: EmptyField) => Promise<T>): Promise<T> {
  return withGateway({ buildDir, emulatorBuildDir: buildDir, inspect: true }, async (lab) => {
    const { VOD_SIGN_KEY: signKey, GATEWAY_SECRET: root } = gatewayVars({});
    const pair = generateTc3KeyPair();
    const row = await newTc3KeyRow(pair, { owner: DEV_OWNER, name: "hostile", scopes: ["submit", "read"] }, root);
    await lab.gateway.database
      .prepare(INSERT_TC3_KEY)
      .bind(...row)
      .run();
    const description = (await call(`${lab.gatewayUrl}/openapi.json`)).body as ApiDescription;
    const callbackPath = new URL(lab.gateway.callbackUrl).pathname;
    return work({ ...lab, description, callbackPath, signKey, pair });
  });
}

/** A page of tasks that are as large as finished ones get, and one that is as large as a request may be, at the vendor. */
export async function makeLarge(lab: GatewayLab): Promise<Field["large"]> {
  await lab.vendor.configure({ task_seconds: 0 });
  const finished: string[] = [];
  for (let index = 0; index < FINISHED_TASKS; index++) {
    const texts = { prompt: "汉".repeat(OUTLINE_PROMPT_CHARACTERS), session_context: "🎬".repeat(CONTEXT_CHARACTERS) };
    finished.push((await submit(lab, { ...texts, model_name: "Next", model_version: "1" })).id);
  }
  await allOver(lab);
  await hold(lab);
  const large = { model_name: "Next", model_version: "1", prompt: "A".repeat(LARGE_PROMPT_CHARACTERS) };
  return { finished: finished[0] ?? "", running: (await submit(lab, large)).id };
}

/** What a fuzzer is given: tasks of the caller's own, and another owner's, whose every text carries a mark. */
export async function makeVictim(lab: EmptyField): Promise<Known & { victimKey: string }> {
  await lab.vendor.configure({ task_seconds: 0 });
  const victimKey = await addKey(lab, "victim", ["submit", "read"]);
  const car = { prompt: VICTIM_MARK, session_id: VICTIM_SESSION, session_context: VICTIM_MARK };
  const json = { model_name: "Kling", model_version: "1.6", ...car };
  const answer = await call(`${lab.gatewayUrl}/tencent-vod/v1/aigc-video`, {
    json,
    apiKey: victimKey,
    headers: { "idempotency-key": VICTIM_KEY },
  });
  const { request_id: victim } = answer.body as { request_id: string };
  const own = (await submit(lab)).id;
  const spare = (await submit(lab)).id;
  await allOver(lab);
  const task = (await lab.vendor.tasks()).find(({ SessionId }) => SessionId.startsWith(own));
  if (!task) throw new Error("The vendor has made nothing of the own task");
  return {
    own,
    spare,
    victim,
    victimKey,
    callbackSecret: decodeURIComponent(lab.callbackPath.split("/").at(-1) ?? ""),
    vendors: task.TaskId,
    token: task.SessionContext,
  };
}

/** A key in the gateway's record. */
export async function addKey({ gateway }: GatewayLab, owner: string, scopes: NewApiKey["scopes"]): Promise<string> {
  const key = generateApiKey();
  const row = newApiKeyRow(key, { owner, name: "hostile", scopes });
  await gateway.database
    .prepare(SEED_API_KEY)
    .bind(...row)
    .run();
  return key;
}
