import { runInDurableObject } from "cloudflare:test";
import { describe, it } from "vitest";
import { Core } from "../../src/dispatcher/core.ts";
import type { Sql, SqlValue } from "../../src/dispatcher/sql.ts";
import { dispatcherObject, startGateway } from "../support/gateway.ts";

/** What the platform counts and bills: each row, and each entry of an index. */
const LIVES = [
  [{}, 6],
  [{ session_id: "s" }, 7],
  [{ session_id: "t", idempotency_key: "k" }, 8],
] as const;

describe("the rows that a task writes in the object, its forgetting included", () => {
  it("are six, and two more for both its names", async ({ expect }) => {
    await startGateway();
    await runInDurableObject(dispatcherObject(), async (_o, { storage }) => {
      storage.sql.exec("DROP TABLE tasks");
      let written = 0;
      const sql: Sql = {
        all: <Row>(statement: string, ...values: SqlValue[]) => {
          const cursor = storage.sql.exec(statement, ...values);
          const rows = cursor.toArray();
          written += cursor.rowsWritten;
          return rows as unknown as Row[];
        },
        transaction: (work) => storage.transactionSync(work),
        size: () => storage.sql.databaseSize,
      };
      let now = Date.UTC(2026, 10, 22);
      const options = {
        concurrency: 1,
        requestsPerSecond: 20,
        modelConcurrency: new Map(),
        connections: 5,
        createTimeoutMs: 15000,
        resendAfterMs: 60000,
        rereadAfterMs: 180000,
        maxWaiting: 5000,
        maxWaitingBytes: 1e9,
        maxDailyBytes: 1e12,
        maxUntold: 5e5,
        maxBytes: 7e9,
      };
      const core = new Core({ sql, options, now });
      const id = (n: number) => `0199aaaa-aaaa-7a00-8aaa-${String(n).padStart(12, "0")}`;
      let n = 0;
      for (const [more, rows] of LIVES) {
        written = 0;
        n += 1;
        core.submit(
          {
            id: id(n),
            owner: "a",
            dialect: "aigc",
            action: "CreateAigcVideoTask",
            model_name: "Kling",
            model_version: "1.6",
            client_model: null,
            priority: 0,
            session_id: null,
            session_context: null,
            parent_id: null,
            outline: "{}",
            created_at: now,
            idempotency_key: null,
            fingerprint: "",
            start_by: null,
            retry: null,
            request: { inline: "{}" },
            max_queue_length: null,
            ...more,
          },
          now,
        );
        core.created(
          { id: id(n), attempt: 1, call: 1, calledAt: now },
          { kind: "accepted", vendorTaskId: "v" + n },
          now,
        );
        core.event({ taskId: id(n), attempt: 1, owner: "a", vendorTaskId: "v" + n }, now);
        core.reread(
          { id: id(n), vendorTaskId: "v" + n },
          { kind: "read", attempt: 1, verdict: { state: "succeeded" }, result: "{}", origin: {} as never },
          now,
        );
        core.told([{ id: id(n), rev: 1 }], true, now);
        now += 4 * 24 * 3600_000;
        core.tick(now);
        expect(written).toBe(rows);
      }
    });
  });
});
