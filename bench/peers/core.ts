import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { gatewayVars } from "../../scripts/lib/local-env.ts";
import { parseConfig } from "../../src/config.ts";
import { Core } from "../../src/dispatcher/core.ts";
import { coreOptions } from "../../src/dispatcher/core-options.ts";
import type { Sql } from "../../src/dispatcher/sql.ts";

/*
 * The dispatcher's core alone, on an object's file: how long it takes to load, and what it holds in memory then. Its only
 * argument is the file; runs with --expose-gc and answers with one line of JSON.
 */

const [file = ""] = process.argv.slice(2);
const database = new DatabaseSync(file);
const prepared = new Map<string, StatementSync>();

function statementOf(text: string): StatementSync {
  const known = prepared.get(text);
  if (known) return known;
  const statement = database.prepare(text);
  prepared.set(text, statement);
  return statement;
}

const sql: Sql = {
  all: <Row>(text: string, ...values: (string | number | null)[]) =>
    statementOf(text).all(...(values as SQLInputValue[])) as Row[],
  transaction: (work) => {
    database.exec("BEGIN");
    const result = work();
    database.exec("COMMIT");
    return result;
  },
  size: () => 0,
};

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const before = heapBytes();
const began = performance.now();
const core = new Core({ sql, options: coreOptions(parseConfig(gatewayVars({}))), now: Date.now() });
const loadMs = performance.now() - began;
const { waiting } = core.report(Date.now());
process.stdout.write(`${JSON.stringify({ loadMs, heapBytes: heapBytes() - before, waiting })}\n`);
// Until here it must not be collected.
if (core.broken) process.exitCode = 1;
