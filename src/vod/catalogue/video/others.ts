import { TEXT, VIDEO_DOCUMENTS } from "../sources.ts";
import type { Combination, Family, Rules } from "../types.ts";

const NO_SCENES = [{ by: TEXT, says: [] }] as const;

export const os = {
  name: "OS",
  media: "video",
  rules: {
    durations: [{ by: TEXT, says: [4, 8, 12] }],
    resolutions: [{ by: TEXT, says: ["720P"] }],
    aspectRatios: [{ by: TEXT, says: ["16:9", "9:16"], modes: ["text"] }],
    audio: [{ by: TEXT, says: true }],
    sceneTypes: NO_SCENES,
  },
  versions: {
    "2.0": {
      named: ["npm287", "guideCopy", ...TEXT],
      durations: [{ by: ["guideCopy"], says: [4, 8, 12] }],
      resolutions: [{ by: ["guideCopy"], says: ["720P"] }],
      lastFrame: [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: false }],
      references: [{ by: ["guideCopy"], says: false }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
    },
  },
} as const satisfies Family;

const PIXVERSE_REFERENCES = {
  resolutions: [{ by: ["guideCopy"], says: ["360P", "540P", "720P", "1080P"] }],
  lastFrame: [{ by: ["guideCopy"], says: false }],
  references: [{ by: ["guideCopy"], says: true }],
  images: [{ by: ["guideCopy"], says: { min: 0, max: 7 } }],
} as const satisfies Rules;

const SHORT_AT_1080P = {
  when: { resolutionIs: ["1080P"], secondsAbove: 8 },
  at: ["OutputConfig", "Duration"],
  message: "makes at most 8 seconds at 1080P.",
  allowed: { min: 1, max: 8 },
  nearest: 8,
  by: ["guideCopy"],
} as const satisfies Combination;

const NAMED_IN_AUGUST = ["npm287", "guideCopy", ...TEXT] as const;

export const pixverse = {
  name: "PixVerse",
  media: "video",
  rules: {
    durations: [{ by: TEXT, says: { min: 1, max: 15 } }],
    resolutions: [{ by: TEXT, says: ["540P", "720P", "1080P", "2K", "4K"] }],
    aspectRatios: [{ by: TEXT, says: ["16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"] }],
    referenceTypes: [{ by: TEXT, says: ["subject", "background"] }],
    sceneTypes: NO_SCENES,
  },
  versions: {
    "v5.6": {
      ...PIXVERSE_REFERENCES,
      named: NAMED_IN_AUGUST,
      durations: [{ by: ["guideCopy"], says: [5, 8, 10] }],
      audio: [{ by: ["guideCopy"], says: false }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      // The vendor took such a task, and it failed for this reason.
      combinations: [{ ...SHORT_AT_1080P, allowed: [5, 8], by: ["observed", "guideCopy"] }],
    },
    v6: {
      ...PIXVERSE_REFERENCES,
      named: NAMED_IN_AUGUST,
      durations: [{ by: ["guideCopy"], says: { min: 1, max: 15 } }],
      audio: [{ by: ["guideCopy"], says: true }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      combinations: [SHORT_AT_1080P],
    },
    c1: {
      ...PIXVERSE_REFERENCES,
      named: NAMED_IN_AUGUST,
      durations: [{ by: ["guideCopy"], says: { min: 1, max: 15 } }],
      audio: [{ by: ["guideCopy"], says: true }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      combinations: [SHORT_AT_1080P],
    },
    lip_sync: {
      named: ["guideCopy"],
      apart: true,
      images: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
    },
  },
} as const satisfies Family;

export const hunyuanVideo = {
  name: "Hunyuan",
  media: "video",
  rules: { sceneTypes: NO_SCENES },
  versions: {
    "1.5": { named: ["npm287", ...TEXT] },
    "3d_2.0": {
      named: ["guideCopy", "intlNew"],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      sceneTypes: [{ by: ["guideCopy"], says: ["3d_scene"] }],
    },
  },
} as const satisfies Family;

export const mingmouVideo = {
  name: "Mingmou",
  media: "video",
  rules: { sceneTypes: NO_SCENES },
  versions: { "1.0": { named: ["sdk157", "npm287", ...TEXT] } },
} as const satisfies Family;
