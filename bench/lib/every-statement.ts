import { type Answer, call } from "../../scripts/lib/http.ts";
import { DEV_OWNER, gatewayVars } from "../../scripts/lib/local-env.ts";
import { generateTc3KeyPair, newTc3KeyRow } from "../../scripts/lib/tc3-key.ts";
import { until } from "../../scripts/lib/until.ts";
import { INSERT_TC3_KEY } from "../../src/store/tc3-key-sql.ts";
import type { GatewayLab } from "./counted-gateway.ts";
import { putClockAhead } from "./counts.ts";
import { PATHS, pathOf } from "./poll-counts.ts";
import { allOver } from "./task-phases.ts";
import { taskRow } from "./task-row.ts";
import { callAsVendor, completionOf, createForgotten, misplacedCompletion, otherEvent } from "./vendor-events.ts";

/** Of this model the gateway lets one run at a time, so that others can be made to wait. */
export const ALONE_MODEL = "Hailuo";
/** Running tasks are read again, and unanswered ones sent again, so soon. */
export const REREAD_SECONDS = 2;
export const RESEND_SECONDS = 1;

const STEP_TIMEOUT_MS = 60_000;
const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;
/** Longer than the vendor remembers a task. */
const VENDOR_DAYS = 4;
const SHORT_TASK_SECONDS = 0.3;
/** Long enough for whatever is to be done while it runs. */
const LONG_TASK_SECONDS = 5;
const ENDLESS_TASK_SECONDS = 3_600;
/** More than lies in a task's row. */
const LARGE_PROMPT_CHARACTERS = 20_000;
const VIDEO_PATH = "/tencent-vod/v1/aigc-video";
const REQUESTS_PATH = "/tencent-vod/v1/requests";

type Task = Record<string, unknown>;

/**
 * Leads tasks down every way there is through the gateway, so that each of its statements is run. The tables may hold any
 * number of tasks beside these.
 * @param lab of the counting Worker, whose clock can be put ahead
 * @param run tells the names of one run from those of another
 */
export async function runEveryStatement(lab: GatewayLab, run: string): Promise<void> {
  const client = clientOf(lab, run);
  await client.duplicates();
  await client.vendorRefuses();
  await client.vendorIsUnclear();
  await client.eventsOfAllKinds();
  await client.waiting();
  await client.forgottenByTheVendor();
  await client.lists();
  await client.vendorsOwnApi();
  await client.removed();
  await call(`${lab.gatewayUrl}/readyz`, { apiKey: lab.apiKey });
  await lab.gateway.fireCron();
}

