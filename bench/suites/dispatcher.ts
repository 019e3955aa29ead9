import type { Suite } from "../lib/suite.ts";
import { scenarios } from "../scenarios/all.ts";
import { measureTable, type ScenarioReport, scenariosDocument, sizeLine } from "../scenarios/document.ts";

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
        ...done.filter(({ measures }) => measures.length > 0).map(measureTable),
      ],
      charts: [],
      documents: [
        {
          file: "dispatcher.md",
          title: "All facts of the dispatcher",
          text: scenariosDocument(done, new Date()),
        },
      ],
      raw: reports,
    };
  },
};
