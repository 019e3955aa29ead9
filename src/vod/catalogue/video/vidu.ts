import { TEXT, VIDEO_DOCUMENTS } from "../sources.ts";
import type { Family, Rules } from "../types.ts";

const WIDE_TALL_SQUARE = ["16:9", "9:16", "1:1"] as const;
const NOT_FROM_IMAGE = ["text", "reference"] as const;

const UP_TO_TEN_SECONDS = {
  durations: [{ by: ["guideCopy"], says: { min: 1, max: 10 } }],
  resolutions: [{ by: ["guideCopy"], says: ["720P", "1080P"] }],
  audio: [{ by: ["guideCopy"], says: true }],
} as const satisfies Rules;

const THIRD_GENERATION_RESOLUTIONS = { by: ["guide", "guideCopy"], says: ["720P", "1080P", "2K", "4K"] } as const;
/** The video generations document sells three of the models with these. */
const GENERATIONS_RESOLUTIONS = { by: ["generationsDocument"], says: ["540P", "720P", "1080P"] } as const;
const GENERATIONS_DURATIONS = { by: ["generationsDocument"], says: { min: 1, max: 16 } } as const;
const SOUND = [{ by: ["guide", "guideCopy"], says: true }] as const;

const NO_LAST_FRAME = [{ by: ["guideCopy"], says: false }] as const;
const SEVEN_IMAGES = [{ by: ["guideCopy"], says: { min: 0, max: 7 } }] as const;
const REFERENCES = [{ by: ["guide", "guideCopy"], says: true }] as const;
const COPIED_REFERENCES = [{ by: ["guideCopy"], says: true }] as const;
const NAMED_IN_AUGUST = ["guide", "npm287", "guideCopy", ...TEXT] as const;
const NAMED_LATELY = ["guideCopy", "intlNew"] as const;
const NAMED_FROM_THE_FIRST = [...VIDEO_DOCUMENTS, ...NAMED_IN_AUGUST] as const;

