/** Resolutions by their shorter side in pixels, in the words of the vendor's `OutputConfig.Resolution`. */
const RESOLUTIONS: readonly (readonly [shorterSidePixels: number, name: string])[] = [
  [360, "360P"],
  [480, "480P"],
  [540, "540P"],
  [720, "720P"],
  [768, "768P"],
  [1080, "1080P"],
  [1440, "2K"],
  [2160, "4K"],
];
/** 1792x1024 is what OpenAI's clients write for 1080P: 5.2 % off. */
const RESOLUTION_TOLERANCE = 0.08;

const RATIOS = ["1:1", "5:4", "4:5", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "2:1", "1:2", "21:9", "9:21"] as const;
/** Sides are rounded to multiples of 8 or 16 by habit: 832x480 is meant as 16:9, 2.5 % off. */
const RATIO_TOLERANCE = 0.03;

const SIZE = /^([1-9]\d{1,4})\s*[x×*]\s*([1-9]\d{1,4})$/i;

export type VideoSize = { resolution: string; aspectRatio: string };

/**
 * Reads a size in pixels, `1280x720`, as the vendor's resolution and aspect ratio: the nearest of each.
 * @returns undefined for other text, and when the nearest is further away than rounding explains
 */
export function parseSize(text: string): VideoSize | undefined {
  const [, width, height] = SIZE.exec(text.trim()) ?? [];
  if (width === undefined || height === undefined) return undefined;
  const [across, down] = [Number(width), Number(height)];
  const shorter = Math.min(across, down);
  const resolution = nearest(RESOLUTIONS, ([side]) => side, shorter, RESOLUTION_TOLERANCE);
  const aspectRatio = nearest(RATIOS, valueOf, across / down, RATIO_TOLERANCE);
  return resolution && aspectRatio ? { resolution: resolution[1], aspectRatio } : undefined;
}

function valueOf(ratio: string): number {
  const [across = 1, down = 1] = ratio.split(":").map(Number);
  return across / down;
}

function nearest<T>(items: readonly T[], measure: (item: T) => number, wanted: number, tolerance: number) {
  let best: { item: T; distance: number } | undefined;
  for (const item of items) {
    const distance = Math.abs(measure(item) - wanted) / measure(item);
    if (distance <= tolerance && distance < (best?.distance ?? Infinity)) best = { item, distance };
  }
  return best?.item;
}
