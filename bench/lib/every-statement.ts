import { createHash } from "node:crypto";
import { type Answer, call } from "../../scripts/lib/http.ts";
import { DEV_OWNER, gatewayVars } from "../../scripts/lib/local-env.ts";
import { generateTc3KeyPair, newTc3KeyRow, type Tc3KeyPair } from "../../scripts/lib/tc3-key.ts";
import { until } from "../../scripts/lib/until.ts";
import { createTc3Signer } from "../../src/signing/tc3-signer.ts";
import { INSERT_TC3_KEY } from "../../src/store/tc3-key-sql.ts";
import type { GatewayLab } from "./counted-gateway.ts";
import { allOver } from "./task-phases.ts";

/** Of this model the gateway lets one run at a time, so that others can be made to wait. */
export const ALONE_MODEL = "Hailuo";
/** Running tasks are read again so soon. */
export const REREAD_SECONDS = 2;

const STEP_TIMEOUT_MS = 45_000;
const MS_PER_SECOND = 1_000;
const DAY_MS = 24 * 60 * 60 * MS_PER_SECOND;
const EVENT_LIFETIME_SECONDS = 300;
const VENDOR_DAYS = 4;
/*
 * The emulator's clock is not put forward here: a task whose submission's answer was lost is looked for by its time.
 */
const SHORT_TASK_SECONDS = 0.3;
/** Long enough for whatever is to be done while it runs. */
const LONG_TASK_SECONDS = 5;
const ENDLESS_TASK_SECONDS = 3_600;
const VIDEO_PATH = "/tencent-vod/v1/aigc-video";
const REQUESTS_PATH = "/tencent-vod/v1/requests";

type Task = Record<string, unknown>;

