import type { Family, Rules } from "../types.ts";

/* Names that the vendor does not list, or no longer, and that clients use. Their limits are known from those clients. */

const clients = { named: ["clients"] } as const;

export const jimengVideo = {
  name: "Jimeng",
  media: "video",
  rules: {},
  versions: { "3.0pro": { named: ["sdkJune", "clients"] } },
} as const satisfies Family;

export const seedance = {
  name: "Seedance",
  media: "video",
  rules: {},
  versions: { "1.0-pro": clients, "1.0-lite-i2v": clients, "1.0-pro-fast": clients, "1.5-pro": clients },
} as const satisfies Family;

const VS_RULES = {
  durations: [{ by: ["clients"], says: { min: 4, max: 30 } }],
  images: [{ by: ["clients"], says: { min: 0, max: 30 } }],
  videos: [{ by: ["clients"], says: { min: 0, max: 10 } }],
  audios: [{ by: ["clients"], says: { min: 0, max: 10 } }],
} as const satisfies Rules;

export const vs = {
  name: "VS",
  media: "video",
  rules: VS_RULES,
  versions: { "2.0": clients, "2.0-fast": clients, "2.0-mini": clients, "2.5": clients },
} as const satisfies Family;

export const h2 = {
  name: "H2",
  media: "video",
  rules: {
    durations: [{ by: ["clients"], says: { min: 3, max: 15 } }],
    images: [{ by: ["clients"], says: { min: 0, max: 9 } }],
  },
  versions: { "1.0": clients, "1.1": clients },
} as const satisfies Family;

export const wan = {
  name: "Wan",
  media: "video",
  rules: {
    durations: [{ by: ["clients"], says: { min: 2, max: 30 } }],
    resolutions: [{ by: ["clients"], says: ["480P", "720P", "1080P", "2K", "4K"] }],
    images: [{ by: ["clients"], says: { min: 0, max: 10 } }],
    videos: [{ by: ["clients"], says: { min: 0, max: 5 } }],
    audios: [{ by: ["clients"], says: { min: 0, max: 5 } }],
  },
  versions: { "3.0": clients, "3.0-prime": clients },
} as const satisfies Family;
