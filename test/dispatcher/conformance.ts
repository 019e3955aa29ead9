import { describe, expect, it } from "vitest";
import type { Sql, SqlValue } from "../../src/dispatcher/sql.ts";

const MAX_PARAMETERS = 100;
const TABLE = `
  CREATE TABLE IF NOT EXISTS conformance (
    id    TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    name  TEXT,
    holds INTEGER NOT NULL DEFAULT 0,
    at    INTEGER,
    body  TEXT
  ) STRICT, WITHOUT ROWID`;
const NAMES = "CREATE UNIQUE INDEX IF NOT EXISTS conformance_name ON conformance (owner, name) WHERE holds = 1";
const INSERT = "INSERT INTO conformance (id, owner, name, holds, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/**
 * What the storage port promises, on whichever engine it stands: the simulator's findings hold for the object as far as
 * both engines do the same here.
 */
export function describeSql(engine: string, withSql: (work: (sql: Sql) => void) => Promise<void>): void {
  const promises = (title: string, work: (sql: Sql) => void) =>
    it(title, () =>
      withSql((sql) => {
        sql.all(TABLE);
        sql.all(NAMES);
        sql.all("DELETE FROM conformance");
        work(sql);
      }),
    );
  const insert = (
    sql: Sql,
    id: string,
    more: { name?: string | null; holds?: number; at?: number | null; body?: string | null } = {},
  ) =>
    sql.all(
      `${INSERT} ON CONFLICT DO NOTHING RETURNING id`,
      id,
      "acme",
      more.name ?? null,
      more.holds ?? 0,
      more.at ?? null,
      more.body ?? null,
    );
  const ids = (sql: Sql) => sql.all<{ id: string }>("SELECT id FROM conformance ORDER BY id").map(({ id }) => id);

  describe(`the storage port on ${engine}`, () => {
    promises("gives back what was stored: texts, integers up to 2^53, null", (sql) => {
      const values: SqlValue[] = [
        "",
        "ä€😀 'quoted' \u0000 end",
        0,
        -1,
        Number.MAX_SAFE_INTEGER,
        Number.MIN_SAFE_INTEGER,
        null,
      ];
      for (const value of values) {
        const [row] = sql.all<{ value: SqlValue }>("SELECT ?1 AS value", value);
        expect(row?.value).toBe(value);
      }
      insert(sql, "a", { at: Number.MAX_SAFE_INTEGER, body: "long ".repeat(100_000) });
      const [row] = sql.all<{ at: number; length: number; holds: number }>(
        "SELECT at, length(body) AS length, holds FROM conformance",
      );
      expect({ ...row }).toEqual({ at: Number.MAX_SAFE_INTEGER, length: 500_000, holds: 0 });
    });

    promises("keeps a column to its type", (sql) => {
      expect(() => sql.all(INSERT, "a", "acme", null, "one", null, null)).toThrow(/holds|TEXT/);
      sql.all(INSERT, "a", "acme", null, 1, null, 5);
      // A number in a column of text is a text, and which one is the engine's affair ("5", "5.0"): nobody writes one there.
      expect(sql.all<{ type: SqlValue }>("SELECT typeof(body) AS type FROM conformance")[0]?.type).toBe("text");
      expect(() => sql.all(INSERT, "b", null, null, 0, null, null)).toThrow(/NOT NULL/);
    });

    promises("returns the rows that a statement wrote, and none that it did not", (sql) => {
      expect(insert(sql, "a")).toHaveLength(1);
      expect(insert(sql, "a")).toHaveLength(0);
      insert(sql, "b", { at: 7 });
      const updated = sql.all<{ id: string }>("UPDATE conformance SET holds = 1 WHERE at = ?1 RETURNING id", 7);
      expect(updated.map(({ id }) => id)).toEqual(["b"]);
      expect(sql.all("DELETE FROM conformance WHERE id = ?1 RETURNING id", "nothing")).toHaveLength(0);
      expect(sql.all("UPDATE conformance SET holds = 0")).toEqual([]);
    });

    promises("takes a parameter by its number as often as it stands there", (sql) => {
      const [row] = sql.all<{ text: string }>("SELECT ?2 || ?1 || ?2 AS text", "a", "b");
      expect(row?.text).toBe("bab");
    });

    promises(`takes ${MAX_PARAMETERS} parameters and no more`, (sql) => {
      const list = (count: number) => Array.from({ length: count }, (_, index) => `?${index + 1}`).join(", ");
      const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
      expect(sql.all(`SELECT 1 WHERE 99 IN (${list(MAX_PARAMETERS)})`, ...numbers(MAX_PARAMETERS))).toHaveLength(1);
      expect(() =>
        sql.all(`SELECT 1 WHERE 99 IN (${list(MAX_PARAMETERS + 1)})`, ...numbers(MAX_PARAMETERS + 1)),
      ).toThrow();
    });

    promises("undoes all of a transaction that throws, and keeps all of one that does not", (sql) => {
      expect(
        sql.transaction(() => {
          insert(sql, "a");
          insert(sql, "b");
          return "done";
        }),
      ).toBe("done");
      const broken = () =>
        sql.transaction(() => {
          insert(sql, "c");
          sql.all("UPDATE conformance SET holds = 1 WHERE id = ?1", "a");
          throw new Error("Broken.");
        });
      expect(broken).toThrow("Broken.");
      expect(ids(sql)).toEqual(["a", "b"]);
      expect(sql.all("SELECT 1 FROM conformance WHERE holds = 1")).toHaveLength(0);
    });

    promises("undoes a transaction whose statement fails, and goes on afterwards", (sql) => {
      insert(sql, "a");
      const clash = () =>
        sql.transaction(() => {
          insert(sql, "b");
          sql.all(INSERT, "a", "acme", null, 0, null, null);
        });
      expect(clash).toThrow(/UNIQUE|PRIMARY/);
      expect(ids(sql)).toEqual(["a"]);
      sql.transaction(() => insert(sql, "c"));
      expect(ids(sql)).toEqual(["a", "c"]);
    });

    promises("keeps a name to one row as long as it is held", (sql) => {
      expect(insert(sql, "a", { name: "key", holds: 1 })).toHaveLength(1);
      expect(insert(sql, "b", { name: "key", holds: 1 })).toHaveLength(0);
      expect(insert(sql, "c", { name: "key", holds: 0 })).toHaveLength(1);
      expect(() => sql.all("UPDATE conformance SET holds = 1 WHERE id = ?1", "c")).toThrow(/UNIQUE/);
      sql.all("UPDATE conformance SET holds = 0 WHERE id = ?1", "a");
      sql.all("UPDATE conformance SET holds = 1 WHERE id = ?1", "c");
      expect(sql.all<{ id: string }>("SELECT id FROM conformance WHERE holds = 1")[0]?.id).toBe("c");
    });

    promises("updates on a conflict only where it is told to", (sql) => {
      const upsert = `INSERT INTO conformance (id, owner, at) VALUES (?1, 'acme', ?2)
        ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE excluded.at > conformance.at RETURNING at`;
      expect(sql.all(upsert, "a", 2)).toHaveLength(1);
      expect(sql.all(upsert, "a", 1)).toHaveLength(0);
      expect(sql.all<{ at: number }>(upsert, "a", 3)[0]?.at).toBe(3);
    });

    promises("reads JSON: lists as rows, members by path, entries added and removed", (sql) => {
      for (const id of ["a", "b", "c"]) insert(sql, id, { at: 1 });
      const some = sql.all<{ id: string }>(
        "SELECT id FROM conformance WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
        '["a","c","x"]',
      );
      expect(some.map(({ id }) => id)).toEqual(["a", "c"]);
      const pairs = JSON.stringify([
        { id: "a", rev: 1 },
        { id: "b", rev: 2 },
      ]);
      const pair = "SELECT json_extract(value, '$.id'), json_extract(value, '$.rev') FROM json_each(?1)";
      const carried = sql.all<{ id: string }>(`SELECT id FROM conformance WHERE (id, at) IN (${pair})`, pairs);
      expect(carried.map(({ id }) => id)).toEqual(["a"]);
      const [history] = sql.all<{ text: string; length: number }>(
        `SELECT json_insert(json_remove(?1, '$[0]'), '$[#]', json_object('at', ?2, 'message', ?3)) AS text,
           json_array_length(?1) AS length`,
        '[{"at":1},{"at":2}]',
        1_796_083_200_000,
        "ä'",
      );
      expect(JSON.parse(history?.text ?? "")).toEqual([{ at: 2 }, { at: 1_796_083_200_000, message: "ä'" }]);
      expect(history?.length).toBe(2);
    });

    promises("orders texts by their bytes and pairs from left to right", (sql) => {
      for (const id of ["b", "a", "B", "ä", "a-1"]) insert(sql, id);
      expect(ids(sql)).toEqual(["B", "a", "a-1", "b", "ä"]);
      const after = sql.all<{ id: string }>(
        "SELECT id FROM conformance WHERE (owner, id) > (?1, ?2) ORDER BY owner, id LIMIT ?3",
        "acme",
        "a",
        2,
      );
      expect(after.map(({ id }) => id)).toEqual(["a-1", "b"]);
    });

    promises("refuses what the object's engine refuses", (sql) => {
      for (const statement of ["BEGIN", "COMMIT", "SAVEPOINT here", "SELECT sqlite_version()", "ATTACH 'x' AS x"]) {
        expect(() => sql.all(statement), statement).toThrow();
      }
    });

    promises("says how large it is", (sql) => {
      const before = sql.size();
      for (let number = 0; number < 20; number++) insert(sql, `row-${number}`, { body: "x".repeat(50_000) });
      expect(sql.size()).toBeGreaterThan(before + 500_000);
    });
  });
}
