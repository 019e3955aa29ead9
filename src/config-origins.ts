import * as z from "zod";

const FORM = "must be origins, separated by commas, e.g. http://127.0.0.1:8788";

/** `MEDIA_ORIGINS`: a list of origins, without a path. */
export const mediaOrigins = z
  .string()
  .default("")
  .transform((text, context) => {
    const parts = text.split(",").map((part) => part.trim());
    const urls = parts.filter((part) => part !== "").map((part) => URL.parse(part));
    const valid = urls.every((url) => url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`);
    if (valid) return urls.map((url) => url?.origin ?? "");
    context.addIssue({ code: "custom", message: FORM });
    return z.NEVER;
  });

/** The origin of a URL, if that is plain http. */
export function originOfHttp(url: string): string[] {
  const { protocol, origin } = new URL(url);
  return protocol === "http:" ? [origin] : [];
}
