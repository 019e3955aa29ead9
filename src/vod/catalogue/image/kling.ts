import { TEXT } from "../sources.ts";
import type { Family, Rules } from "../types.ts";

const RATIOS = ["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"] as const;

const SMALL = {
  resolutions: [{ by: TEXT, says: ["1K", "2K"] }],
  aspectRatios: [{ by: TEXT, says: RATIOS }],
} as const satisfies Rules;

const LARGE = {
  resolutions: [{ by: TEXT, says: ["1K", "2K", "4K"] }],
  aspectRatios: [{ by: TEXT, says: [...RATIOS, "auto"] }],
  images: [{ by: TEXT, says: { min: 0, max: 10 } }],
} as const satisfies Rules;

/** The vendor's own error says so; its text does not. */
const EXPANDS_IN_SCENE_ONLY = {
  combinations: [
    {
      when: { sceneType: "image_expand" },
      at: ["ModelVersion"],
      message: "does not expand images; the version for that is scene.",
      allowed: ["scene"],
      nearest: "scene",
      by: ["observed"],
    },
  ],
} as const satisfies Rules;

export const klingImage = {
  name: "Kling",
  media: "image",
  rules: {
    sceneTypes: [{ by: TEXT, says: ["image_expand"] }],
    outputCount: [{ by: TEXT, says: { min: 1, max: 9 } }],
  },
  versions: {
    "2.1": { ...SMALL, ...EXPANDS_IN_SCENE_ONLY, named: TEXT, images: [{ by: TEXT, says: { min: 0, max: 4 } }] },
    "3.0": { ...SMALL, ...EXPANDS_IN_SCENE_ONLY, named: TEXT, images: [{ by: TEXT, says: { min: 0, max: 1 } }] },
    "3.0-Omni": { ...LARGE, ...EXPANDS_IN_SCENE_ONLY, named: TEXT },
    O1: { ...LARGE, ...EXPANDS_IN_SCENE_ONLY, named: TEXT },
    scene: { named: TEXT },
  },
} as const satisfies Family;
