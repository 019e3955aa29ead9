import type { Context } from "hono";
import * as z from "zod";
import type { Problem } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import type { CreateAction, VendorRequest } from "../vod/requests.ts";
import { roughly, secondsUntilStart } from "./queue-wait.ts";

/** What `?dry_run=1` answers: what would be sent, and nothing done. */
export const dryRunAnswer = z.object({
  dry_run: z.literal(true),
  /** The vendor's action and the body of the call, without what only a task has. */
  action: z.string(),
  request: z.looseObject({}),
  set_when_sent: z.array(z.string()),
  warnings: z.array(z.looseObject({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })),
  /** `waiting`: to admins all tasks that wait, to others their own; then the estimate is a rough one, too. */
  queue: z.object({ waiting: z.int(), concurrency: z.int(), estimated_wait_seconds: z.int() }),
});
export type DryRunAnswer = z.infer<typeof dryRunAnswer>;

/** Members of the call that name the task, which a dry run does not make. */
const SET_WHEN_SENT = ["SessionId", "SessionContext"];
/** The vendor's application that all owners share: shown to admins, and to who has named it. */
const APPLICATION = "SubAppId";

/** Nothing is stored and nobody is called, but for the dispatcher's word on its queue. */
export async function dryRun(
  c: Context<AppEnv>,
  {
    action,
    request,
    warnings,
    namesApplication = false,
  }: { action: CreateAction; request: VendorRequest; warnings: Problem[]; namesApplication?: boolean | undefined },
): Promise<DryRunAnswer> {
  const { dispatcher, config } = c.get("services");
  const { owner, scopes } = c.get("caller");
  const admin = scopes.has("admin");
  const shown = namesApplication || admin;
  const report = await dispatcher.report(owner);
  const seconds = secondsUntilStart(report);
  return {
    dry_run: true,
    action,
    request: { ...request, ...(shown && { [APPLICATION]: config.vod.subAppId }) },
    set_when_sent: shown ? SET_WHEN_SENT : [APPLICATION, ...SET_WHEN_SENT],
    warnings,
    queue: {
      waiting: admin ? report.waiting : (report.own ?? 0),
      concurrency: report.concurrency,
      estimated_wait_seconds: admin ? seconds : roughly(seconds),
    },
  };
}
