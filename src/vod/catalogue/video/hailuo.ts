import { TEXT, VIDEO_DOCUMENTS } from "../sources.ts";
import type { Family, Rules } from "../types.ts";

const NAMED_FROM_THE_FIRST = [...VIDEO_DOCUMENTS, "npm287", ...TEXT] as const;

/** The text's row for the versions 02, 2.3 and 2.3-fast. */
const SECOND_GENERATION = {
  durations: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: [6, 10] }],
  resolutions: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: ["768P", "1080P"] }],
  aspectRatios: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: [] }],
  // The first document had audio on by default for every model; the present text names those that make it.
  audio: [
    { by: ["videoDocument"], says: true },
    { by: TEXT, says: false },
  ],
  lastFrame: [{ by: VIDEO_DOCUMENTS, says: false }],
  images: [{ by: VIDEO_DOCUMENTS, says: { min: 0, max: 3 } }],
} as const satisfies Rules;

const ALL_RESOLUTIONS = ["768P", "1080P", "2K", "4K"] as const;

export const hailuo = {
  name: "Hailuo",
  media: "video",
  rules: {
    sceneTypes: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: [] }],
  },
  versions: {
    "02": { ...SECOND_GENERATION, named: NAMED_FROM_THE_FIRST },
    "2.3": { ...SECOND_GENERATION, named: NAMED_FROM_THE_FIRST },
    "2.3-fast": {
      ...SECOND_GENERATION,
      named: [...NAMED_FROM_THE_FIRST, "guideCopy"],
      audio: [...SECOND_GENERATION.audio, { by: ["guideCopy"], says: false }],
      text: [{ by: ["observed", "guideCopy"], says: false }],
      references: [{ by: ["guideCopy"], says: false }],
      images: [...SECOND_GENERATION.images, { by: ["guideCopy"], says: { min: 0, max: 1 } }],
    },
    H3: {
      named: ["npm287", "guideCopy", ...TEXT],
      durations: [
        { by: TEXT, says: { min: 4, max: 15, whole: true } },
        { by: ["guideCopy"], says: { min: 4, max: 15 } },
      ],
      resolutions: [{ by: ["guideCopy", ...TEXT], says: ALL_RESOLUTIONS }],
      aspectRatios: [{ by: TEXT, says: ["21:9", "16:9", "4:3", "1:1", "3:4", "9:16"], modes: ["text", "reference"] }],
      audio: [{ by: ["guideCopy"], says: true }],
      lastFrame: [{ by: ["guideCopy"], says: true }],
      lastFrameAlone: [{ by: ["guideCopy"], says: true }],
      references: [{ by: ["guideCopy"], says: true }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 9 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 3 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 3 } }],
      promptCharacters: [{ by: ["guideCopy"], says: { min: 0, max: 7_000 } }],
      combinations: [
        {
          when: { filesAbove: 12 },
          at: ["FileInfos"],
          message: "takes at most 12 files in all.",
          by: ["guideCopy"],
        },
        {
          when: { audiosAbove: 0, imagesAndVideosBelow: 1 },
          at: ["FileInfos"],
          message: "takes audio only together with an image or a video.",
          by: ["guideCopy"],
        },
      ],
    },
    // The source is a video, or a task named in ExtInfo.
    H3_regen: {
      named: ["sdk299", "guideCopy", "intlNew"],
      resolutions: [{ by: ["guideCopy"], says: ["2K", "4K"] }],
      text: [{ by: ["guideCopy"], says: false }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      referenceTypes: [{ by: ["guideCopy"], says: ["base_video"] }],
    },
    "H3-Max": {
      named: ["guideCopy", "intlNew"],
      durations: [{ by: ["guideCopy"], says: { min: 5, max: 15 } }],
      resolutions: [{ by: ["guideCopy"], says: ALL_RESOLUTIONS }],
      audio: [{ by: ["guideCopy"], says: true }],
      lastFrame: [{ by: ["guideCopy"], says: true }],
      lastFrameAlone: [{ by: ["guideCopy"], says: true }],
      references: [{ by: ["guideCopy"], says: false }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
    },
  },
} as const satisfies Family;
