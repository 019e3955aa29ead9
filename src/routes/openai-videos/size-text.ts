import type { Outline } from "../../tasks/outline.ts";

/** The shorter side of what the vendor names otherwise than by its lines. */
const NAMED_PIXELS = new Map([
  ["1K", 1024],
  ["2K", 1440],
  ["4K", 2160],
]);

/** Encoders want even sides. */
const even = (pixels: number) => 2 * Math.round(pixels / 2);

/** Resolution and aspect ratio as `1280x720`; null when the request did not say both. */
export function sizeText({ resolution = "", aspectRatio = "" }: Outline): string | null {
  const name = resolution.toUpperCase();
  const shorter = NAMED_PIXELS.get(name) ?? Number(/^(\d{3,4})P$/.exec(name)?.[1]);
  const [across = NaN, down = NaN] = aspectRatio.split(":").map(Number);
  const ratio = across / down;
  if (!(shorter > 0) || !(ratio > 0) || !Number.isFinite(ratio)) return null;
  const longer = even(shorter * Math.max(ratio, 1 / ratio));
  return ratio >= 1 ? `${longer}x${shorter}` : `${shorter}x${longer}`;
}
