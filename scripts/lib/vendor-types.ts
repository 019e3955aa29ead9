import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as z from "zod";
import { createImageTask, createVideoTask } from "../../emulator/schema.ts";
import { EVENT_MEMBERS, TASK_MEMBERS } from "../../emulator/vendor-members.ts";
import { catalogueModels } from "../../src/vod/catalogue/index.ts";
import { CONTENT_OF } from "../../src/vod/events.ts";
import { ADDED_WHEN_SENT, vendorRequest } from "../../src/vod/requests.ts";
import { taskDetail } from "../../src/vod/tasks.ts";
import { compareStructure, type Difference, type JsonSchema } from "./compare-types.ts";
import { listedVersions, parseSdkTypes, type SdkTypes } from "./sdk-types.ts";

const PACKAGE = "tencentcloud-sdk-nodejs-vod";
const MODELS = "tencentcloud/services/vod/v20180717/vod_models.d.ts";

/** The declarations of the SDK that is installed, and its version. */
export function readSdk(): { version: string; declarations: string } {
  const root = dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`));
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { version, declarations: readFileSync(join(root, MODELS), "utf8") };
}

/** What the SDK has and we have not; empty when all is known. */
export type Findings = {
  /** Members that a schema of ours lacks, or types otherwise. */
  differences: Difference[];
  /** Kinds of tasks and events that the vendor had not when we last looked. */
  newKinds: string[];
  /** Model versions that the catalogue does not know. */
  newVersions: string[];
};

/**
 * Holds the SDK's declarations against the schemas of this repository. The dialects' own are held against `vendorRequest` by
 * test/openapi.test.ts.
 */
export function compareWithSdk(declarations: string): Findings {
  const types = parseSdkTypes(declarations);
  const differences = [...compareRequests(types), ...compareTasks(types), ...compareEvents(types)];
  return { differences, newKinds: newKinds(types), newVersions: newVersions(types) };
}

const CREATE_REQUESTS = [
  { name: "CreateAigcVideoTaskRequest", emulated: createVideoTask, media: "video" },
  { name: "CreateAigcImageTaskRequest", emulated: createImageTask, media: "image" },
] as const;

function compareRequests(types: SdkTypes): Difference[] {
  return CREATE_REQUESTS.flatMap(({ name, emulated }) => [
    ...labelled("vendorRequest", compareStructure(types, name, taken(vendorRequest), { except: ADDED_WHEN_SENT })),
    ...labelled("emulator", compareStructure(types, name, made(emulated))),
  ]);
}

/** The members of a task's detail that are ours to read; the others hold tasks of other kinds, or the call's id. */
const OURS = ["TaskType", "Status", "CreateTime", "BeginProcessTime", "FinishTime", "AigcVideoTask", "AigcImageTask"];

function compareTasks(types: SdkTypes): Difference[] {
  const others = [...(types.get("DescribeTaskDetailResponse")?.keys() ?? [])].filter((name) => !OURS.includes(name));
  const found = compareStructure(types, "DescribeTaskDetailResponse", taken(taskDetail), { except: others });
  return labelled("taskDetail", found);
}

/** An event carries the same structure as the detail, so the detail's schema stands for both. */
function compareEvents(types: SdkTypes): Difference[] {
  const event = types.get("EventContent");
  const detail = types.get("DescribeTaskDetailResponse");
  const ofDetail: Record<string, string> = {
    AigcVideoCompleteEvent: "AigcVideoTask",
    AigcImageCompleteEvent: "AigcImageTask",
  };
  return [...CONTENT_OF.values()].flatMap((member) => {
    const type = event?.get(member)?.type;
    if (type !== undefined && type === detail?.get(ofDetail[member] ?? "")?.type) return [];
    return [{ place: `event: EventContent.${member}`, says: `the SDK has ${type ?? "no such member"}` }];
  });
}

function newKinds(types: SdkTypes): string[] {
  const of = (structure: string, known: readonly string[]) =>
    [...(types.get(structure)?.keys() ?? [])]
      .filter((name) => !known.includes(name))
      .map((name) => `${structure}.${name}`);
  return [
    ...of("DescribeTaskDetailResponse", [...OURS, ...Object.keys(TASK_MEMBERS), "RequestId"]),
    ...of("EventContent", [...Object.keys(EVENT_MEMBERS), "EventHandle", "EventType"]),
  ];
}

function newVersions(types: SdkTypes): string[] {
  return CREATE_REQUESTS.flatMap(({ name, media }) => {
    const known = new Set(
      catalogueModels()
        .filter((model) => model.media === media)
        .map((model) => `${model.name}/${model.version}`),
    );
    const text = types.get(name)?.get("ModelVersion")?.text ?? "";
    return listedVersions(text)
      .filter((version) => !known.has(version))
      .map((version) => `${media}: ${version}`);
  });
}

const labelled = (label: string, differences: Difference[]) =>
  differences.map(({ place, says }) => ({ place: `${label}: ${place}`, says }));

/** What a schema takes in. */
function taken(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

/** What a schema makes of it: the emulator's take a number in quotes by a step that JSON Schema has no word for. */
function made(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }) as JsonSchema;
}
