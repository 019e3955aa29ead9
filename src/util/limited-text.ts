/** Reads a body as UTF-8 text, or gives `undefined` once it is longer than `maxBytes`, without holding the rest. */
export async function readLimitedText(message: Request | Response, maxBytes: number): Promise<string | undefined> {
  if (Number(message.headers.get("content-length") ?? 0) > maxBytes) {
    await message.body?.cancel();
    return undefined;
  }
  if (!message.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of message.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
