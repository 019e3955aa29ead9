import { BASE64_KEPT_MAX_BYTES, base64Dropper } from "./drop-base64.ts";

/** An answer or a notification can echo the files of a request, which has at most 10 MB (tencent-vod facts §4.1). */
export const MAX_ECHO_BYTES = 16 * 1024 * 1024;

export type VendorTextLimits = {
  maxReadBytes: number;
  /** Of what remains without the files; default as many. */
  maxKeptBytes?: number | undefined;
};

/**
 * Reads what the vendor sends as text, without the files that it echoes in it; undefined once it is longer than allowed,
 * without holding the rest.
 */
export async function readVendorText(
  message: Request | Response,
  { maxReadBytes, maxKeptBytes = maxReadBytes }: VendorTextLimits,
): Promise<string | undefined> {
  const length = message.headers.get("content-length");
  // Too short to echo anything: most answers are a hundred bytes.
  if (length !== null && Number(length) <= Math.min(BASE64_KEPT_MAX_BYTES, maxKeptBytes)) return message.text();
  if (Number(length ?? 0) > maxReadBytes) {
    await message.body?.cancel();
    return undefined;
  }
  if (!message.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let readBytes = 0;
  let keptBytes = 0;
  const take = base64Dropper((bytes) => {
    keptBytes += bytes.byteLength;
    if (keptBytes <= maxKeptBytes) text += decoder.decode(bytes, { stream: true });
  });
  for await (const chunk of message.body) {
    readBytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (readBytes > maxReadBytes) return undefined;
    take(chunk);
    if (keptBytes > maxKeptBytes) return undefined;
  }
  return text + decoder.decode();
}
