import { hex, utf8 } from "../signing/encoding.ts";
import type { VendorRequest } from "./requests.ts";

/** Of a request as its pollers are shown it; most are a tenth of it. */
export const SHOWN_MAX_BYTES = 16_384;
/** Longer texts give way where there is too much for that. */
const SHOWN_TEXT_MAX_CHARACTERS = 1_000;
const HASHED_AT_ONCE_CHARACTERS = 256 * 1024;

/** The member whose text is a file. */
const FILE_MEMBER = "Base64";

/**
 * A request as JSON to show while its task is not over. In place of a file's Base64 it has `Base64Length`, in characters,
 * and `Base64Sha256` of that text, so that a client knows its own file again; so, too, of the longest texts of a request
 * that would still be too long.
 */
export async function shownRequest(request: VendorRequest): Promise<string> {
  for (const maxCharacters of [Infinity, SHOWN_TEXT_MAX_CHARACTERS]) {
    const shown = JSON.stringify(await abridged(request, maxCharacters));
    if (utf8(shown).byteLength <= SHOWN_MAX_BYTES) return shown;
  }
  const { ModelName, ModelVersion } = request;
  return JSON.stringify({ ModelName, ModelVersion });
}

async function abridged(value: unknown, maxCharacters: number): Promise<unknown> {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return inTurn(value, (item) => abridged(item, maxCharacters));
  const members = await inTurn(Object.entries(value), async ([name, member]) => {
    const stays = typeof member !== "string" || (name !== FILE_MEMBER && member.length <= maxCharacters);
    if (stays) return [[name, await abridged(member, maxCharacters)]];
    return [
      [`${name}Length`, member.length],
      [`${name}Sha256`, await sha256Of(member)],
    ];
  });
  return Object.fromEntries(members.flat() as [string, unknown][]);
}

/** One after the other: each may hold as much as a request. */
async function inTurn<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** In parts, so that no second copy of a large text is held. */
async function sha256Of(text: string): Promise<string> {
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  for (let at = 0; at < text.length;) {
    const end = at + HASHED_AT_ONCE_CHARACTERS;
    // Not between the halves of a character.
    const next = text.codePointAt(end - 1) === text.charCodeAt(end - 1) ? end : end + 1;
    await writer.write(utf8(text.slice(at, next)));
    at = next;
  }
  await writer.close();
  return hex(await digest.digest);
}
