import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./paths.ts";

const AIGC_VIDEO = "/tencent-vod/v1/aigc-video";
const AIGC_IMAGE = "/tencent-vod/v1/aigc-image";
const VIDEO_GENERATIONS = "/v1/video/generations";

export type SeedExample = { name: string; path: string; body: Record<string, unknown> };

function example(name: string, path: string): SeedExample {
  const text = readFileSync(join(ROOT, "test/fixtures/seeds", `${name}.json`), "utf8");
  return { name, path, body: JSON.parse(text) as Record<string, unknown> };
}

/** The example requests of the API documents this project was made from, word for word. */
export const SEED_EXAMPLES = {
  aigcVideo: example("aigc-video", AIGC_VIDEO),
  aigcImage: example("aigc-image", AIGC_IMAGE),
  viduText: example("vidu-text", VIDEO_GENERATIONS),
  viduImage: example("vidu-image", VIDEO_GENERATIONS),
  viduFirstLast: example("vidu-first-last", VIDEO_GENERATIONS),
  viduReference: example("vidu-reference", VIDEO_GENERATIONS),
};
