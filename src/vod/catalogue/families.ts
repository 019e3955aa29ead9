import { gem, gg } from "./image/google.ts";
import { klingImage } from "./image/kling.ts";
import { hunyuanImage, jimengImage, mingmouImage, mj, og, qwen, seedream, si, viduImage } from "./image/others.ts";
import { TEXT } from "./sources.ts";
import type { Family, Media, Rules } from "./types.ts";
import { gv } from "./video/google.ts";
import { hailuo } from "./video/hailuo.ts";
import { kling } from "./video/kling.ts";
import { hunyuanVideo, mingmouVideo, os, pixverse } from "./video/others.ts";
import { h2, jimengVideo, seedance, vs, wan } from "./video/unlisted.ts";
import { vidu } from "./video/vidu.ts";

/** Every model, the listed ones first. */
export const FAMILIES: readonly Family[] = [
  kling,
  vidu,
  hailuo,
  gv,
  os,
  pixverse,
  hunyuanVideo,
  mingmouVideo,
  jimengVideo,
  seedance,
  vs,
  h2,
  wan,
  og,
  gg,
  hunyuanImage,
  viduImage,
  klingImage,
  mingmouImage,
  gem,
  qwen,
  jimengImage,
  si,
  seedream,
  mj,
];

/** What the vendor's text says of all models alike. */
export const COMMON_RULES: Readonly<Record<Media, Rules>> = {
  video: { lastFrameAlone: [{ by: TEXT, says: false }] },
  image: { outputFormats: [{ by: TEXT, says: ["jpeg", "png"] }] },
};
