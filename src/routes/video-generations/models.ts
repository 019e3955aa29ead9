import { parseModelName } from "../../vod/catalogue/index.ts";

/** What a model name of this dialect stands for at the vendor. */
export type NamedModel = {
  name: string;
  version: string;
  /** What else a name of seed 003 says. */
  sold?: { resolution: string; offPeak: boolean; mix: boolean };
};

const VERSIONS = new Map([
  ["q3p", "q3-pro"],
  ["q3t", "q3-turbo"],
]);
/** `-mix` is a version of its own at the vendor, whatever it is appended to. */
const MIX_VERSION = "q3-mix";

/**
 * Reads the names of seed 003, those of the model catalogue (`kling-2.5`, `vidu-q2-pro`), and `ModelName/ModelVersion`.
 * @returns undefined for any other name
 */
export function readModel(text: string): NamedModel | undefined {
  const sold = readSoldName(text);
  if (sold) return sold;
  const known = parseModelName(text, "video");
  return known && { name: known.ModelName, version: known.ModelVersion };
}

/**
 * `viduq3p-720p`, `viduq3t-mix-1080p`, `viduq3p-540p-offpeak` (seed 003); the parts after the model may stand in any
 * order.
 */
function readSoldName(text: string): NamedModel | undefined {
  const [base = "", ...parts] = text.toLowerCase().split("-");
  const version = base.startsWith("vidu") ? VERSIONS.get(base.slice("vidu".length)) : undefined;
  const resolutions = parts.filter((part) => /^(540|720|1080)p$/.test(part));
  const mix = parts.includes("mix");
  const offPeak = parts.includes("offpeak");
  const understood = resolutions.length + Number(mix) + Number(offPeak);
  const [resolution] = resolutions;
  if (version === undefined || resolution === undefined || understood !== parts.length || resolutions.length !== 1)
    return undefined;
  return {
    name: "Vidu",
    version: mix ? MIX_VERSION : version,
    sold: { resolution: resolution.toUpperCase(), offPeak, mix },
  };
}