function clientOf(lab: GatewayLab, run: string) {
  const { gatewayUrl, emulatorUrl, apiKey, vendor, gateway } = lab;
  const get = (path: string) => call(`${gatewayUrl}${path}`, { apiKey });
  const create = (json: Task, key?: string) =>
    call(`${gatewayUrl}${VIDEO_PATH}`, {
      apiKey,
      headers: key === undefined ? {} : { "idempotency-key": key },
      json: { model_name: "Kling", model_version: "1.6", prompt: "A paper boat", ...json },
    });
  const created = async (json: Task = {}, key?: string) => idOf(await create(json, key));
  const cancel = (id: string) => call(`${gatewayUrl}${REQUESTS_PATH}/${id}/cancel`, { method: "PUT", apiKey });
  const becomes = (id: string, wanted: string) =>
    until(`a task to be ${wanted}`, STEP_TIMEOUT_MS, async () => {
      const now = (await taskRow(gateway, id))?.status;
      if (now !== wanted) throw new Error(`It is ${now}`);
      return true;
    });
  const takes = (seconds: number) => vendor.configure({ task_seconds: seconds });
  const fault = (kind: "error" | "drop_before_accept" | "drop_after_accept", code?: string, action?: string) =>
    vendor.addFault({ action: action ?? "CreateAigcVideoTask", kind, times: 1, ...(code !== undefined && { code }) });
  const notify = async (json: object) => expect(await call(gateway.callbackUrl, { json }), 200);

  return {
    /** A task read in every dialect while it runs and when it is over, and submitted again in every way. */
    async duplicates() {
      await takes(LONG_TASK_SECONDS);
      const session = { session_id: `${run}-first` };
      const id = await created(session, `${run}-first`);
      expect(await create(session), 409);
      expect(await create(session, `${run}-second`), 409);
      expect(await create(session, `${run}-first`), 200);
      expect(await create({ ...session, prompt: "Another boat" }, `${run}-first`), 422);
      for (const attempt of ["0", "1"]) {
        const json = { model: "sora-2", prompt: `A paper boat, ${run}` };
        const headers = { "x-stainless-retry-count": attempt };
        expect(await call(`${gatewayUrl}/v1/videos`, { apiKey, headers, json }), 200);
      }
      await readEverywhere(get, id);
      await takes(SHORT_TASK_SECONDS);
      await becomes(id, "succeeded");
      await allOver(lab);
      await readEverywhere(get, id);
      expect(await get(`${REQUESTS_PATH}?session_id=${run}-first`), 200);
    },

    /** For good, which gives the names back, and for the moment, which makes the task wait. */
    async vendorRefuses() {
      await fault("error", "ResourceInsufficient");
      await create({ session_id: `${run}-refused` }, `${run}-refused`);
      await fault("error", "RequestLimitExceeded");
      await becomes(await created({ session_id: `${run}-throttled` }), "succeeded");
      await vendor.configure({ outcome: { ErrCode: 70_000, ErrCodeExt: "RequestLimitExceeded", Message: "No room" } });
      const roomless = await created({ session_id: `${run}-roomless` });
      await until("another attempt", STEP_TIMEOUT_MS, async () => {
        return ((await taskRow(gateway, roomless))?.attempt ?? 0) > 1;
      });
      await vendor.configure({ outcome: { ErrCode: 70_000, ErrCodeExt: "InternalError", Message: "Broken" } });
      await becomes(await created(), "failed");
      await vendor.configure({ outcome: "success" });
      await allOver(lab);
    },

    /** The vendor's answer is lost, and it has the task, or has it not. */
    async vendorIsUnclear() {
      await fault("drop_after_accept");
      await fault("error", "InternalError", "DescribeTaskDetail");
      await becomes(await created({ session_id: `${run}-lost` }), "succeeded");
      await fault("drop_before_accept");
      await becomes(await created(), "succeeded");
    },

    /** One that cannot be applied at once, copies of one, one that comes too late, and some that nobody expects. */
    async eventsOfAllKinds() {
      await vendor.configure({ callback: { duplicate: 1 } });
      await fault("error", "InternalError", "DescribeTaskDetail");
      const id = await created();
      await becomes(id, "succeeded");
      await vendor.configure({ callback: { duplicate: 0 } });
      await notify(await completionOf(vendor, id));
      await notify(await misplacedCompletion(vendor));
      await notify(otherEvent(run));
      await becomes(await createForgotten(emulatorUrl), "succeeded");
    },

    /** Behind another task of a model that runs alone: canceled there, or failed for having waited too long. */
    async waiting() {
      await takes(LONG_TASK_SECONDS);
      const alone = { model_name: ALONE_MODEL, model_version: "02" };
      await created(alone);
      const canceled = await created({ ...alone, session_id: `${run}-canceled` }, `${run}-canceled`);
      const late = await created({ ...alone, start_timeout: 1 });
      const large = await created({ ...alone, prompt: "boat ".repeat(LARGE_PROMPT_CHARACTERS / 5) });
      expect(await get(`${REQUESTS_PATH}/${canceled}/status`), 202);
      await cancel(canceled);
      await becomes(canceled, "canceled");
      await becomes(late, "failed");
      // Stored requests are looked through when they are an hour old.
      await putClockAhead(gatewayUrl, 2 * HOUR_MS);
      await gateway.fireCron();
      await putClockAhead(gatewayUrl, 0);
      const running = await created();
      await cancel(running);
      await takes(SHORT_TASK_SECONDS);
      await becomes(large, "succeeded");
      await allOver(lab);
    },

    async forgottenByTheVendor() {
      await takes(ENDLESS_TASK_SECONDS);
      const id = await created();
      await putClockAhead(gatewayUrl, VENDOR_DAYS * DAY_MS);
      await gateway.fireCron();
      await putClockAhead(gatewayUrl, 0);
      await becomes(id, "expired");
      await takes(SHORT_TASK_SECONDS);
    },

    async lists() {
      const filters = [
        "",
        "status=COMPLETED",
        "status=IN_PROGRESS",
        "status=canceled",
        "model_name=Vidu",
        "model_name=Vidu&status=canceled",
        `session_id=seed-0`,
        `session_id=seed-0&status=COMPLETED`,
        `session_id=seed-0&model_name=Kling`,
        `created_from=${daysAgo(20)}&created_to=${daysAgo(10)}`,
        `created_from=${daysAgo(20)}&created_to=${daysAgo(10)}&status=failed`,
        `created_to=${daysAgo(10)}&model_name=GV&status=failed`,
      ];
      for (const filter of filters) {
        const page = await get(`${REQUESTS_PATH}?limit=100&${filter}`);
        expect(page, 200);
        const { next_cursor: cursor } = page.body as { next_cursor: string | null };
        if (cursor) expect(await get(`${REQUESTS_PATH}?limit=100&${filter}&cursor=${cursor}`), 200);
      }
      for (const order of ["asc", "desc"]) {
        const page = await get(`/v1/videos?limit=100&order=${order}`);
        expect(page, 200);
        const { last_id: last } = page.body as { last_id: string };
        expect(await get(`/v1/videos?limit=100&order=${order}&after=${last}`), 200);
      }
    },

    /** With a key pair for the vendor's SDKs. */
    async vendorsOwnApi() {
      const id = await created();
      await allOver(lab);
      const pair = generateTc3KeyPair();
      const scopes: ("submit" | "read")[] = ["submit", "read"];
      const key = { owner: DEV_OWNER, name: run, scopes };
      const values = await newTc3KeyRow(pair, key, gatewayVars({}).GATEWAY_SECRET);
      await gateway.database
        .prepare(INSERT_TC3_KEY)
        .bind(...values)
        .run();
      await callAsVendor(gatewayUrl, pair, "DescribeTaskDetail", { TaskId: id });
    },

    /** Content that its client has removed: of a task that the object keeps for its name, and of those that it does not. */
    async removed() {
      for (const [path, session] of [
        [REQUESTS_PATH, { session_id: `${run}-removed` }],
        [REQUESTS_PATH, {}],
        ["/v1/videos", {}],
      ] as const) {
        const id = await created(session);
        await becomes(id, "succeeded");
        await allOver(lab);
        expect(await call(`${gatewayUrl}${path}/${id}`, { method: "DELETE", apiKey }), 200);
      }
    },
  };
}

/** As a list's query takes it. */
function daysAgo(days: number): string {
  return encodeURIComponent(new Date(Date.now() - days * DAY_MS).toISOString());
}

async function readEverywhere(get: (path: string) => Promise<Answer>, id: string): Promise<void> {
  for (const path of PATHS) await get(pathOf(path, id));
}

function idOf(answer: Answer): string {
  expect(answer, 200);
  return (answer.body as { request_id: string }).request_id;
}

function expect({ status, body }: Answer, wanted: number): void {
  if (status !== wanted) throw new Error(`HTTP ${status} instead of ${wanted}: ${JSON.stringify(body)}`);
}
