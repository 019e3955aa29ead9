import { setTimeout as sleep } from "node:timers/promises";
import { vod } from "tencentcloud-sdk-nodejs-vod";
import * as z from "zod";
import type { EmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { type Answer, call } from "../../scripts/lib/http.ts";

const PAGE_TASKS = 100;
const CALLS_AT_ONCE = 8;
const READ_TRIES = 12;
const READ_PAUSE_MS = 300;

/** A task as the gateway shows it to its owner. */
export type GatewayTask = {
  owner: string;
  requestId: string;
  state: string;
  sessionId: string;
  errorCode: string;
  /** Addresses of what was made; none unless it succeeded. */
  urls: string[];
  /** The whole answer of the result route, as text. */
  result: string;
  /** Milliseconds; null while it is not over. */
  finishedAt: number | null;
  /** Its content was removed. */
  erased: boolean;
};

/** A task as the vendor has it, thus one that is paid unless the vendor says that it did not do the work. */
export type PaidTask = {
  vendorTaskId: string;
  /** What the gateway sent as SessionId: its own task id and the attempt. */
  sessionId: string;
  prompt: string;
  finished: boolean;
  /** "" after a success. */
  errorCode: string;
  urls: string[];
  /** Milliseconds, cut to the second. */
  finishedAt: number;
};

/** The stores, or the limit of requests, are not asked for a verdict. */
const REPEATABLE: ReadonlySet<number> = new Set([429, 503]);

const pageSchema = z.object({
  requests: z.array(
    z.looseObject({
      request_id: z.string(),
      state: z.string(),
      session_id: z.string(),
      error_type: z.string().optional(),
      finished_at: z.string().nullable(),
      deleted_at: z.string().optional(),
    }),
  ),
  next_cursor: z.string().nullable(),
});
const resultSchema = z.looseObject({
  videos: z.array(z.looseObject({ url: z.string() })),
  images: z.array(z.looseObject({ url: z.string() })),
});
const logsSchema = z.looseObject({
  logs: z.array(z.looseObject({ timestamp: z.string(), message: z.string() })),
});
const outputSchema = z.looseObject({
  Status: z.string(),
  ErrCode: z.number(),
  ErrCodeExt: z.string(),
  SessionId: z.string(),
  Input: z.looseObject({ Prompt: z.string().default("") }),
  Output: z.looseObject({ FileInfos: z.array(z.looseObject({ FileUrl: z.string() })) }),
});
const detailSchema = z.looseObject({
  FinishTime: z.string(),
  AigcVideoTask: outputSchema.nullish(),
  AigcImageTask: outputSchema.nullish(),
});

export type GatewayReader = ReturnType<typeof createGatewayReader>;

/** Reads the gateway's tasks over its API, as their owners would. */
export function createGatewayReader(gatewayUrl: string, keys: ReadonlyMap<string, string>) {
  const get = async (owner: string, path: string): Promise<Answer> => {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await call(`${gatewayUrl}${path}`, { apiKey: keys.get(owner) ?? "" });
        if (!REPEATABLE.has(answer.status) || tries >= READ_TRIES) return answer;
      } catch (error) {
        if (tries >= READ_TRIES) throw error;
      }
      await sleep(READ_PAUSE_MS * tries);
    }
  };

  /** @param status only tasks in this state, or under this public word */
  async function list(owner: string, status?: string) {
    const tasks: z.output<typeof pageSchema>["requests"] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const query = new URLSearchParams({
        limit: String(PAGE_TASKS),
        ...(status !== undefined && { status }),
        ...(cursor !== "" && { cursor }),
      });
      const answer = await get(owner, `/tencent-vod/v1/requests?${query}`);
      if (answer.status !== 200) throw new Error(`The list of ${owner}: HTTP ${answer.status}`);
      const page = pageSchema.parse(answer.body);
      tasks.push(...page.requests);
      cursor = page.next_cursor;
    }
    return tasks;
  }

  return {
    /** How many tasks are not over yet. */
    async countOpen(): Promise<number> {
      const lists = await Promise.all(
        Array.from(keys.keys()).flatMap((owner) => ["IN_QUEUE", "IN_PROGRESS"].map((word) => list(owner, word))),
      );
      return lists.flat().length;
    },

    async tasks(): Promise<GatewayTask[]> {
      const all: GatewayTask[] = [];
      for (const owner of keys.keys()) {
        const listed = await list(owner);
        const read = await eachOf(listed, async (task): Promise<GatewayTask> => {
          const { status, body } = await get(owner, `/tencent-vod/v1/requests/${task.request_id}`);
          const media = status === 200 ? resultSchema.parse(body) : { videos: [], images: [] };
          return {
            owner,
            requestId: task.request_id,
            state: task.state,
            sessionId: task.session_id,
            errorCode: task.error_type ?? "",
            urls: [...media.videos, ...media.images].map(({ url }) => url),
            result: JSON.stringify(body),
            finishedAt: task.finished_at === null ? null : Date.parse(task.finished_at),
            erased: task.deleted_at !== undefined,
          };
        });
        all.push(...read);
      }
      return all;
    },

    /** What happened to a task, line by line; empty when it is not there. */
    async history(owner: string, requestId: string): Promise<string[]> {
      const { body } = await get(owner, `/tencent-vod/v1/requests/${requestId}/status?logs=1`);
      const entries = logsSchema.safeParse(body).data?.logs ?? [];
      return entries.map(({ timestamp, message }) => `${timestamp} ${message}`);
    },
  };
}

/** Reads the vendor's tasks through its official SDK. */
export async function readPaidTasks(
  vendor: EmulatorClient,
  account: { url: string; secretId: string; secretKey: string; subAppId: number },
): Promise<PaidTask[]> {
  const client = new vod.v20180717.Client({
    credential: { secretId: account.secretId, secretKey: account.secretKey },
    region: "",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(account.url).host } },
  });
  return eachOf(await vendor.tasks(), async ({ TaskId }) => {
    const detail = detailSchema.parse(await client.DescribeTaskDetail({ TaskId, SubAppId: account.subAppId }));
    const task = detail.AigcVideoTask ?? detail.AigcImageTask;
    if (!task) throw new Error(`The vendor shows nothing of ${TaskId}`);
    return {
      vendorTaskId: TaskId,
      sessionId: task.SessionId,
      prompt: task.Input.Prompt,
      finished: task.Status === "FINISH",
      errorCode: task.ErrCodeExt || (task.ErrCode === 0 ? "" : String(task.ErrCode)),
      urls: task.Output.FileInfos.map(({ FileUrl }) => FileUrl),
      finishedAt: Date.parse(detail.FinishTime),
    };
  });
}

async function eachOf<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += CALLS_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + CALLS_AT_ONCE).map(work))));
  }
  return results;
}
