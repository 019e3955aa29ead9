import { describe, expect, it } from "vitest";
import { describeSql } from "../dispatcher/conformance.ts";
import { MisuseError, Storage, SupersededError } from "./engine.ts";

describeSql("node:sqlite", async (work) => {
  const storage = new Storage();
  work(storage.access());
  storage.close();
});

describe("what the simulator adds to node:sqlite", () => {
  const COUNT = "SELECT count(*) AS count FROM marks";
  const prepared = () => {
    const storage = new Storage();
    const access = storage.access();
    access.all("CREATE TABLE marks (name TEXT PRIMARY KEY) STRICT");
    const mark = (name: string) => void access.all("INSERT INTO marks VALUES (?1)", name);
    const count = () => storage.look<{ count: number }>(COUNT)[0]?.count;
    return { storage, access, mark, count };
  };

  it("undoes, at a crash, the turns that were not durable, and those alone", () => {
    const { storage, mark, count } = prepared();
    storage.beginTurn();
    mark("a");
    storage.beginTurn();
    mark("b");
    storage.beginTurn();
    mark("c");
    storage.confirm();
    expect(storage.unconfirmed).toBe(2);
    storage.crash();
    expect(count()).toBe(1);
    storage.beginTurn();
    mark("d");
    storage.confirm();
    storage.crash();
    expect(count()).toBe(2);
  });

  it("lets nobody in whose life is over", () => {
    const { access, mark } = prepared();
    access.revoke();
    expect(() => mark("a")).toThrow(SupersededError);
    expect(() => access.transaction(() => 1)).toThrow(SupersededError);
  });

  it("refuses what the engines do not do alike", () => {
    const { access } = prepared();
    const odd: unknown[] = [true, undefined, 10n, Number.NaN, 0.5, 2 ** 53, new Uint8Array(1)];
    for (const value of odd) expect(() => access.all("SELECT ?1", value as never)).toThrow(MisuseError);
    expect(() => access.all("SELECT 1; SELECT 2")).toThrow(MisuseError);
    expect(() => access.all("CREATE TABLE loose (a TEXT)")).toThrow(MisuseError);
    expect(() => access.all("SELECT 9007199254740992 AS a")).toThrow();
    expect(() => access.transaction(() => access.transaction(() => 1))).toThrow(MisuseError);
    expect(access.all("SELECT ';' AS a")).toHaveLength(1);
  });
});
