/** What a model name of this dialect stands for at the vendor. */
export type NamedModel = { version: string; mix: boolean; resolution: string; offPeak: boolean };

const VERSIONS = new Map([
  ["q3p", "q3-pro"],
  ["q3t", "q3-turbo"],
]);
/** `-mix` is a version of its own at the vendor, whatever it is appended to. */
const MIX_VERSION = "q3-mix";

/**
 * Reads `viduq3p-720p`, `viduq3t-mix-1080p`, `viduq3p-540p-offpeak` (seed 003); the parts after the model may stand in
 * any order. Undefined for any other name.
 */
export function parseModel(name: string): NamedModel | undefined {
  const [base = "", ...parts] = name.toLowerCase().split("-");
  const version = base.startsWith("vidu") ? VERSIONS.get(base.slice("vidu".length)) : undefined;
  const resolutions = parts.filter((part) => /^(540|720|1080)p$/.test(part));
  const mix = parts.includes("mix");
  const offPeak = parts.includes("offpeak");
  const understood = resolutions.length + Number(mix) + Number(offPeak);
  const [resolution] = resolutions;
  if (version === undefined || resolution === undefined || understood !== parts.length || resolutions.length !== 1)
    return undefined;
  return { version: mix ? MIX_VERSION : version, mix, resolution: resolution.toUpperCase(), offPeak };
}
