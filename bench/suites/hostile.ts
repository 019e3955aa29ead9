import type { AttackGroup, Field } from "../attacks/attack.ts";
import { forms } from "../attacks/forms.ts";
import { headers, targets } from "../attacks/heads.ts";
import { fields, syntax } from "../attacks/json-text.ts";
import { sent, structure } from "../attacks/json-values.ts";
import { reads } from "../attacks/reads.ts";
import { notifications, vendorApi } from "../attacks/signed.ts";
import { atMost, type Check, exactly } from "../lib/checks.ts";
import { openProfiler } from "../lib/cpu-profile.ts";
import { type Cost, costOf, CPU_LIMIT_MS } from "../lib/hostile-cost.ts";
import { makeLarge, withField } from "../lib/hostile-field.ts";
import { type Fuzzed, fuzz } from "../lib/hostile-fuzz.ts";
import { markdownTable } from "../lib/markdown.ts";
import type { Document, Suite, Table } from "../lib/suite.ts";

const GROUPS: readonly AttackGroup[] = [
  syntax,
  structure,
  fields,
  sent,
  forms,
  headers,
  targets,
  vendorApi,
  notifications,
  reads,
];

const FUZZED_REQUESTS = 5_000;
const QUICK = { everyNth: 11, fuzzedRequests: 200 };
/** The same requests in every run; the tests' fuzzing has another seed each time. */
const FUZZ_SEED = 20_261_121;
const SHOW_EVERY = 50;

const FIRST_FAULT_OF_OURS = 500;

type Tried = { title: string; costs: Cost[] };

export const suite: Suite = {
  name: "hostile",
  title: "Hostile requests",
  method:
    "One request at a time, built to cost as much as its size allows, to a gateway with nothing else to do. CPU is measured twice: of workerd by the operating system, HTTP and the local simulators included, and of Worker and object by V8's profiler, which counts what interrupts them too. Each is at least what Worker and object took, so the smaller one counts, the least of some tries.",
  parts: ["attacks", "fuzz"],
  async run({ quick, parts, buildDir, say }) {
    const tried = parts.includes("attacks")
      ? await withField(buildDir, async (lab) => attack({ ...lab, large: await makeLarge(lab) }, quick, say))
      : [];
    const requests = quick ? QUICK.fuzzedRequests : FUZZED_REQUESTS;
    if (parts.includes("fuzz")) say(`${requests} requests of any kind`);
    const fuzzed = parts.includes("fuzz")
      ? await withField(buildDir, (field) => fuzz(field, FUZZ_SEED, requests))
      : undefined;
    return {
      facts: [...attackFacts(tried), ...(fuzzed ? fuzzFacts(fuzzed) : [])],
      targets: [],
      tables: [...(tried.length > 0 ? [groupTable(tried)] : []), ...(fuzzed ? [fuzzTable(fuzzed)] : [])],
      charts: [],
      documents: tried.length > 0 ? [listOf(tried)] : [],
      raw: { tried, fuzzed },
    };
  },
};

async function attack(field: Field, quick: boolean, say: (line: string) => void): Promise<Tried[]> {
  const profiler = await openProfiler(field.gateway.inspectorUrl ?? "");
  const tried: Tried[] = [];
  try {
    for (const { title, attacks } of GROUPS) {
      const all = attacks(field).filter((_, index) => !quick || index % QUICK.everyNth === 0);
      const costs: Cost[] = [];
      for (const [index, one] of all.entries()) {
        if (index % SHOW_EVERY === 0) say(`${title}: ${index} of ${all.length}`);
        costs.push(await costOf(one, field, profiler));
      }
      tried.push({ title, costs });
    }
  } finally {
    profiler.close();
  }
  return tried;
}

const dearestFirst = (costs: readonly Cost[]) => costs.toSorted((a, b) => b.countedMs - a.countedMs);

function attackFacts(tried: readonly Tried[]): Check[] {
  const all = tried.flatMap(({ costs }) => costs);
  const [dearest] = dearestFirst(all);
  if (!dearest) return [];
  const faults = all.filter(({ status }) => status >= FIRST_FAULT_OF_OURS);
  return [
    atMost(
      `ms of CPU of the dearest of ${all.length} hostile requests (${dearest.name})`,
      dearest.countedMs,
      CPU_LIMIT_MS,
    ),
    exactly(`hostile requests that were answered as a fault of the gateway${named(faults)}`, faults.length, 0),
  ];
}

const named = ([first]: readonly Cost[]) => (first ? ` (${first.name})` : "");

function fuzzFacts({ requests, statuses, complaints, dearest }: Fuzzed): Check[] {
  const faults = Object.entries(statuses).filter(([status]) => Number(status) >= FIRST_FAULT_OF_OURS);
  const first = complaints[0] === undefined ? "" : ` (${complaints[0].slice(0, 300)})`;
  return [
    exactly(
      `of ${requests} requests of any kind, answered as a fault of the gateway`,
      faults.reduce((sum, [, count]) => sum + count, 0),
      0,
    ),
    exactly(
      `answers to them with another owner's data, the gateway's inside, or in a wrong dialect${first}`,
      complaints.length,
      0,
    ),
    atMost(`ms of CPU of the dearest of them (${dearest.name})`, dearest.processMs, CPU_LIMIT_MS),
  ];
}

function groupTable(tried: readonly Tried[]): Table {
  return {
    title: "CPU of the dearest request of each kind",
    note: `At most ${CPU_LIMIT_MS} ms. A body has at most 10 MB, headers and URL 60 KB. All that was tried: [hostile.md](hostile.md).`,
    columns: ["kind", "tried", "CPU (ms)", "runtime (ms)", "isolate (ms)", "dearest", "its bytes", "its answer"],
    rows: tried.flatMap(({ title, costs }) => {
      const [dearest] = dearestFirst(costs);
      if (!dearest) return [];
      const { countedMs, processMs, isolateMs, name, bytes, status } = dearest;
      return [[title, costs.length, countedMs, processMs, isolateMs, name, bytes, String(status)]];
    }),
  };
}

function fuzzTable({ seed, requests, statuses, dearest }: Fuzzed): Table {
  return {
    title: "Requests of any kind to all routes",
    note: `Made by fast-check from the seed ${seed}: bodies, forms, queries, headers, methods, keys and signatures. The dearest took ${dearest.processMs} ms.`,
    columns: ["answer", "requests", "share (%)"],
    rows: Object.entries(statuses).map(([status, count]) => [status, count, (100 * count) / requests]),
  };
}

function listOf(tried: readonly Tried[]): Document {
  const text = tried.flatMap(({ title, costs }) => [
    `## ${title}`,
    markdownTable({
      columns: ["request", "bytes", "answer", "bytes of it", "runtime (ms)", "isolate (ms)"],
      rows: dearestFirst(costs).map(({ name, bytes, status, answerBytes, processMs, isolateMs }) => [
        name,
        bytes,
        String(status),
        answerBytes,
        processMs,
        isolateMs,
      ]),
    }),
  ]);
  const title = "All hostile requests that were tried";
  return {
    file: "hostile.md",
    title,
    text: [`# ${title}`, "Written by `npm run bench`.", ...text].join("\n\n").concat("\n"),
  };
}
