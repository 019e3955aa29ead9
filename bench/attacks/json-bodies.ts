import { type Attack, DRY_RUN, post } from "./attack.ts";

export type Body = Record<string, unknown>;

/** Of a model nobody has told us about nothing is known to be impossible. */
export const NEXT = { model_name: "Next", model_version: "1", prompt: "a car" };

export const VIDEO = "/tencent-vod/v1/aigc-video";
export const GENERATIONS = "/v1/video/generations";

/** Routes that read JSON, and what each takes. */
export const BODIES: Record<string, Body> = {
  [VIDEO]: { ...NEXT, model_name: "Kling", model_version: "1.6" },
  "/tencent-vod/v1/aigc-image": { ...NEXT, model_name: "GG", model_version: "3.0" },
  [GENERATIONS]: { model: "viduq3p-720p", prompt: "a car" },
  "/v1/videos": { prompt: "a car" },
};

/** Attacks on each of them. `open`: the body's JSON without its end. */
export const each = (attacks: (path: string, body: Body, open: string) => Attack[]): Attack[] =>
  Object.entries(BODIES).flatMap(([path, body]) => attacks(path, body, openOf(body)));

export const openOf = (body: Body) => JSON.stringify(body).slice(0, -1);

export const shaped = (path: string, name: string, body: () => Uint8Array): Attack => ({
  name: `${path}: ${name}`,
  request: () => post(path + DRY_RUN, body()),
});
