import { isWebUrl } from "../web-url.ts";

/** Where the vendor finds an image. */
export type ImageSource = { Type: "Url"; Url: string } | { Type: "Base64"; Base64: string };

/** What may stand before the data of a data URL, and no more: a pattern over all of a long text can exhaust its stack. */
const HEAD_MAX_CHARACTERS = 1_000;
const DATA_URL_HEAD = /^data:(?:image\/[\w.+-]+)?(?:;[\w-]+=[^;,]*)*;base64,/i;

/** How PNG, JPEG and WebP begin in Base64: some clients send them without the prefix of a data URL. */
const BARE_BASE64 = /^(?:iVBORw0KGgo|\/9j\/|UklGR)/;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** A URL, an image in a data URL, or its bare Base64, which is what the vendor takes; undefined for any other text. */
export function readImage(text: string): ImageSource | undefined {
  const start = text.slice(0, HEAD_MAX_CHARACTERS);
  const head = BARE_BASE64.test(start) ? "" : DATA_URL_HEAD.exec(start)?.[0];
  if (head !== undefined) {
    const base64 = text.slice(head.length);
    return BASE64.test(base64) ? { Type: "Base64", Base64: base64 } : undefined;
  }
  return isWebUrl(text) ? { Type: "Url", Url: text } : undefined;
}
