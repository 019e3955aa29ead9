import type { Effect } from "../../src/dispatcher/effects.ts";

/** An effect in a line: bodies are of no interest. */
export function describe(effect: Effect): string {
  switch (effect.kind) {
    case "create":
      return `create ${effect.id}-${effect.attempt} call ${effect.call}`;
    case "read":
    case "abort":
      return `${effect.kind} ${effect.id} ${effect.vendorTaskId}`;
    case "look":
      return `look ${effect.look} for ${[...effect.sessionIds, ...(effect.everyAttemptOf ?? [])].join()}`;
    case "tell":
      return `tell ${effect.tasks.map(({ id, rev, status }) => `${id}/${rev} ${status}`).join()}`;
    case "answer":
      return `answer ${effect.id} ${JSON.stringify(effect.submitted)}`;
    case "cancel_answer":
      return `cancel_answer ${effect.id} ${effect.outcome}`;
    case "remember":
      return `remember ${effect.owner} ${effect.sessionId} ${effect.taskId}`;
    case "drop":
      return `drop ${effect.blob}`;
    case "log":
      return `log ${effect.event} ${JSON.stringify(effect.fields)}`;
    case "noted":
    case "changed":
      return `${effect.kind} ${effect.id}`;
    case "moved":
      return effect.kind;
  }
}
