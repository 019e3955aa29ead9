import { Hono } from "hono";
import { createAtVendor, type VendorBindings } from "../signed-call.ts";

/*
 * The floor under every Worker that keeps its tasks in D1: as the other floor, with one row written before the vendor is
 * called and one update after it. What it costs more than that one is what D1's simulator costs.
 */

/** As much of D1's binding as is used here; the Worker's types are not among those of Node's side. */
type Statement = { bind: (...values: (string | number)[]) => Statement; run: () => Promise<unknown> };
type Database = { prepare: (sql: string) => Statement };

const TABLE =
  "CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, request TEXT NOT NULL, answer TEXT, created_at INTEGER) STRICT";

let ready = false;

const app = new Hono<{ Bindings: VendorBindings & { DB: Database } }>();

app.post("*", async (c) => {
  const { DB: database } = c.env;
  if (!ready) {
    await database.prepare(TABLE).run();
    ready = true;
  }
  const payload = await c.req.text();
  const id = crypto.randomUUID();
  const insert = database.prepare("INSERT INTO tasks (id, request, created_at) VALUES (?1, ?2, ?3)");
  await insert.bind(id, payload, Date.now()).run();
  const answer = await (await createAtVendor(c.env, payload)).text();
  await database.prepare("UPDATE tasks SET answer = ?1 WHERE id = ?2").bind(answer, id).run();
  return c.body(answer, 200, { "content-type": "application/json" });
});

export default app;
