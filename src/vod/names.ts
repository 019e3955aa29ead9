/**
 * The vendor writes `LastFrameUrl`, clients write `last_frame_url`. The change is mechanical, so that a field the vendor
 * adds next month flows through without a release. Only what the vendor spells as an acronym needs a word here.
 */
const ACRONYMS = new Map([
  ["bgm", "BGM"],
  ["hdr", "HDR"],
]);

/** `last_frame_url` → `LastFrameUrl`; a name that is Pascal case already stays as it is. */
export function toPascal(name: string): string {
  return name
    .split("_")
    .map((word) => ACRONYMS.get(word) ?? word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/** `LastFrameUrl` → `last_frame_url`, `EnableBGM` → `enable_bgm`; snake case stays as it is. */
export function toSnake(name: string): string {
  return name
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** Renames every member of every object in a JSON value. Values, also strings that hold JSON, stay untouched. */
export function renameMembers(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameMembers(item, rename));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [rename(name), renameMembers(member, rename)]),
  );
}
