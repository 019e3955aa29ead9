import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { lowestIdAt, newTaskId } from "../../src/tasks/task-id.ts";
import { platformDeps } from "../../src/deps.ts";
import { type Gateway, type Json, startGateway } from "../support/gateway.ts";

const START = Date.UTC(2026, 0, 1);
const STATUSES = ["succeeded", "running", "failed", "queued"];

let gateway: Gateway;
let ids: string[];

/** Tasks a second apart, oldest first, cycling through states and models. */
async function seed(count: number, owner = "acme", prefix = "s"): Promise<string[]> {
  const made: string[] = [];
  const statements: D1PreparedStatement[] = [];
  for (let index = 0; index < count; index++) {
    const at = START + index * 1000;
    const id = newTaskId(platformDeps, at);
    made.push(id);
    const session = index % 5 === 0 ? `${prefix}${index}` : null;
    statements.push(
      env.DB.prepare(
        `INSERT INTO tasks (id, owner, dialect, action, model_name, model_version, status, attempt, priority, session_id, created_at)
         VALUES (?1, ?2, 'aigc', 'CreateAigcVideoTask', ?3, '1', ?4, 1, 0, ?5, ?6)`,
      ).bind(id, owner, index % 2 ? "Kling" : "Vidu", STATUSES[index % 4], session, at),
    );
  }
  await env.DB.batch(statements);
  return made;
}

async function list(query = ""): Promise<{ status: number; ids: string[]; next: string | null; body: Json }> {
  const answer = await gateway.get(`/tencent-vod/v1/requests${query}`);
  const body = await answer.json<{ requests?: { request_id: string }[]; next_cursor: string | null } & Json>();
  return {
    status: answer.status,
    ids: body.requests?.map((task) => task.request_id) ?? [],
    next: body.next_cursor,
    body,
  };
}

/** Follows the cursor to the end. */
async function all(query: string): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page = await list(`?limit=3${query}${cursor && `&cursor=${cursor}`}`);
    found.push(...page.ids);
    cursor = page.next;
  }
  return found;
}

beforeEach(async () => {
  gateway = await startGateway();
  ids = await seed(20);
  await seed(5, "other");
});

describe("the list", () => {
  it("is newest first, the owner's own, and whole when the cursor is followed", async ({ expect }) => {
    expect(await all("")).toEqual(ids.toReversed());
    expect((await list()).ids).toHaveLength(20);
  });

  it("filters by status in both vocabularies", async ({ expect }) => {
    const at = (rest: number[]) => ids.filter((_, index) => rest.includes(index % 4)).toReversed();
    expect(await all("&status=running")).toEqual(at([1]));
    expect(await all("&status=IN_QUEUE")).toEqual(at([3]));
    expect(await all("&status=COMPLETED")).toEqual(at([0, 2]));
  });

  it("filters by model, session_id and time of creation, alone and together", async ({ expect }) => {
    expect(await all("&model_name=Kling")).toEqual(ids.filter((_, index) => index % 2 === 1).toReversed());
    expect(await all("&model_name=Kling&status=running")).toEqual(ids.filter((_, i) => i % 4 === 1).toReversed());
    expect(await all("&session_id=s10")).toEqual([ids[10]]);
    expect(await all("&session_id=s10&model_name=Kling")).toEqual([]);
    const from = new Date(START + 5_000).toISOString();
    const to = new Date(START + 9_000).toISOString();
    expect(await all(`&created_from=${from}&created_to=${to}`)).toEqual(ids.slice(5, 9).toReversed());
    expect(await all(`&created_from=${from}&status=running`)).toEqual([ids[17], ids[13], ids[9], ids[5]]);
  });

  it("does not move under a reader when new tasks arrive", async ({ expect }) => {
    const first = await list("?limit=5");
    await seed(3);
    const second = await list(`?limit=5&cursor=${first.next}`);
    expect(second.ids.find((id) => ids.includes(id))).toBe(ids[14]);
  });

  it("names each wrong parameter", async ({ expect }) => {
    const answer = await list("?limit=0&cursor=x&status=done&created_to=yesterday");
    expect(answer.status).toBe(422);
    const detail = answer.body.detail as { loc: string[] }[];
    expect(detail.map(({ loc }) => loc.join(".")).toSorted()).toEqual([
      "query.created_to",
      "query.cursor",
      "query.limit",
      "query.status",
    ]);
  });
});

