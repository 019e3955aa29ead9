import * as z from "zod";

/** `GET /?way=…&bytes=…&count=…`: sign a body of that many bytes that often, and answer when it is done. */
const query = z.object({
  way: z.string(),
  bytes: z.coerce.number().int().min(1),
  count: z.coerce.number().int().min(0),
});

export const CREDENTIALS = { id: "AKIDlocal", key: "local-secret-key" };
export const HOST = "vod.intl.tencentcloudapi.com";
export const ACTION = "CreateAigcVideoTask";
export const SERVICE = "vod";

/** Signs one body once. */
export type SignOnce = (body: string) => unknown;

const bodies = new Map<number, string>();

/** The loop both runtimes share. `ways` holds the ways by name; `none` is the loop without a signature. */
export async function signMany(url: URL, ways: Record<string, SignOnce>): Promise<Response> {
  const { way, bytes, count } = query.parse(Object.fromEntries(url.searchParams));
  const sign = { none: async (text: string) => text, ...ways }[way];
  if (!sign) return new Response(`There is no way ${way}`, { status: 404 });
  const body = bodyOf(bytes);
  for (let done = 0; done < count; done++) await sign(body);
  return new Response("done");
}

/** The same body again: making one is not to be measured. */
function bodyOf(bytes: number): string {
  const kept = bodies.get(bytes);
  if (kept !== undefined) return kept;
  const text = JSON.stringify({ Prompt: "" });
  const body = JSON.stringify({ Prompt: "a".repeat(Math.max(0, bytes - text.length)) });
  bodies.set(bytes, body);
  return body;
}
