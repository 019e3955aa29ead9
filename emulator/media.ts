import { JPEG, MP4, PNG } from "./media-files.ts";
import type { MediaFile } from "./media-files.ts";
import { GLB } from "./scene-files.ts";

export const MEDIA_PATH = "/_emulator/media/";

const FILES = new Map([MP4, PNG, JPEG, GLB].map((file) => [file.name, file]));

/** The address of result number `index` of a task. */
export function mediaUrl(origin: string, taskId: string, index: number, file: MediaFile): string {
  return `${origin}${MEDIA_PATH}${taskId}/${index === 0 ? "" : `${index}/`}${file.name}`;
}

/** Serves GET and HEAD with `Range` (one range), `If-Range` and `If-None-Match`. */
export function serveMedia(request: Request): Response {
  if (request.method !== "GET" && request.method !== "HEAD")
    return new Response("GET or HEAD only\n", { status: 405, headers: { allow: "GET, HEAD" } });
  const file = FILES.get(new URL(request.url).pathname.split("/").at(-1) ?? "");
  if (!file) return new Response("no such file\n", { status: 404 });

  const size = file.bytes.length;
  const etag = `"${file.md5}"`;
  const headers = new Headers({ "accept-ranges": "bytes", "content-type": file.contentType, etag });
  if (request.headers.get("if-none-match")?.includes(etag)) return new Response(null, { status: 304, headers });

  const range = wantedRange(request, etag, size);
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${size}`);
    return new Response(null, { status: 416, headers });
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  headers.set("content-length", String(last - first + 1));
  if (range) headers.set("content-range", `bytes ${first}-${last}/${size}`);
  const body = request.method === "HEAD" ? null : file.bytes.subarray(first, last + 1);
  return new Response(body, { status: range ? 206 : 200, headers });
}

type ByteRange = { first: number; last: number };

/** Undefined is the whole file: no range, several ranges, or a form that RFC 9110 §14.2 lets a server ignore. */
function wantedRange(request: Request, etag: string, size: number): ByteRange | "unsatisfiable" | undefined {
  if (request.method !== "GET") return undefined;
  const condition = request.headers.get("if-range");
  if (condition !== null && condition !== etag) return undefined;
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined;
  if (from === "") return suffixRange(Number(to), size);
  const first = Number(from);
  if (first >= size) return "unsatisfiable";
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  return last < first ? undefined : { first, last };
}

function suffixRange(length: number, size: number): ByteRange | "unsatisfiable" {
  return length === 0 ? "unsatisfiable" : { first: Math.max(size - length, 0), last: size - 1 };
}
