/* Whose the vendor's ids are: noted with the task that made them, gone with their time. */
import { describe, it } from "vitest";
import { idOf, interceptD1, NOW, rowsOf, startStore, told } from "./support.ts";

const { record, vendorIds } = startStore();
const owners = async (...ids: string[]) =>
  (await vendorIds.find(ids)).map(({ id, owner }) => `${id} ${owner}`).toSorted();
/** Each task has made an id of its own number. */
const made = ({ id }: { id: string }) => [String(Number(id.slice(-6)))];

describe("produced ids", () => {
  it("are written in the batch that tells the task, two rows each, and nothing without one", async ({ expect }) => {
    const batches: [statements: number, rows: number][] = [];
    const DB = interceptD1(async ({ statements, run }) => {
      const results = await run();
      batches.push([statements.length, results.reduce((sum, { meta }) => sum + meta.rows_written, 0)]);
      return results;
    });
    const store = startStore({ DB });
    await store.record.tell([told(1)], () => []);
    await store.record.tell([told(2)], made);
    await store.record.tell([told(2)], made);
    expect(batches).toEqual([
      [2, 2],
      [3, 2 + 2],
      [3, 0],
    ]);
    expect(await owners("1", "2")).toEqual(["2 acme"]);
  });

  it("can be several owners', and none is anybody's who did not get it", async ({ expect }) => {
    await record.tell([told(1), told(2, { owner: "other" })], () => ["shared"]);
    expect(await owners("shared", "unheard")).toEqual(["shared acme", "shared other"]);
  });

  it("stay when the content of their task is removed", async ({ expect }) => {
    await record.tell([told(1)], made);
    await record.erase({ owner: "acme", id: idOf(1), now: NOW, standIn: null });
    expect(await owners("1")).toEqual(["1 acme"]);
  });

  it("go with the retention time, a bounded part at a time", async ({ expect }) => {
    const many = Array.from({ length: 700 }, (_, index) => told(index));
    for (let start = 0; start < many.length; start += 100) await record.tell(many.slice(start, start + 100), made);
    await record.tell([told(5_000, { finished_at: NOW + 2 })], made);
    const bound = { beforeId: idOf(6_000), before: NOW + 1, eventsBefore: NOW + 1 };
    expect(await record.deleteExpired(bound)).toBe(1_000);
    expect(await record.deleteExpired(bound)).toBe(400);
    expect(await rowsOf("produced_ids")).toEqual([{ id: "5000", owner: "acme", made_at: NOW + 2 }]);
  });
});

describe("the owners", () => {
  it("are those of keys of either kind, the revoked ones too, two at most", async ({ expect }) => {
    expect(await vendorIds.twoOwners()).toEqual([]);
    const key = (table: string, name: string, owner: string) =>
      interceptD1(({ run }) => run())
        .prepare(
          table === "api_keys"
            ? "INSERT INTO api_keys (id, owner, key_hash, hint, scopes, created_at, revoked_at) VALUES (?1, ?2, ?1, '', '[]', 1, 1)"
            : "INSERT INTO tc3_keys (secret_id, owner, name, secret, scopes, created_at) VALUES (?1, ?2, '', '', '[]', 1)",
        )
        .bind(name, owner)
        .run();
    await key("api_keys", "a", "one");
    await key("tc3_keys", "b", "one");
    expect(await vendorIds.twoOwners()).toEqual(["one"]);
    await key("tc3_keys", "c", "two");
    await key("api_keys", "d", "three");
    expect(await vendorIds.twoOwners()).toHaveLength(2);
  });
});
