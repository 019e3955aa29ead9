import { TEXT } from "../sources.ts";
import type { Family, Rules } from "../types.ts";
import { DOCUMENTED_RESOLUTIONS, ONE_IMAGE } from "./common.ts";

const RATIOS = ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"] as const;

const SECOND_GENERATION = {
  // The document speaks of them under their older name.
  resolutions: [
    { by: ["imageDocument"], says: DOCUMENTED_RESOLUTIONS },
    { by: TEXT, says: ["1K", "2K", "4K"] },
  ],
  aspectRatios: [{ by: ["imageDocument", ...TEXT], says: RATIOS }],
} as const satisfies Rules;

const V2_5 = { ...SECOND_GENERATION, images: [{ by: TEXT, says: { min: 0, max: 3 } }] } as const satisfies Rules;
const V3_0 = { ...SECOND_GENERATION, images: [{ by: TEXT, says: { min: 0, max: 14 } }] } as const satisfies Rules;
const V3_1 = {
  resolutions: [{ by: TEXT, says: ["720P", "1K", "2K", "4K"] }],
  aspectRatios: [{ by: TEXT, says: [...RATIOS, "1:4", "1:8", "4:1", "8:1"] }],
  images: [{ by: TEXT, says: { min: 0, max: 14 } }],
} as const satisfies Rules;

const RULES = { outputCount: ONE_IMAGE, sceneTypes: [{ by: TEXT, says: [] }] } as const satisfies Rules;

export const gg = {
  name: "GG",
  media: "image",
  rules: RULES,
  versions: {
    "2.5": { ...V2_5, named: ["sdk202", "intl1426", ...TEXT] },
    "3.0": { ...V3_0, named: ["sdk202", "intl1426", ...TEXT] },
    "3.1": { ...V3_1, named: TEXT },
    "3.1-lite": { named: TEXT },
  },
} as const satisfies Family;

/** The older name of GG, still sent and accepted. */
export const gem = {
  name: "GEM",
  media: "image",
  rules: RULES,
  versions: {
    "2.5": { ...V2_5, named: ["imageDocument", "clients"] },
    "3.0": { ...V3_0, named: ["imageDocument", "clients"] },
    "3.1": { ...V3_1, named: ["clients"] },
    "3.1-lite": { named: ["clients"] },
  },
} as const satisfies Family;
