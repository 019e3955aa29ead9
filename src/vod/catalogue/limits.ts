import { base64FileBytes, FILES_MAX_BYTES, type VendorRequest } from "../requests.ts";
import { SINGLY_EXAMINED_MAX } from "./facts.ts";
import { sourcesOf, TEXT } from "./sources.ts";
import type { Finding, Media } from "./types.ts";
import { countCharacters } from "./values.ts";

const MEDIA_NAME_MAX_CHARACTERS = 64;

/** Limits of single fields that hold for every model, also for one that nobody knows yet. */
export function checkLimits(media: Media, request: VendorRequest): Finding[] {
  const findings: Finding[] = [];
  const refuse = (path: Finding["path"], message: string) =>
    findings.push({ kind: "limit", path, message, sources: sourcesOf(TEXT) });

  const nameCharacters = countCharacters(request.OutputConfig?.MediaName ?? "");
  if (nameCharacters > MEDIA_NAME_MAX_CHARACTERS)
    refuse(
      ["OutputConfig", "MediaName"],
      `A name has at most ${MEDIA_NAME_MAX_CHARACTERS} characters, not ${nameCharacters}.`,
    );

  const files = request.FileInfos ?? [];
  const fileBytes = files.reduce((sum, { Base64 }) => sum + base64FileBytes(Base64 ?? ""), 0);
  if (fileBytes > FILES_MAX_BYTES)
    refuse(
      ["FileInfos"],
      `The files within a request have at most 7 MB together (${FILES_MAX_BYTES} bytes, before Base64), not ${fileBytes}.`,
    );

  for (const [index, file] of files.slice(0, SINGLY_EXAMINED_MAX).entries()) {
    if (/^data:/i.test(file.Base64 ?? ""))
      refuse(["FileInfos", index, "Base64"], "Base64 is sent without a data: prefix.");
    if (media === "image") findings.push(...foreignMembers(file, index));
  }
  return findings;
}

/** Members of the video action's files that the image action does not have. */
function foreignMembers(file: { Category?: string | undefined; Usage?: string | undefined }, index: number): Finding[] {
  const given = (["Category", "Usage"] as const).filter((member) => file[member]);
  return given.map((member) => ({
    kind: "doubtful",
    path: ["FileInfos", index, member],
    message: `Files for an image have no ${member}.`,
    sources: sourcesOf([...TEXT, "guideCopy"]),
  }));
}
