import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { join } from "node:path";
import Database from "better-sqlite3";
import fastify from "fastify";
import { HOST } from "../../scripts/lib/ports.ts";
import { announce, childOptions } from "./child.ts";
import { peerOptions, SUBMIT_PATH, submitted } from "./options.ts";
import { createRequest, isRefusal, sdkClient } from "./sdk.ts";

/*
 * The fair peer: Fastify, the official SDK and SQLite, each used well. The task is on disk before the vendor is called, a
 * repeated `session_id` gets the first answer, connections to the vendor are kept, bodies are checked and written by
 * compiled schemas.
 */

const MAX_BODY_BYTES = 10 * 1024 * 1024;

const text = { type: "string" };

const SUBMISSION = {
  type: "object",
  required: ["model_name", "model_version"],
  properties: {
    model_name: { type: "string", minLength: 1 },
    model_version: { type: "string", minLength: 1 },
    prompt: text,
    session_id: { type: "string", maxLength: 50 },
    session_context: { type: "string", maxLength: 1000 },
  },
};

const ANSWER = {
  type: "object",
  properties: {
    status: text,
    request_id: text,
    response_url: text,
    status_url: text,
    cancel_url: text,
    logs: { type: "null" },
    metrics: { type: "object" },
    queue_position: { type: "integer" },
  },
};

type Submission = { session_id?: string } & Record<string, unknown>;
type Row = { id: string; status: "submitting" | "unknown" | "running" };

const { vodEndpoint, apiKey, stateDir } = peerOptions.parse(childOptions());

const database = new Database(join(stateDir, "fastify.sqlite"));
database.pragma("journal_mode = WAL");
// As D1 does, here and on the platform: what is committed survives a loss of power as well.
database.pragma("synchronous = FULL");
database.exec(`
  CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, session_id TEXT UNIQUE, request TEXT NOT NULL, status TEXT NOT NULL, vendor_task_id TEXT,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`);
const insert = database.prepare<[string, string | null, string, number]>(
  `INSERT INTO tasks (id, session_id, request, status, created_at) VALUES (?, ?, ?, 'submitting', ?)
   ON CONFLICT (session_id) DO NOTHING`,
);
const findBySession = database.prepare<[string], Row>("SELECT id, status FROM tasks WHERE session_id = ?");
const retryUnknown = database.prepare<[string]>(
  "UPDATE tasks SET status = 'submitting' WHERE id = ? AND status = 'unknown'",
);
const markRunning = database.prepare<[string, string]>(
  "UPDATE tasks SET status = 'running', vendor_task_id = ? WHERE id = ?",
);
const markUnknown = database.prepare<[string]>("UPDATE tasks SET status = 'unknown' WHERE id = ?");
const remove = database.prepare<[string]>("DELETE FROM tasks WHERE id = ?");

const client = sdkClient(vodEndpoint, new Agent({ keepAlive: true }));
const app = fastify({ bodyLimit: MAX_BODY_BYTES });

app.addHook("onRequest", async (request, reply) => {
  if (request.headers.authorization === `Bearer ${apiKey}`) return;
  return reply.code(401).send({ detail: "The key is not known." });
});

app.post<{ Body: Submission }>(
  SUBMIT_PATH,
  { schema: { body: SUBMISSION, response: { 200: ANSWER } } },
  async (request, reply) => {
    const { body } = request;
    const session = body.session_id || null;
    let id: string = randomUUID();
    if (insert.run(id, session, JSON.stringify(body), Date.now()).changes === 0) {
      const first = session === null ? undefined : findBySession.get(session);
      if (first?.status === "running") return submitted(first.id);
      // An unanswered call is repeated under the same SessionId, which the vendor refuses if it had taken the first.
      if (!first || retryUnknown.run(first.id).changes === 0) {
        return reply.code(409).send({ detail: "The first request with this session_id is still under way." });
      }
      ({ id } = first);
    }
    try {
      const answer = await client.CreateAigcVideoTask(createRequest({ ...body, session_id: session ?? id }));
      markRunning.run(answer.TaskId ?? "", id);
      return submitted(id);
    } catch (error) {
      const refused = isRefusal(error);
      if (refused) remove.run(id);
      else markUnknown.run(id);
      return reply.code(refused ? 400 : 502).send({ detail: String(error) });
    }
  },
);

const url = await app.listen({ host: HOST, port: 0 });
announce({ url, pid: process.pid }, () => app.close());
