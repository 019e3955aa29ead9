import { describe, it } from "vitest";
import { parseSize } from "../../src/routes/video-size.ts";

describe("a size in pixels", () => {
  it.for([
    ["1280x720", "720P", "16:9"],
    ["720x1280", "720P", "9:16"],
    ["1792x1024", "1080P", "16:9"],
    ["1024x1792", "1080P", "9:16"],
    ["1920x1080", "1080P", "16:9"],
    ["1920X1088", "1080P", "16:9"],
    ["1080x1080", "1080P", "1:1"],
    ["640x360", "360P", "16:9"],
    ["832x480", "480P", "16:9"],
    ["960*540", "540P", "16:9"],
    ["1366x768", "768P", "16:9"],
    ["768x768", "768P", "1:1"],
    ["960x720", "720P", "4:3"],
    ["720 × 1080", "720P", "2:3"],
    ["2560x1440", "2K", "16:9"],
    ["3840x2160", "4K", "16:9"],
    ["2520x1080", "1080P", "21:9"],
    [" 1280x720 ", "720P", "16:9"],
  ] as const)("%s is %s in %s", ([text, resolution, aspectRatio], { expect }) => {
    expect(parseSize(text)).toEqual({ resolution, aspectRatio });
  });

  it.for([
    ["", "nothing"],
    ["720p", "another way to say it"],
    ["16:9", "a ratio alone"],
    ["1280", "one side"],
    ["1280x", "half a size"],
    ["0x720", "a side of no length"],
    ["1280x720x1", "a third side"],
    ["-1280x720", "a negative side"],
    ["1280.5x720", "a fraction"],
    ["1e3x720", "another way to write numbers"],
    ["320x180", "less than the smallest resolution"],
    ["1600x900", "between two resolutions"],
    ["8192x4320", "more than the largest resolution"],
    ["1280x950", "between two ratios"],
    ["2880x720", "wider than any ratio"],
    ["９２０x７２０", "digits that are none"],
  ] as const)("%s is none: %s", ([text], { expect }) => {
    expect(parseSize(text)).toBeUndefined();
  });
});