describe("the list of videos", () => {
  const videos = (more: object) =>
    gateway.services.store.tasks.listVideos({ owner: "acme", order: "desc", limit: 100, ...more });
  const idsOf = ({ tasks }: { tasks: { id: string }[] }) => tasks.map(({ id }) => id);

  it("goes both ways from any place, and knows when there is more", async ({ expect }) => {
    expect(idsOf(await videos({}))).toEqual(ids.toReversed());
    expect(idsOf(await videos({ order: "asc", after: ids[4] }))).toEqual(ids.slice(5));
    expect(idsOf(await videos({ after: ids[4] }))).toEqual(ids.slice(0, 4).toReversed());
    expect((await videos({ limit: 20 })).hasMore).toBe(false);
    expect(await videos({ limit: 19 })).toMatchObject({ hasMore: true });
  });

  it("passes over images and what was removed, however many, without a short page", async ({ expect }) => {
    await env.DB.prepare("UPDATE tasks SET action = 'CreateAigcImageTask' WHERE id = ?1").bind(ids[19]).run();
    await env.DB.prepare("UPDATE tasks SET deleted_at = 1 WHERE id BETWEEN ?1 AND ?2").bind(ids[3], ids[17]).run();
    const page = await videos({ limit: 3 });
    expect([idsOf(page), page.hasMore]).toEqual([[ids[18], ids[2], ids[1]], true]);
  });
});

describe("its cost", () => {
  const queries = [
    ...[
      "?limit=5",
      "?limit=5&status=running",
      "?limit=5&status=COMPLETED",
      "?limit=5&model_name=Kling",
      "?limit=5&session_id=s10",
      `?limit=5&created_from=${new Date(START).toISOString()}`,
    ].map((query) => `/tencent-vod/v1/requests${query}`),
    "/v1/videos?limit=5",
    "/v1/videos?limit=5&order=asc",
    `/v1/videos?limit=5&order=asc&after=${lowestIdAt(START + 3_000)}`,
  ];
  it("does not grow with the table", async ({ expect }) => {
    const rowsRead = async (path: string) => {
      let rows = 0;
      const counting = await startGateway({ env: { DB: countingRows((read) => (rows += read)) } });
      await counting.get(path);
      rows = 0;
      const answer = await counting.get(path);
      if (answer.status !== 200) throw new Error(await answer.text());
      return rows;
    };
    await seed(600, "acme", "early");
    const small = await Promise.all(queries.map(rowsRead));
    await seed(2_000, "acme", "late");
    await seed(500, "other");
    const large = await Promise.all(queries.map(rowsRead));
    expect(small.every((rows) => rows > 0)).toBe(true);
    expect(large).toEqual(small);
  });
});

describe("ids", () => {
  it("bound a range of time", ({ expect }) => {
    const id = newTaskId(platformDeps, START);
    expect(id >= lowestIdAt(START) && id < lowestIdAt(START + 1)).toBe(true);
    expect(lowestIdAt(-5)).toBe(lowestIdAt(0));
  });
});

/** D1 that reports the rows that the statements of lists read; the dispatcher is at work beside them. */
function countingRows(report: (rows: number) => void): D1Database {
  const watch = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name: keyof D1PreparedStatement) {
        if (name === "bind") return (...values: unknown[]) => watch(target.bind(...values));
        if (name === "first") {
          return async () => {
            const result = await target.all();
            report(result.meta.rows_read);
            return result.results[0] ?? null;
          };
        }
        if (name !== "all" && name !== "run") return target[name];
        return async () => {
          const result = await target[name]();
          report(result.meta.rows_read);
          return result;
        };
      },
    });
  return new Proxy(env.DB, {
    get(db, name: keyof D1Database) {
      if (name === "prepare")
        return (sql: string) => (sql.includes("tasks_owner") ? watch(db.prepare(sql)) : db.prepare(sql));
      if (name === "batch") {
        return async (statements: D1PreparedStatement[]) => {
          const results = [];
          for (const statement of statements) results.push(await statement.all());
          return results;
        };
      }
      return db[name];
    },
  });
}
