import { TEXT } from "../sources.ts";
import type { Family, Rules } from "../types.ts";
import { DOCUMENTED_RESOLUTIONS, ONE_IMAGE } from "./common.ts";

const NO_SCENES = [{ by: TEXT, says: [] }] as const;

const clients = { named: ["clients"] } as const;
const observed = { named: ["guideCopy", "observedSeptember"] } as const;
const copied = { named: ["guideCopy"] } as const;

export const og = {
  name: "OG",
  media: "image",
  rules: {
    resolutions: [{ by: TEXT, says: ["1K", "2K", "4K"] }],
    aspectRatios: [{ by: TEXT, says: ["1:1", "3:2", "2:3", "3:4", "4:3", "16:9", "9:16", "21:9", "9:21"] }],
    images: [{ by: ["clients"], says: { min: 0, max: 16 } }],
    referenceTypes: [{ by: TEXT, says: ["mask"] }],
    sceneTypes: NO_SCENES,
    outputCount: [{ by: TEXT, says: { min: 1, max: 8 } }],
  },
  versions: {
    image2_low: { named: ["sdk223", "clients", ...TEXT] },
    image2_medium: { named: ["sdk223", "clients", ...TEXT] },
    image2_high: { named: ["sdk223", "clients", ...TEXT] },
    "image2.5_sunburst_low": observed,
    "image2.5_sunburst_medium": observed,
    "image2.5_sunburst_high": observed,
    "image2.5_sunburst_xhigh": copied,
    "image2.5_sunburst_max": copied,
    "image2.5_flare_low": observed,
    "image2.5_flare_medium": observed,
    "image2.5_flare_high": observed,
    "image2.5_flare_xhigh": copied,
    "image2.5_flare_max": copied,
  },
} as const satisfies Family;

/** Size and shape are told in ExtInfo. */
const SIZE_IN_EXT_INFO = {
  resolutions: [
    { by: ["imageDocument"], says: DOCUMENTED_RESOLUTIONS },
    { by: TEXT, says: [] },
  ],
} as const satisfies Rules;

export const hunyuanImage = {
  name: "Hunyuan",
  media: "image",
  rules: { sceneTypes: [{ by: TEXT, says: ["3d_panorama"] }], outputCount: ONE_IMAGE },
  versions: {
    "3.0": {
      ...SIZE_IN_EXT_INFO,
      named: ["imageDocument", ...TEXT],
      aspectRatios: [{ by: TEXT, says: [] }],
      images: [{ by: TEXT, says: { min: 0, max: 3 } }],
    },
    "3d_2.0": { named: ["intlNew"] },
    "3.5-preview": { named: ["intlNew"] },
  },
} as const satisfies Family;

export const viduImage = {
  name: "Vidu",
  media: "image",
  rules: { sceneTypes: NO_SCENES, outputCount: ONE_IMAGE },
  versions: {
    q2: {
      named: TEXT,
      resolutions: [{ by: TEXT, says: ["1080P", "2K", "4K"] }],
      aspectRatios: [{ by: TEXT, says: ["16:9", "9:16", "1:1", "3:4", "4:3", "21:9", "2:3", "3:2"] }],
      images: [{ by: TEXT, says: { min: 0, max: 7 } }],
    },
  },
} as const satisfies Family;

export const mingmouImage = {
  name: "Mingmou",
  media: "image",
  rules: { sceneTypes: NO_SCENES, outputCount: ONE_IMAGE },
  versions: { "1.0": { named: TEXT } },
} as const satisfies Family;

export const qwen = {
  name: "Qwen",
  media: "image",
  rules: { outputCount: ONE_IMAGE },
  versions: {
    "0925": {
      named: ["imageDocument", "intl1426", "clients"],
      resolutions: [
        { by: ["imageDocument"], says: DOCUMENTED_RESOLUTIONS },
        { by: ["intl1426"], says: [] },
      ],
      aspectRatios: [{ by: ["imageDocument", "intl1426"], says: [] }],
      images: [{ by: ["intl1426"], says: { min: 0, max: 1 } }],
    },
  },
} as const satisfies Family;

export const jimengImage = {
  name: "Jimeng",
  media: "image",
  rules: {},
  versions: {
    "4.0": {
      named: ["clients"],
      resolutions: [{ by: ["imageDocument"], says: DOCUMENTED_RESOLUTIONS }],
      // It takes the shape from the prompt and the reference images.
      aspectRatios: [{ by: ["imageDocument"], says: [] }],
    },
  },
} as const satisfies Family;

/** The shape is told in the prompt. */
const SI_RULES = {
  aspectRatios: [{ by: ["intl1426"], says: [] }],
  images: [{ by: ["intl1426"], says: { min: 0, max: 14 } }],
} as const satisfies Rules;

export const si = {
  name: "SI",
  media: "image",
  rules: {},
  versions: {
    "4.0": {
      ...SI_RULES,
      named: ["intl1426", "clients"],
      resolutions: [{ by: ["intl1426"], says: ["1K", "2K", "4K"] }],
    },
    "4.5": { ...SI_RULES, named: ["intl1426", "clients"], resolutions: [{ by: ["intl1426"], says: ["2K", "4K"] }] },
    "5.0-lite": {
      ...SI_RULES,
      named: ["intl1426", "clients"],
      resolutions: [{ by: ["intl1426"], says: ["2K", "3K"] }],
    },
    "5.0-pro": clients,
    "layer-5.0-pro": clients,
  },
} as const satisfies Family;

export const seedream = {
  name: "Seedream",
  media: "image",
  rules: {},
  versions: { "4.5": clients, "5.0-lite": clients },
} as const satisfies Family;

export const mj = {
  name: "MJ",
  media: "image",
  rules: {},
  versions: {
    v7: { named: ["intl1426", "clients"], images: [{ by: ["intl1426"], says: { min: 0, max: 3 } }] },
    "v8.1": clients,
    "v8.2": clients,
    niji_7: clients,
  },
} as const satisfies Family;
