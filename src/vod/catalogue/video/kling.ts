import { TEXT, VIDEO_DOCUMENTS } from "../sources.ts";
import type { Family, Rules } from "../types.ts";

/** The oldest five, as the guide's copy has them. */
const UP_TO_TEN_SECONDS = {
  durations: [{ by: ["guideCopy"], says: [5, 10] }],
  resolutions: [{ by: ["guideCopy"], says: ["720P", "1080P"] }],
} as const satisfies Rules;

/** 4K is possible once the vendor has enabled it for the account. */
const THIRD_GENERATION = {
  durations: [{ by: ["guideCopy"], says: { min: 3, max: 15 } }],
  resolutions: [{ by: ["guide", "guideCopy"], says: ["720P", "1080P", "2K", "4K"] }],
  audio: [{ by: ["guideCopy"], says: true }],
} as const satisfies Rules;

const NO_LAST_FRAME = [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: false }] as const;
const NO_REFERENCES = [{ by: ["guideCopy"], says: false }] as const;
const ONE_IMAGE = [{ by: ["guideCopy"], says: { min: 0, max: 1 } }] as const;

const OLD = [...VIDEO_DOCUMENTS, "guideCopy"] as const;
const OLD_AND_TEXT = [...OLD, ...TEXT] as const;

export const kling = {
  name: "Kling",
  media: "video",
  rules: {
    durations: [
      { by: VIDEO_DOCUMENTS, says: [5, 10] },
      { by: TEXT, says: { min: 3, max: 15 } },
    ],
    resolutions: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: ["720P", "1080P"] }],
    aspectRatios: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: ["16:9", "9:16", "1:1"], modes: ["text"] }],
    audio: [{ by: TEXT, says: true }],
    images: [{ by: VIDEO_DOCUMENTS, says: { min: 0, max: 3 } }],
    sceneTypes: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: ["motion_control", "avatar_i2v", "lip_sync"] }],
    subjectNeeds: [{ by: TEXT, says: ["Id"] }],
    subjectMembers: [{ by: TEXT, says: ["Id", "Name"] }],
  },
  versions: {
    "1.6": {
      ...UP_TO_TEN_SECONDS,
      named: OLD_AND_TEXT,
      // The document's own example asks for 8 seconds.
      durations: [{ by: ["videoDocument"], says: [8] }, ...UP_TO_TEN_SECONDS.durations],
      lastFrame: NO_LAST_FRAME,
      references: NO_REFERENCES,
      images: ONE_IMAGE,
    },
    "2.0": {
      ...UP_TO_TEN_SECONDS,
      named: OLD_AND_TEXT,
      lastFrame: NO_LAST_FRAME,
      references: NO_REFERENCES,
      images: ONE_IMAGE,
    },
    "2.1": {
      ...UP_TO_TEN_SECONDS,
      named: OLD_AND_TEXT,
      lastFrame: [{ by: OLD, says: true }],
      references: NO_REFERENCES,
      images: ONE_IMAGE,
      combinations: [
        {
          when: { lastFrame: true, resolutionIsNot: "1080P" },
          at: ["OutputConfig", "Resolution"],
          message: "takes a last frame only with a Resolution of 1080P.",
          allowed: ["1080P"],
          nearest: "1080P",
          by: OLD,
        },
      ],
    },
    "2.5": {
      ...UP_TO_TEN_SECONDS,
      named: OLD_AND_TEXT,
      lastFrame: NO_LAST_FRAME,
      references: NO_REFERENCES,
      images: [{ by: ["guideCopy"], says: { min: 0, max: 3 } }],
    },
    "2.6": {
      ...UP_TO_TEN_SECONDS,
      named: ["guide", "npm287", "guideCopy", ...TEXT],
      lastFrame: [{ by: ["guide", "guideCopy"], says: true }],
      references: [{ by: ["guide", "guideCopy"], says: true }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 4 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      combinations: [
        {
          when: { lastFrame: true, audio: true },
          at: ["OutputConfig", "AudioGeneration"],
          message: "makes silent videos only when it is given a last frame.",
          allowed: ["Disabled"],
          nearest: "Disabled",
          by: ["guide", "guideCopy"],
        },
        {
          when: { audio: true, resolutionIs: ["720P"] },
          at: ["OutputConfig", "Resolution"],
          message: "makes sound at 1080P only, not at 720P.",
          allowed: ["1080P"],
          nearest: "1080P",
          by: ["guide", "guideCopy"],
        },
      ],
    },
    O1: {
      named: OLD_AND_TEXT,
      durations: [{ by: ["guideCopy"], says: { min: 3, max: 10 } }],
      resolutions: UP_TO_TEN_SECONDS.resolutions,
      lastFrame: NO_LAST_FRAME,
      references: [{ by: ["guideCopy"], says: true }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 4 } }],
    },
    "3.0": {
      ...THIRD_GENERATION,
      named: ["videoDocument2", "guide", "npm287", "guideCopy", ...TEXT],
      lastFrame: [{ by: ["guideCopy"], says: true }],
      references: NO_REFERENCES,
      images: ONE_IMAGE,
    },
    "3.0-Omni": {
      ...THIRD_GENERATION,
      named: ["videoDocument2", "guide", "npm287", "guideCopy", ...TEXT],
      lastFrame: [{ by: ["guideCopy"], says: true }],
      references: [{ by: ["guide", "guideCopy"], says: true }],
      images: [
        { by: ["guide"], says: { min: 0, max: 7 } },
        { by: ["guideCopy"], says: { min: 0, max: 8 } },
      ],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      combinations: [
        {
          when: { lastFrame: true, imagesAbove: 2 },
          at: "lastFrame",
          message: "takes no last frame together with more than 2 reference images.",
          by: ["guide"],
        },
        {
          when: { videosAbove: 0, imagesAndSubjectsAbove: 4 },
          at: ["FileInfos"],
          message: "takes at most 4 images and subjects together with a reference video.",
          by: ["guide"],
          against: ["guideCopy"],
        },
      ],
    },
    "3.0-turbo": {
      ...THIRD_GENERATION,
      named: ["guideCopy", "intlNew"],
      lastFrame: [{ by: ["guideCopy"], says: false }],
      references: NO_REFERENCES,
      images: ONE_IMAGE,
    },
    scene: { named: ["intlNew"] },
  },
} as const satisfies Family;
