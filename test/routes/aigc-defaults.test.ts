/* Seeds 000 and 001: sound is on for GV and OS unless it is switched off. The vendor's own default is the other way. */
import { beforeEach, describe, it } from "vitest";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import { call, startTencentGateway } from "./support/tencent-api.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const GV = { model_name: "GV", model_version: "3.1", prompt: "a car" };
const OS = { ...GV, model_name: "OS", model_version: "2.0" };

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

const soundOf = (request: Json | undefined) =>
  (request?.["OutputConfig"] as { AudioGeneration?: string } | undefined)?.AudioGeneration;

/** As a dry run shows it, and as the vendor gets it. */
async function sound(body: Json, path = VIDEO): Promise<(string | undefined)[]> {
  const dry = await gateway.post(`${path}?dry_run=1`, body);
  const { request } = await dry.json<{ request: Json }>();
  const sent = await gateway.post(path, body);
  if (sent.status !== 200) throw new Error(await sent.text());
  return [soundOf(request), soundOf((await emulator.tasks()).at(-1)?.request)];
}

describe("sound", () => {
  it.for<[string, Json, string | undefined]>([
    ["is on for GV", GV, "Enabled"],
    ["is on for OS", OS, "Enabled"],
    ["is on for GV beside other settings", { ...GV, output_config: { duration: 8 } }, "Enabled"],
    ["is on when the setting is empty", { ...GV, output_config: { audio_generation: "" } }, "Enabled"],
    ["is off when it was switched off", { ...OS, output_config: { audio_generation: "Disabled" } }, "Disabled"],
    ["is what the vendor makes it for another model", { ...GV, model_name: "Vidu", model_version: "q3" }, undefined],
  ])("%s", async ([, body, expected], { expect }) => {
    expect(await sound(body)).toEqual([expected, expected]);
  });

  it("is none of an image's", async ({ expect }) => {
    expect(await sound(GV, "/tencent-vod/v1/aigc-image")).toEqual([undefined, undefined]);
  });

  it("is the vendor's to decide with VOD_DEFAULTS=vendor", async ({ expect }) => {
    gateway = await startTencentGateway({ VOD_DEFAULTS: "vendor" });
    expect(await sound(GV)).toEqual([undefined, undefined]);
  });

  it("is the vendor's to decide in the other dialects, which promise nothing", async ({ expect }) => {
    expect(await sound({ model: "gv-3.1", prompt: "a car" }, "/v1/video/generations")).toEqual([undefined, undefined]);
    expect(await sound({ model: "sora-2", prompt: "a car" }, "/v1/videos")).toEqual([undefined, undefined]);
    const request = { ModelName: "OS", ModelVersion: "2.0", Prompt: "a car" };
    await call(gateway, "CreateAigcVideoTask", request);
    expect(soundOf((await emulator.tasks()).at(-1)?.request)).toBeUndefined();
  });
});
