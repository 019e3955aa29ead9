/** Where the vendor finds an image. */
export type ImageSource = { Type: "Url"; Url: string } | { Type: "Base64"; Base64: string };

const DATA_URL = /^data:(?:image\/[\w.+-]+)?(?:;[\w-]+=[^;,]*)*;base64,([A-Za-z0-9+/]+={0,2})$/i;

/** How PNG, JPEG and WebP begin in Base64: some clients send them without the prefix of a data URL. */
const BARE_BASE64 = /^(?:iVBORw0KGgo|\/9j\/|UklGR)[A-Za-z0-9+/]*={0,2}$/;

/** A URL, an image in a data URL, or its bare Base64, which is what the vendor takes; undefined for any other text. */
export function readImage(text: string): ImageSource | undefined {
  if (BARE_BASE64.test(text)) return { Type: "Base64", Base64: text };
  const base64 = DATA_URL.exec(text)?.[1];
  if (base64 !== undefined) return { Type: "Base64", Base64: base64 };
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "") ? { Type: "Url", Url: text } : undefined;
}
