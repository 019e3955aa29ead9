import * as z from "zod";
import type { VendorRequest } from "../vod/requests.ts";

/** Far above what any model takes, far below what a row and a page of a list can hold. */
const PROMPT_MAX_CHARACTERS = 8_000;

const outline = z.object({
  prompt: z.string().optional(),
  durationSeconds: z.number().optional(),
  resolution: z.string().optional(),
  aspectRatio: z.string().optional(),
});

/** What readers are shown of a task's request without its files. A prompt of extreme length is left out. */
export type Outline = z.infer<typeof outline>;

/** The outline as it is stored. */
export function outlineOf(request: VendorRequest): string {
  return JSON.stringify(outlineOfRequest(request));
}

export function outlineOfRequest({ Prompt, OutputConfig }: VendorRequest): Outline {
  return {
    ...(Prompt !== undefined && Prompt.length <= PROMPT_MAX_CHARACTERS && { prompt: Prompt }),
    ...(OutputConfig?.Duration !== undefined && { durationSeconds: OutputConfig.Duration }),
    ...(OutputConfig?.Resolution && { resolution: OutputConfig.Resolution }),
    ...(OutputConfig?.AspectRatio && { aspectRatio: OutputConfig.AspectRatio }),
  };
}

/** Empty for a task from before there were outlines, and for one whose content was removed. */
export function readOutline(stored: string | null): Outline {
  return stored === null ? {} : outline.parse(JSON.parse(stored));
}
