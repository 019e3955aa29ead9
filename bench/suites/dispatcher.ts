import { textTable } from "../../scripts/lib/text-table.ts";
import { thisMachine } from "../lib/machine.ts";
import { figure } from "../lib/markdown.ts";
import type { Suite } from "../lib/suite.ts";
import { scenarios } from "../scenarios/all.ts";
import { type ScenarioReport, scenariosDocument, sizeLine } from "../scenarios/document.ts";

const nothing = () => undefined;

export const suite: Suite = {
  name: "dispatcher",
  title: "The dispatcher",
  method:
    "Scenarios over HTTP against the gateway and the vendor's emulator, each in a runtime of its own: order, limits, crash, watchers, long queues; each fact is counted at the vendor.",
  parts: Object.keys(scenarios(false, nothing)),
  async run({ quick, parts, buildDir, say }) {
    const all = scenarios(quick, (step) => say(step));
    const reports: Record<string, ScenarioReport> = {};
    for (const name of parts) {
      const scenario = all[name];
      if (!scenario) throw new RangeError(`There is no scenario ${name}`);
      say(`${name}: ${scenario.title} (${sizeLine(scenario.size)})`);
      const { checks, measures } = await scenario.run(buildDir);
      reports[name] = { title: scenario.title, size: scenario.size, checks, measures };
      if (measures.length > 0) {
        const rows = measures.map((measure) => ({
          measure: measure.name,
          value: `${figure(measure.value)} ${measure.unit}`,
        }));
        say(textTable(rows).replaceAll("\n", "\n  "));
      }
    }
    const done = Object.values(reports);
    return {
      facts: done.flatMap(({ title, checks }) =>
        checks.map((check) => ({ ...check, fact: `${title}: ${check.fact}` })),
      ),
      targets: [],
      tables: [
        {
          title: "Scenarios of the dispatcher",
          columns: ["scenario", "size", "facts", "that held"],
          rows: done.map(({ title, size, checks }) => [
            title,
            sizeLine(size),
            checks.length,
            checks.filter(({ holds }) => holds).length,
          ]),
        },
      ],
      charts: [],
      documents: [
        {
          file: "dispatcher.md",
          title: "All facts and measures of the dispatcher",
          text: scenariosDocument(done, thisMachine(), new Date()),
        },
      ],
      raw: reports,
    };
  },
};
