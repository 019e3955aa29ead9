import { TEXT } from "../sources.ts";
import type { Statement } from "../types.ts";

/** The image document's list, for all of its models; the vendor has since published one list for each model. */
export const DOCUMENTED_RESOLUTIONS = [
  "720P",
  "1080P",
  "2K",
  "4K",
  "1024x1024",
  "2048x2048",
  "2304x1728",
  "2496x1664",
  "2560x1440",
  "3024x1296",
  "4096x4096",
  "4694x3520",
  "4992x3328",
  "5404x3040",
  "6198x2656",
] as const;

/** Only Kling and OG make more than one image at a time. */
export const ONE_IMAGE = [
  { by: TEXT, says: { min: 1, max: 1 }, noEffect: true },
] as const satisfies readonly Statement[];
