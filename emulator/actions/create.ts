import type { Outcome } from "../config.ts";
import type { VendorContext } from "../context.ts";
import { VendorError } from "../errors.ts";
import { createImageTask, createVideoTask } from "../schema.ts";
import type { CreateImageTask, CreateVideoTask } from "../schema.ts";
import type { CreateAction } from "../state/tasks.ts";
import { imageTaskInput, videoTaskInput } from "../task-input.ts";
import type { TaskInput } from "../task-input.ts";
import { kindOf } from "../task-view.ts";
import { defineAction } from "./action.ts";

const SESSION_MEMORY_MS = 3 * 24 * 3600 * 1000;

/** How soon a task ends for which there was no slot. */
const REFUSAL_DELAY_MS = 50;

const OVER_CONCURRENCY: Outcome = {
  ErrCode: 70_000,
  ErrCodeExt: "RequestLimitExceeded",
  Message: "The number of concurrent calls exceeds the limit.",
};

/** Longer texts (Base64 media) are kept by their length only: a row of the storage holds 2 MB. */
const MAX_STORED_TEXT_CHARACTERS = 65_536;

export const createAigcVideoTask = defineAction(createVideoTask, (context, request, { origin }, body) =>
  accept(context, { action: "CreateAigcVideoTask", request, input: videoTaskInput(request), origin, body }),
);

export const createAigcImageTask = defineAction(createImageTask, (context, request, { origin }, body) =>
  accept(context, { action: "CreateAigcImageTask", request, input: imageTaskInput(request), origin, body }),
);

type Submission = {
  action: CreateAction;
  request: CreateVideoTask | CreateImageTask;
  input: TaskInput;
  origin: string;
  body: unknown;
};

function accept(context: VendorContext, { action, request, input, origin, body }: Submission): { TaskId: string } {
  const now = context.clock.emulated();
  const config = context.config();
  const sessionId = request.SessionId ?? "";
  const isNew =
    sessionId === "" || context.tasks.claimSession(request.SubAppId, sessionId, now, now - SESSION_MEMORY_MS);
  if (!isNew && config.dedupe)
    throw new VendorError(
      "InvalidParameterValue.SessionId",
      "The SessionId was used before: the request is a duplicate.",
    );

  const hasSlot = context.tasks.countRunning() < config.concurrency;
  const taskId = `${request.SubAppId}-${kindOf({ action }).taskType}-${context.uuid().replaceAll("-", "")}t`;
  context.tasks.insert({
    taskId,
    action,
    sessionId,
    sessionContext: request.SessionContext ?? "",
    request: storedJson(body),
    input: storedJson(input),
    origin,
    outcome: hasSlot ? config.outcome : OVER_CONCURRENCY,
    createdAt: now,
    endAt: now + (hasSlot ? Math.ceil(config.task_seconds * 1000) : REFUSAL_DELAY_MS),
  });
  if (config.echo_base64)
    context.tasks.keepFiles(
      taskId,
      (request.FileInfos ?? []).map((file) => file.Base64 ?? ""),
    );
  context.arm();
  return { TaskId: taskId };
}

function storedJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "string" && member.length > MAX_STORED_TEXT_CHARACTERS ? `(${member.length} characters)` : member,
  );
}
