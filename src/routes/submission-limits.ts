import type { Context } from "hono";
import { ApiError } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import type { SubmitOutcome } from "../tasks/submit.ts";
import { roughly, secondsForQueue } from "./queue-wait.ts";

const QUEUE_RETRY_AFTER_MAX_SECONDS = 300;
/** What stands in the way is the operator's to remove. */
const CLOSED_RETRY_AFTER_SECONDS = 60;
const BYTES_PER_MEGABYTE = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Why nothing was made of a request that nothing is wrong with.
 * @param maxQueueLength how many waiting tasks the client would have put up with
 */
export function refusedByLimit(
  c: Context<AppEnv>,
  { limit, waiting, concurrency }: Extract<SubmitOutcome, { kind: "limited" }>,
  maxQueueLength = 0,
): ApiError {
  const { config, deps } = c.get("services");
  const { maxWaiting, maxWaitingBytes, maxDailyBytes } = config.limits;
  /** Who may know how long the queue is. */
  const admin = c.get("caller").scopes.has("admin");
  /** Until so many have started. */
  const afterStarts = (tasks: number, told = (seconds: number) => seconds) => {
    const seconds = Math.min(told(secondsForQueue(tasks, concurrency)), QUEUE_RETRY_AFTER_MAX_SECONDS);
    return { headers: { "retry-after": String(seconds) } };
  };
  switch (limit) {
    case "queue_length": {
      const many = admin ? `${waiting} tasks` : "More tasks than that";
      const message = `${many} are waiting; you asked for at most ${maxQueueLength}.`;
      return new ApiError("queue_full", message, afterStarts(waiting - maxQueueLength, admin ? undefined : roughly));
    }
    case "owner_tasks": {
      const message = `${maxWaiting} tasks of yours are waiting, the most that may. Send more once some have started.`;
      return new ApiError("too_many_waiting", message, afterStarts(1));
    }
    case "owner_bytes": {
      const megabytes = Math.floor(maxWaitingBytes / BYTES_PER_MEGABYTE);
      const message = `The requests of your unfinished tasks would take more than ${megabytes} MB, the most that they may. Send more once some have started, or files as URLs.`;
      return new ApiError("too_many_waiting", message, afterStarts(1));
    }
    case "owner_day": {
      const megabytes = Math.floor(maxDailyBytes / BYTES_PER_MEGABYTE);
      const message = `Your requests of today (UTC) would take more than ${megabytes} MB, the most that they may. Send files as URLs.`;
      const seconds = Math.ceil((DAY_MS - (deps.now() % DAY_MS)) / 1000);
      return new ApiError("daily_limit", message, { headers: { "retry-after": String(seconds) } });
    }
    case "storage":
    case "restored": {
      const message =
        limit === "storage"
          ? "No new tasks are taken for now: the results of those that are over cannot be put away."
          : "No new tasks are taken for now: after a restore the gateway is finding out what has become of its tasks.";
      return new ApiError("unavailable", message, { headers: { "retry-after": String(CLOSED_RETRY_AFTER_SECONDS) } });
    }
  }
}
