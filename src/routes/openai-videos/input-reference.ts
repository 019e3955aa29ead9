import { ApiError } from "../../http/api-error.ts";
import { rejectInvalid } from "../../http/problems.ts";
import { base64FileBytes, FILES_MAX_BYTES } from "../../vod/requests.ts";
import { isWebUrl } from "../web-url.ts";
import type { CreateBody } from "./schema.ts";

const DATA_URL = /^data:[^,]*;base64,/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** How the images begin that the vendor takes as Base64: names and content types are often wrong. */
const isPng = (start: string) => start.startsWith("\x89PNG\r\n\x1a\n");
const isJpeg = (start: string) => start.startsWith("\xff\xd8\xff");
const isWebP = (start: string) => start.startsWith("RIFF") && start.startsWith("WEBP", 8);
/** Enough characters of Base64 for the longest of them. */
const SIGNATURE_CHARACTERS = 16;

/** A file of a form as the text that a JSON body would hold. @throws {ApiError} 413 */
export async function dataUrlOf(file: File): Promise<string> {
  checkSize(file.size);
  return `data:;base64,${(await file.bytes()).toBase64()}`;
}

/**
 * The reference image as the vendor's first frame.
 * @throws {ApiError} for what is no image the vendor takes, and 413 for one that is too large
 */
export function firstFrameOf(reference: NonNullable<CreateBody["input_reference"]>) {
  const frame = { Category: "Image", Usage: "FirstFrame" };
  const { image_url: url, file_id: fileId } =
    typeof reference === "string" ? { image_url: reference } : { file_id: undefined, ...reference };
  if (Boolean(url) === Boolean(fileId))
    return reject("Use a file, a URL, or an object with either image_url or file_id.");
  if (fileId) return { Type: "File", FileId: fileId, ...frame };
  if (!url) return reject("This is empty.");
  const prefix = DATA_URL.exec(url)?.[0];
  if (prefix !== undefined) return { Type: "Base64", Base64: checkImage(url.slice(prefix.length)), ...frame };
  if (!isWebUrl(url)) return reject("Use an http or https URL, or data:image/…;base64,….");
  return { Type: "Url", Url: url, ...frame };
}

function checkImage(base64: string): string {
  checkSize(base64FileBytes(base64));
  if (base64.length === 0) reject("This file is empty.");
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) reject("This is not Base64.");
  const start = atob(base64.slice(0, SIGNATURE_CHARACTERS));
  if (!isPng(start) && !isJpeg(start) && !isWebP(start)) reject("Use a JPEG, PNG or WebP image.");
  return base64;
}

function checkSize(bytes: number): void {
  if (bytes <= FILES_MAX_BYTES) return;
  throw new ApiError(
    "payload_too_large",
    `input_reference: this file is too large. The vendor takes 7 MB (${FILES_MAX_BYTES} bytes); give a URL instead.`,
    { problems: [{ loc: ["body", "input_reference"], msg: "This file is too large.", type: "too_big" }] },
  );
}

function reject(msg: string): never {
  return rejectInvalid([{ loc: ["body", "input_reference"], msg, type: "value_error" }]);
}
