/*
 * docs/seeds.md as a table that can be relied on: its form, its reasons, and its tests.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { ROOT } from "../../scripts/lib/paths.ts";
import { SEED_REQUESTS, TENCENT_SEED } from "../fixtures/seeds/vendor-requests.ts";

const CELL_MAX_CHARACTERS = 120;
const MIN_ROWS = 200;

type Row = { seed: string; says: string; verdict: string; why: string; test: string };

const sections = readFileSync(join(ROOT, "docs/seeds.md"), "utf8").split(/^## /m).slice(1);

const rows: Row[] = sections.flatMap((section) => {
  const seed = /^Seed (\d{3})/.exec(section)?.[1] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => {
    const [says = "", verdict = "", why = "", test = "", ...more] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (more.length > 0) throw new Error(`More cells than columns: ${line}`);
    return { seed, says, verdict, why, test };
  });
});

/** Names of an example's members, at every level. */
function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (value === null || typeof value !== "object") return [];
  return [...Object.keys(value), ...Object.values(value).flatMap(namesIn)];
}

describe("docs/seeds.md", () => {
  it("has rows for each of the five seeds", ({ expect }) => {
    expect(new Set(rows.map(({ seed }) => seed))).toEqual(new Set(["000", "001", "002", "003", "004"]));
    expect(rows.length).toBeGreaterThanOrEqual(MIN_ROWS);
  });

  it("says of each row whether it is the same, wider or narrower, and why it is not the same", ({ expect }) => {
    for (const row of rows) {
      expect(["same", "wider", "narrower"], row.says).toContain(row.verdict);
      expect(row.says).not.toBe("");
      if (row.verdict !== "same") expect(row.why, row.says).toMatch(/\w{2}/);
    }
  });

  it("has no cell that nobody can read", ({ expect }) => {
    for (const row of rows) {
      for (const cell of Object.values(row)) expect(cell.length, cell).toBeLessThanOrEqual(CELL_MAX_CHARACTERS);
    }
  });

  it("names tests that are there", ({ expect }) => {
    for (const { test, says } of rows) {
      const path = /^`(test\/[\w./-]+\.test\.ts)`$/.exec(test)?.[1];
      expect(path, says).toBeDefined();
      expect(existsSync(join(ROOT, path ?? "")), test).toBe(true);
    }
  });

  it("says nothing twice", ({ expect }) => {
    const keys = rows.map(({ seed, says }) => `${seed} ${says}`);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it.for([...SEED_REQUESTS, TENCENT_SEED])(
    "has a row for every field in the example: $name",
    ({ name, body }, { expect }) => {
      const seed = /\d{3}/.exec(name)?.[0];
      const text = rows
        .filter((row) => row.seed === seed)
        .map(({ says }) => says)
        .join("\n");
      // The members of the vendor's OutputConfig are in no table of seed 004, only in its example, which is a row.
      const { OutputConfig: _, ...fields } = body;
      for (const field of namesIn(fields)) {
        if (field !== "FileId") expect(text).toMatch(new RegExp(`\\b${field}\\b`));
      }
    },
  );
});
