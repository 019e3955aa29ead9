import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { createEmulatorClient } from "./lib/emulator-client.ts";
import { call } from "./lib/http.ts";
import { STOP_SIGNALS } from "./lib/runtime.ts";
import { SEED_EXAMPLES, type SeedExample } from "./lib/seed-examples.ts";
import { type Stack, startStack } from "./lib/stack.ts";

const HELP = `Shows the gateway's main job on this machine, on a pair of servers of its own that is gone afterwards.

  npm run demo
`;

const TASK_SECONDS = 1;
const VENDOR_CONCURRENCY = 10;
const POLL_MS = 100;
const DEMO_TIMEOUT_MS = 90_000;

const EXAMPLES = { video: SEED_EXAMPLES.aigcVideo, image: SEED_EXAMPLES.aigcImage, vidu: SEED_EXAMPLES.viduText };
const TITLE_WIDTH = Math.max(...Object.keys(EXAMPLES).map((title) => title.length));

type DemoTask = { title: string; id: string };

const submitted = z.looseObject({ task_id: z.string() });
const status = z.looseObject({ status: z.string(), error: z.string().optional() });
const duplicate = z.looseObject({ code: z.literal("duplicate_session_id"), request_id: z.string() });
const completion = z.looseObject({ request_id: z.string() });

const began = performance.now();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function step(title: string, text: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
  say(`${seconds} s  ${title.padEnd(TITLE_WIDTH)}  ${text}`);
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/^/gm, "    ");
}

/** The parsed body of an answer. @throws when status or shape are not the expected ones, with the body for a person. */
function expectAnswer<Schema extends z.ZodType>(
  what: string,
  answer: { status: number; body: unknown },
  expectedStatus: number[],
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(answer.body);
  if (expectedStatus.includes(answer.status) && result.success) return result.data;
  const why = result.success ? "" : `\n${z.prettifyError(result.error)}`;
  throw new Error(`${what}: did not expect HTTP ${answer.status} with\n${pretty(answer.body)}${why}`);
}

async function submit(stack: Stack, title: string, { path, body }: SeedExample): Promise<DemoTask> {
  step(title, `POST ${path}`);
  say(pretty(body));
  const answer = await call(`${stack.gatewayUrl}${path}`, { json: body, apiKey: stack.apiKey });
  const { task_id: id } = expectAnswer(title, answer, [200], submitted);
  step(title, `accepted as ${id}`);
  return { title, id };
}

/** Prints each change of a task until it is done. */
async function follow(stack: Stack, { title, id }: DemoTask, signal: AbortSignal): Promise<void> {
  let last = "";
  while (last !== "COMPLETED") {
    const url = `${stack.gatewayUrl}/tencent-vod/v1/requests/${id}/status`;
    const now = expectAnswer(`${title}: status`, await call(url, { apiKey: stack.apiKey }), [200, 202], status);
    if (now.error !== undefined) throw new Error(`${title}: the task failed: ${now.error}`);
    if (now.status !== last) step(title, `is ${now.status}`);
    last = now.status;
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function printCompletion(stack: Stack, { title, id }: DemoTask): Promise<void> {
  const answer = await call(`${stack.gatewayUrl}/tencent-vod/v1/requests/${id}`, { apiKey: stack.apiKey });
  const result = expectAnswer(`${title}: completion`, answer, [200], completion);
  say(`\nStored completion of the ${title} task:`);
  say(pretty(result));
}

async function showDuplicate(stack: Stack, first: DemoTask | undefined): Promise<void> {
  const { path, body } = EXAMPLES.image;
  say("");
  step("image", `the same session_id once more: ${String(body["session_id"])}`);
  const answer = await call(`${stack.gatewayUrl}${path}`, { json: body, apiKey: stack.apiKey });
  const refusal = expectAnswer("duplicate", answer, [409], duplicate);
  if (refusal.request_id !== first?.id) throw new Error(`The refusal names ${refusal.request_id}, not ${first?.id}`);
  step("image", `refused with HTTP 409 ${refusal.code}; it names the first task, ${refusal.request_id}`);
}

async function run(signal: AbortSignal): Promise<void> {
  const tasks: DemoTask[] = [];
  let events = 0;
  const stack = await startStack({
    signal,
    onProgress: (text) => say(`${text}…`),
    onLog: (worker, { message }) => {
      if (worker !== "gateway" || !message.includes('"task.completed"')) return;
      const task = tasks.find(({ id }) => message.includes(id));
      if (!task) return;
      events += 1;
      step(task.title, "the vendor's event came in; re-read at the vendor, stored");
    },
  });
  try {
    say(`Gateway ${stack.gatewayUrl}, emulator of the vendor ${stack.emulatorUrl}\n`);
    const vendor = createEmulatorClient(stack.emulatorUrl);
    await vendor.configure({ task_seconds: TASK_SECONDS, concurrency: VENDOR_CONCURRENCY });
    for (const [title, example] of Object.entries(EXAMPLES)) tasks.push(await submit(stack, title, example));
    await Promise.all(tasks.map((task) => follow(stack, task, signal)));
    for (const task of tasks) await printCompletion(stack, task);
    await showDuplicate(
      stack,
      tasks.find(({ title }) => title === "image"),
    );
    const paid = await vendor.tasks();
    if (paid.length !== tasks.length) throw new Error(`${tasks.length} tasks submitted, but ${paid.length} paid`);
    say(
      `\n${tasks.length} tasks submitted, ${paid.length} paid at the vendor, ${events} events applied, 1 duplicate ` +
        `refused. Try it by hand: npm start`,
    );
  } finally {
    await stack.stop();
  }
}

if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
  process.stdout.write(HELP);
} else {
  const interrupted = new AbortController();
  for (const name of STOP_SIGNALS) process.once(name, () => interrupted.abort(`stopped by ${name}`));
  const deadline = AbortSignal.timeout(DEMO_TIMEOUT_MS);
  const signal = AbortSignal.any([interrupted.signal, deadline]);
  try {
    await run(signal);
  } catch (error) {
    let reason = error instanceof Error ? error.message : String(error);
    if (signal.aborted)
      reason = deadline.aborted ? `took more than ${DEMO_TIMEOUT_MS / 1000} s` : String(signal.reason);
    process.stderr.write(`The demo did not get through: ${reason}\n`);
    process.exitCode = 1;
  }
}
