/** A member of one of the SDK's structures: its type as written, whether it may be left out, and the vendor's text on it. */
export type SdkMember = { type: string; optional: boolean; text: string };

/** The SDK's structures by name. */
export type SdkTypes = ReadonlyMap<string, ReadonlyMap<string, SdkMember>>;

const INTERFACE = /^export interface (\w+) \{\n([^]*?)^\}$/gm;
const MEMBER = /(?:\/\*\*([^]*?)\*\/\s*)?^ {2,4}(\w+)(\?)?: ([^;{}\n]+?);?$/gm;

/**
 * Reads the declarations of `vod_models.d.ts`. They are generated: interfaces of members, each with a comment, and nothing
 * else, so no compiler is needed for them.
 */
export function parseSdkTypes(declarations: string): SdkTypes {
  return new Map(
    Array.from(declarations.matchAll(INTERFACE), ([, name = "", body = ""]) => [
      name,
      new Map(
        Array.from(body.matchAll(MEMBER), ([, text = "", member = "", optional, type = ""]) => [
          member,
          { type, optional: optional !== undefined, text },
        ]),
      ),
    ]),
  );
}

/** Model versions that the text of a request's `ModelVersion` lists, as `Name/version`. */
export function listedVersions(text: string): string[] {
  return Array.from(text.matchAll(/当 ModelName 是 (\w+)，可选值为 ([^；;<]+)/g)).flatMap(
    ([, name = "", versions = ""]) => versions.split("、").map((version) => `${name}/${version.trim()}`),
  );
}
