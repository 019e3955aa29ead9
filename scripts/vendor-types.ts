import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { compareWithSdk, type Findings, readSdk } from "./lib/vendor-types.ts";

const HELP = `Holds the types of the vendor's official SDK against this repository's schemas.

  npm run vendor-types [-- --declarations FILE]

Says which members of the create requests, of a task's detail and of its events are missing here or have another type,
and which kinds of tasks, events and model versions are new. Run it after an update of tencentcloud-sdk-nodejs-vod.
Ends with 1 when there is anything to say.

  --declarations FILE   a vod_models.d.ts or vod_models.ts of another version, instead of the installed package's
`;

const SECTIONS = [
  ["Members that are missing here, or of another type", (found: Findings) => found.differences.map(line)],
  ["New kinds of tasks and events", (found: Findings) => found.newKinds],
  ["Model versions that the catalogue does not know", (found: Findings) => found.newVersions],
] as const;

function line({ place, says }: Findings["differences"][number]): string {
  return `${place}: ${says}`;
}

function main(): void {
  const { values } = parseArgs({
    options: { declarations: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const file = values.declarations;
  const { version, declarations } =
    file === undefined ? readSdk() : { version: file, declarations: readFileSync(file, "utf8") };
  const found = compareWithSdk(declarations);
  const said = SECTIONS.flatMap(([title, of]) => {
    const lines = of(found);
    return lines.length === 0 ? [] : [`${title}:\n  ${lines.join("\n  ")}`];
  });
  const nothing = "nothing is missing here, and nothing is new.";
  process.stdout.write(`SDK ${version}: ${said.length === 0 ? nothing : `\n${said.join("\n")}`}\n`);
  if (said.length > 0) process.exitCode = 1;
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
