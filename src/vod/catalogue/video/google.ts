import { TEXT, VIDEO_DOCUMENTS } from "../sources.ts";
import type { Combination, Family, Rules } from "../types.ts";

const TOO_MANY_IMAGES_FOR_LAST_FRAME = {
  when: { lastFrame: true, imagesAbove: 1 },
  at: "lastFrame",
  message: "takes no last frame together with more than one image.",
  by: [...VIDEO_DOCUMENTS, "guideCopy"],
} as const satisfies Combination;

const FRAMES_AND_REFERENCES = {
  durations: [{ by: ["guideCopy"], says: [8] }],
  audio: [{ by: ["guideCopy"], says: true }],
  lastFrame: [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: true }],
  references: [{ by: ["guideCopy"], says: true }],
  images: [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: { min: 0, max: 3 } }],
  combinations: [TOO_MANY_IMAGES_FOR_LAST_FRAME],
} as const satisfies Rules;

const HD = [{ by: ["guideCopy"], says: ["720P", "1080P"] }] as const;

export const gv = {
  name: "GV",
  media: "video",
  rules: {
    durations: [{ by: TEXT, says: [8] }],
    resolutions: [{ by: TEXT, says: ["720P", "1080P"] }],
    aspectRatios: [{ by: TEXT, says: ["16:9", "9:16"] }],
    audio: [{ by: TEXT, says: true }],
    referenceTypes: [{ by: TEXT, says: ["asset", "style"] }],
    sceneTypes: [{ by: TEXT, says: [] }],
  },
  versions: {
    "3.1": { ...FRAMES_AND_REFERENCES, named: ["npm287", "guideCopy", ...TEXT], resolutions: HD },
    "3.1-fast": { ...FRAMES_AND_REFERENCES, named: ["npm287", "guideCopy", ...TEXT], resolutions: HD },
    "3.1-lite": {
      ...FRAMES_AND_REFERENCES,
      named: ["guideCopy", "intlNew"],
      resolutions: [{ by: ["guideCopy"], says: ["720P"] }],
    },
    omni: {
      named: ["guideCopy", "intlNew"],
      durations: [{ by: ["guideCopy"], says: { min: 3, max: 10 } }],
      resolutions: [{ by: ["guideCopy"], says: ["720P", "1080P", "2K", "4K"] }],
      audio: [{ by: ["guideCopy"], says: true }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 7 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 5 } }],
      combinations: [
        {
          when: { filesAbove: 7 },
          at: ["FileInfos"],
          message: "takes at most 7 images and videos in all.",
          by: ["guideCopy"],
        },
      ],
    },
  },
} as const satisfies Family;
