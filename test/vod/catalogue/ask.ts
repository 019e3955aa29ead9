import {
  checkRequest,
  type Allowed,
  type CatalogueModel,
  type Mode,
  type RuleName,
} from "../../../src/vod/catalogue/index.ts";
import type { VendorRequest } from "../../../src/vod/requests.ts";

export type Asked = Partial<VendorRequest>;

export const actionOf = ({ media }: Pick<CatalogueModel, "media">) =>
  media === "video" ? "CreateAigcVideoTask" : "CreateAigcImageTask";

export const requestOf = ({ name, version }: CatalogueModel, asked: Asked): VendorRequest => ({
  ModelName: name,
  ModelVersion: version,
  Prompt: "海上的日出",
  ...asked,
});

/** `Kling 2.6` makes this of the request? */
export function check(model: CatalogueModel, asked: Asked) {
  return checkRequest(actionOf(model), requestOf(model, asked));
}

const picture = (usage: string) => ({ Type: "Url", Url: "https://example.com/a.png", Category: "Image", Usage: usage });

/** Files that make a request of this mode. */
const FILES: Record<Mode, VendorRequest["FileInfos"]> = {
  text: [],
  frames: [picture("FirstFrame")],
  reference: [picture("Reference")],
};

export type Probe = { path: string[]; request: (value: string | number, mode: Mode) => Asked };

/** How a value is asked for, of the rules that list values or a range. */
export const PROBES: Partial<Record<RuleName, Probe>> = {
  durations: output("Duration"),
  resolutions: output("Resolution"),
  aspectRatios: output("AspectRatio"),
  sceneTypes: { path: ["SceneType"], request: (value) => ({ SceneType: String(value) }) },
  outputCount: output("OutputImageCount"),
  outputFormats: output("OutputFormat"),
  images: {
    path: ["FileInfos"],
    request: (value) => ({ FileInfos: Array.from({ length: Number(value) }, () => picture("Reference")) }),
  },
  promptCharacters: { path: ["Prompt"], request: (value) => ({ Prompt: "日".repeat(Number(value)) }) },
};

function output(member: string): Probe {
  return {
    path: ["OutputConfig", member],
    // Nothing is enlarged: the limits of the model itself are asked for.
    request: (value, mode) => ({
      FileInfos: FILES[mode],
      OutputConfig: { [member]: value, ...(member === "Resolution" && { EnhanceSwitch: "Disabled" as const }) },
    }),
  };
}

/** Every listed value, or both ends of a range and a value between. */
export function samplesOf(allowed: Allowed): (string | number)[] {
  if (typeof allowed === "boolean") return [];
  if (!("min" in allowed)) return [...allowed];
  return [allowed.min, Math.floor((allowed.min + allowed.max) / 2), allowed.max];
}

/** A value that is not possible by `allowed`. */
export function outsideOf(allowed: Allowed): string | number | undefined {
  if (typeof allowed === "boolean") return undefined;
  if ("min" in allowed) return allowed.max + 1;
  return typeof allowed[0] === "number" ? Math.max(...allowed.map(Number)) + 1 : "7:7";
}