export const vidu = {
  name: "Vidu",
  media: "video",
  rules: {
    durations: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: { min: 1, max: 10 } }],
    resolutions: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: ["720P", "1080P"] }],
    aspectRatios: [{ by: [...VIDEO_DOCUMENTS, ...TEXT], says: WIDE_TALL_SQUARE, modes: NOT_FROM_IMAGE }],
    audio: [{ by: TEXT, says: true }],
    sceneTypes: [{ by: TEXT, says: ["template_effect"] }],
    subjectNeeds: [{ by: TEXT, says: ["Name"] }],
    subjectMembers: [{ by: TEXT, says: ["Id", "Name", "VoiceId", "ImageUrls"] }],
    subjectImages: [{ by: TEXT, says: { min: 0, max: 3 } }],
    promptCharacters: [{ by: ["guide"], says: { min: 0, max: 5_000 } }],
  },
  versions: {
    q2: {
      ...UP_TO_TEN_SECONDS,
      named: NAMED_FROM_THE_FIRST,
      aspectRatios: [
        {
          by: [...VIDEO_DOCUMENTS, "guideCopy", ...TEXT],
          says: ["16:9", "9:16", "4:3", "3:4", "1:1"],
          modes: NOT_FROM_IMAGE,
        },
      ],
      lastFrame: [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: false }],
      references: COPIED_REFERENCES,
      images: [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: { min: 0, max: 7 } }],
    },
    "q2-pro": {
      ...UP_TO_TEN_SECONDS,
      named: NAMED_FROM_THE_FIRST,
      lastFrame: [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: true }],
      references: COPIED_REFERENCES,
      images: SEVEN_IMAGES,
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      subjectMembers: [{ by: TEXT, says: ["Id", "Name", "VoiceId", "ImageUrls", "VideoUrls"] }],
      subjectVideos: [{ by: TEXT, says: { min: 0, max: 1 } }],
    },
    "q2-turbo": {
      ...UP_TO_TEN_SECONDS,
      named: NAMED_FROM_THE_FIRST,
      lastFrame: [{ by: [...VIDEO_DOCUMENTS, "guideCopy"], says: true }],
      references: [{ by: ["guideCopy"], says: false }],
      images: [
        { by: VIDEO_DOCUMENTS, says: { min: 0, max: 3 } },
        { by: ["guideCopy"], says: { min: 0, max: 1 } },
      ],
    },
    q3: {
      named: NAMED_IN_AUGUST,
      resolutions: [THIRD_GENERATION_RESOLUTIONS],
      audio: SOUND,
      lastFrame: [{ by: ["guide", "guideCopy"], says: false }],
      references: REFERENCES,
      images: SEVEN_IMAGES,
    },
    "q3-pro": {
      named: ["videoDocument2", "generationsDocument", ...NAMED_IN_AUGUST],
      durations: [
        GENERATIONS_DURATIONS,
        { by: ["guide"], says: { min: 1, max: 16 } },
        { by: ["guideCopy"], says: { min: 1, max: 10 } },
      ],
      resolutions: [GENERATIONS_RESOLUTIONS, THIRD_GENERATION_RESOLUTIONS],
      audio: SOUND,
      lastFrame: [{ by: ["generationsDocument", "guide", "guideCopy"], says: true }],
      references: [{ by: ["guide", "guideCopy"], says: false }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
    },
    "q3-turbo": {
      named: ["videoDocument2", "generationsDocument", ...NAMED_IN_AUGUST],
      durations: [GENERATIONS_DURATIONS],
      resolutions: [GENERATIONS_RESOLUTIONS, THIRD_GENERATION_RESOLUTIONS],
      audio: SOUND,
      lastFrame: [{ by: ["generationsDocument", "guide", "guideCopy"], says: true }],
      references: REFERENCES,
      images: SEVEN_IMAGES,
    },
    "q3-mix": {
      named: ["generationsDocument", "guide", ...NAMED_LATELY],
      durations: [GENERATIONS_DURATIONS, { by: ["guide"], says: { min: 1, max: 16 } }],
      resolutions: [GENERATIONS_RESOLUTIONS, THIRD_GENERATION_RESOLUTIONS],
      audio: SOUND,
      text: [{ by: ["generationsDocument", "guide", "guideCopy"], says: false }],
      firstFrame: [{ by: ["guide", "guideCopy"], says: false }],
      lastFrame: [{ by: ["guide", "guideCopy"], says: false }],
      references: [{ by: ["generationsDocument", "guide", "guideCopy"], says: true }],
      images: SEVEN_IMAGES,
      // It does not know the subject library.
      subjectMembers: [{ by: ["guide", "guideCopy"], says: ["Name", "VoiceId", "ImageUrls"] }],
    },
    "q3-drama": {
      named: NAMED_LATELY,
      durations: [{ by: ["guideCopy"], says: { min: 8, max: 12 } }],
      resolutions: [{ by: ["guideCopy"], says: ["1080P", "2K", "4K"] }],
      aspectRatios: [{ by: ["guideCopy"], says: ["9:16", "16:9"] }],
      audio: [{ by: ["guideCopy"], says: true }],
      lastFrame: NO_LAST_FRAME,
      references: COPIED_REFERENCES,
      images: [{ by: ["guideCopy"], says: { min: 0, max: 14 } }],
    },
    "q3-ad": {
      named: NAMED_LATELY,
      durations: [{ by: ["guideCopy"], says: { min: 3, max: 16 } }],
      resolutions: [{ by: ["guideCopy"], says: ["720P", "1080P", "2K", "4K"] }],
      aspectRatios: [{ by: ["guideCopy"], says: ["1:1", "9:16", "16:9", "3:4", "4:3"] }],
      audio: [{ by: ["guideCopy"], says: true }],
      lastFrame: NO_LAST_FRAME,
      references: COPIED_REFERENCES,
      images: SEVEN_IMAGES,
    },
    scene: { named: ["intlNew"], apart: true, sceneTypes: [{ by: TEXT, says: ["template_effect"] }] },
    "avatar-q2-pro": {
      named: NAMED_LATELY,
      apart: true,
      text: [{ by: ["guideCopy"], says: false }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
    },
    "avatar-q2-turbo": {
      named: NAMED_LATELY,
      apart: true,
      text: [{ by: ["guideCopy"], says: false }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 0 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
    },
    "lip-sync": {
      named: NAMED_LATELY,
      apart: true,
      text: [{ by: ["guideCopy"], says: false }],
      images: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      videos: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
      audios: [{ by: ["guideCopy"], says: { min: 0, max: 1 } }],
    },
  },
} as const satisfies Family;