/**
 * Leads tasks down every way there is through the gateway, so that each of its statements is run. The table may hold
 * any number of tasks beside these.
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
  const { gatewayUrl, apiKey, vendor, gateway } = lab;
  const get = (path: string) => call(`${gatewayUrl}${path}`, { apiKey });
  const create = (json: Task, key?: string) =>
    call(`${gatewayUrl}${VIDEO_PATH}`, {
      apiKey,
      headers: key === undefined ? {} : { "idempotency-key": key },
      json: { model_name: "Kling", model_version: "1.6", prompt: "A paper boat", ...json },
    });
  const created = async (json: Task = {}, key?: string) => idOf(await create(json, key));
  const status = async (id: string) => {
    const row = gateway.database.prepare("SELECT status FROM tasks WHERE id = ?1").bind(id);
    return row.first<string>("status");
  };
  const becomes = (id: string, wanted: string) =>
    until(`a task to be ${wanted}`, STEP_TIMEOUT_MS, async () => {
      const now = await status(id);
      if (now !== wanted) throw new Error(`It is ${now}`);
      return true;
    });
  const takes = (seconds: number) => vendor.configure({ task_seconds: seconds });
  const fault = (kind: "error" | "drop_after_accept", code?: string, action = "CreateAigcVideoTask") =>
    vendor.addFault({ action, kind, times: 1, ...(code !== undefined && { code }) });

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
      await readEverywhere(get, id);
      await takes(SHORT_TASK_SECONDS);
      await becomes(id, "succeeded");
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
        const row = gateway.database.prepare("SELECT attempt FROM tasks WHERE id = ?1").bind(roomless);
        return ((await row.first<number>("attempt")) ?? 0) > 1;
      });
      await vendor.configure({ outcome: { ErrCode: 70_000, ErrCodeExt: "InternalError", Message: "Broken" } });
      await becomes(await created(), "failed");
      await vendor.configure({ outcome: "success" });
      await allOver(lab);
    },

    /** The vendor has the task, and its answer is lost. */
    async vendorIsUnclear() {
      await takes(LONG_TASK_SECONDS);
      await fault("drop_after_accept");
      const id = await created();
      await becomes(id, "running");
      await takes(SHORT_TASK_SECONDS);
      await becomes(id, "succeeded");
    },

    /** One that cannot be applied at once, copies of one, and one that comes too late. */
    async eventsOfAllKinds() {
      await vendor.configure({ callback: { duplicate: 1 } });
      await fault("error", "InternalError", "DescribeTaskDetail");
      const id = await created();
      await becomes(id, "succeeded");
      await vendor.configure({ callback: { duplicate: 0 } });
      const row = gateway.database.prepare("SELECT body FROM events WHERE task_id = ?1").bind(id);
      const event = JSON.parse((await row.first<string>("body")) ?? "{}") as Task;
      const t = Math.floor(Date.now() / MS_PER_SECOND) + EVENT_LIFETIME_SECONDS;
      // As src/signing does it, with an MD5 that Node's own Web Crypto does not have.
      const sign = createHash("md5")
        .update(`${gatewayVars({}).VOD_SIGN_KEY}${t}`)
        .digest("hex");
      const json = { ...event, Late: run, Sign: sign, T: t };
      expect(await call(gateway.callbackUrl, { json }), 200);
    },

    /** Behind another task of a model that runs alone: canceled there, or failed for having waited too long. */
    async waiting() {
      await takes(LONG_TASK_SECONDS);
      const alone = { model_name: ALONE_MODEL, model_version: "02" };
      await created(alone);
      const canceled = await created({ ...alone, session_id: `${run}-canceled` }, `${run}-canceled`);
      const late = await created({ ...alone, start_timeout: 1 });
      expect(await get(`${REQUESTS_PATH}/${canceled}/status`), 202);
      await cancel(canceled);
      await becomes(canceled, "canceled");
      await becomes(late, "failed");
      const running = await created();
      await cancel(running);
      await takes(SHORT_TASK_SECONDS);
      await allOver(lab);
    },

    /** Its submission is dated back beyond what the vendor remembers; the next re-read finds that out. */
    async forgottenByTheVendor() {
      await takes(ENDLESS_TASK_SECONDS);
      const id = await created();
      const then = Date.now() - VENDOR_DAYS * DAY_MS;
      const update = gateway.database.prepare("UPDATE tasks SET submitted_at = ?2 WHERE id = ?1");
      await update.bind(id, then).run();
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
      const values = await newTc3KeyRow(
        pair,
        { owner: DEV_OWNER, name: run, scopes },
        gatewayVars({}).KEY_ENCRYPTION_KEY,
      );
      await gateway.database
        .prepare(INSERT_TC3_KEY)
        .bind(...values)
        .run();
      await callAsVendor(gatewayUrl, pair, "DescribeTaskDetail", { TaskId: id });
    },

    /** Content that its client has removed. */
    async removed() {
      for (const path of [REQUESTS_PATH, "/v1/videos"]) {
        const id = await created();
        await becomes(id, "succeeded");
        expect(await call(`${gatewayUrl}${path}/${id}`, { method: "DELETE", apiKey }), 200);
      }
    },
  };

  async function cancel(id: string): Promise<Answer> {
    return call(`${gatewayUrl}${REQUESTS_PATH}/${id}/cancel`, { method: "PUT", apiKey });
  }
}

/** As a list's query takes it. */
function daysAgo(days: number): string {
  return encodeURIComponent(new Date(Date.now() - days * DAY_MS).toISOString());
}

async function readEverywhere(get: (path: string) => Promise<Answer>, id: string): Promise<void> {
  const paths = [
    `${REQUESTS_PATH}/${id}/status`,
    `${REQUESTS_PATH}/${id}`,
    `/tencent-vod/v1/query/${id}`,
    `/v1/video/generations/${id}`,
    `/v1/videos/${id}`,
  ];
  for (const path of paths) await get(path);
}

/** @throws when it is answered with an error, which comes with HTTP 200 as well */
async function callAsVendor(url: string, credentials: Tc3KeyPair, action: string, json: object): Promise<void> {
  const payload = JSON.stringify({ SubAppId: Number(gatewayVars({}).VOD_SUB_APP_ID), ...json });
  const headers = await createTc3Signer({ credentials, service: "vod" }).sign({
    host: new URL(url).host,
    action,
    version: "2018-07-17",
    payload,
    timestamp: Math.floor(Date.now() / MS_PER_SECOND),
  });
  const response = await fetch(url, { method: "POST", headers, body: payload });
  const { Response: answer } = (await response.json()) as { Response: { Error?: object } };
  if (answer.Error) throw new Error(JSON.stringify(answer.Error));
}

function idOf(answer: Answer): string {
  expect(answer, 200);
  return (answer.body as { request_id: string }).request_id;
}

function expect({ status, body }: Answer, wanted: number): void {
  if (status !== wanted) throw new Error(`HTTP ${status} instead of ${wanted}: ${JSON.stringify(body)}`);
}
