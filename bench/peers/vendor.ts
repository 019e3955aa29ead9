import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { serve } from "./child.ts";

/*
 * A plain, fast vendor: it checks no signature and limits nothing, so that what is measured is in front of it. Its tasks
 * are finished as soon as anybody asks.
 */

const FILE_URL = "https://media.example.com/boat.mp4";

const ATTEMPT = /^([0-9a-f-]{36})-\d+$/;

const settings = z.object({ delay_ms: z.number().min(0) });
const creation = z.looseObject({ SessionId: z.string().default(""), SessionContext: z.string().default("") });
const inquiry = z.looseObject({ TaskId: z.string() });

type Creation = z.infer<typeof creation>;

let delayMs = 0;
let count = 0;
const tasks = new Map<string, Creation>();
/** How often a task was paid for each intent. */
const paid = new Map<string, number>();

function create(body: string): object {
  const { SessionId, SessionContext } = creation.parse(JSON.parse(body));
  count += 1;
  const TaskId = `251007502-AigcVideoTask-${count}t`;
  tasks.set(TaskId, { SessionId, SessionContext });
  const intent = intentOf(SessionId);
  if (intent !== "") paid.set(intent, (paid.get(intent) ?? 0) + 1);
  return { TaskId };
}

/** The SessionId without the number of the attempt, which the gateway puts behind its task's id. */
function intentOf(sessionId: string): string {
  return sessionId.replace(ATTEMPT, "$1");
}

function describe(body: string): object {
  const { TaskId } = inquiry.parse(JSON.parse(body));
  const task = tasks.get(TaskId);
  if (!task) return { Error: { Code: "ResourceNotFound", Message: "There is no such task." } };
  const FileInfos = [{ StorageMode: "Temporary", FileType: "mp4", FileUrl: FILE_URL }];
  return {
    TaskType: "AigcVideoTask",
    Status: "FINISH",
    AigcVideoTask: {
      TaskId,
      Status: "FINISH",
      ErrCode: 0,
      ErrCodeExt: "",
      Message: "",
      Progress: 100,
      Output: { FileInfos },
      ...task,
    },
  };
}

const ACTIONS: Record<string, (body: string) => object> = {
  CreateAigcVideoTask: create,
  CreateAigcImageTask: create,
  DescribeTaskDetail: describe,
};

async function answerCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request);
  const action = ACTIONS[String(request.headers["x-tc-action"])];
  const answer = action?.(body) ?? { Error: { Code: "InvalidAction", Message: "The action is not known." } };
  if (delayMs > 0) await sleep(delayMs);
  send(response, { Response: { ...answer, RequestId: `plain-${count}` } });
}

/** `GET /_vendor` counts; `PUT /_vendor` sets the delay and forgets everything. */
async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "PUT") {
    delayMs = settings.parse(JSON.parse(await textOf(request))).delay_ms;
    tasks.clear();
    paid.clear();
  }
  const again = Array.from(paid.values()).filter((times) => times > 1).length;
  send(response, { tasks: tasks.size, intents: paid.size, intents_paid_again: again });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body);
  response.setHeader("content-type", "application/json").setHeader("content-length", Buffer.byteLength(text)).end(text);
}

serve(
  createServer((request, response) => {
    const answer = request.url === "/_vendor" ? control(request, response) : answerCall(request, response);
    answer.catch((error: unknown) => response.writeHead(400).end(String(error)));
  }),
);
