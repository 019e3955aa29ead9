/* One request through every dialect that can express it: one vendor request, or the same refusal. */
import { beforeEach, describe, it } from "vitest";
import { type CatalogueModel, catalogueModels, modelId } from "../../src/vod/catalogue/index.ts";
import { renameMembers, toSnake } from "../../src/vod/names.ts";
import { SEED_REQUESTS, type SeedRequest, TENCENT_SEED } from "../fixtures/seeds/vendor-requests.ts";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import { call, startTencentGateway } from "./support/tencent-api.ts";

const [FIRST, SECOND] = ["https://example.com/first.png", "https://example.com/second.png"];
const SIZE = "1280x720";
const SIZE_AT_VENDOR = { Resolution: "720P", AspectRatio: "16:9" };
const PROMPT = "a car in the rain";

let gateway: Gateway;

const start = async (bindings?: Json) => {
  await emulator.reset();
  // The AIGC documents have a default of their own; aigc-defaults.test.ts is about that.
  gateway = await startTencentGateway({ VOD_DEFAULTS: "vendor", ...bindings });
};

beforeEach(() => start());

/** Not everybody is shown the application that all share. */
const withoutApp = ({ SubAppId: _app, ...request }: Json) => request;

/** What a dialect makes of a request, as far as all of them tell it. */
type Outcome = { request: Json; doubts: string[] } | { refused: string[] };

type Problems = { msg: string }[];

const messages = (problems: Problems) => problems.map(({ msg }) => msg);

async function dryRun(path: string, body: Json): Promise<Outcome> {
  const response = await gateway.post(`${path}?dry_run=1`, body);
  const answer = await response.json<{
    request: Json;
    warnings: Problems;
    detail?: Problems;
    error?: { problems: Problems };
  }>();
  if (response.ok) return { request: withoutApp(answer.request), doubts: messages(answer.warnings) };
  return { refused: messages(answer.detail ?? answer.error?.problems ?? []) };
}

/** The vendor's API shows the first of what is wrong. */
async function dryRunTencent(action: string, body: Json): Promise<Outcome> {
  const answer = await call(gateway, action, body, { query: "dry_run=1" });
  if (answer.Error) return { refused: [answer.Error.Message] };
  return { request: withoutApp(answer["request"] as Json), doubts: messages(answer["warnings"] as Problems) };
}

const aigcPath = (action: string) => `/tencent-vod/v1/aigc-${action === "CreateAigcVideoTask" ? "video" : "image"}`;
const dryRunAigc = (action: string, request: Json) => dryRun(aigcPath(action), renameMembers(request, toSnake) as Json);

describe("a seed's example", () => {
  it.for([...SEED_REQUESTS, TENCENT_SEED])("$name", async (seed: SeedRequest, { expect }) => {
    const { action, request } = seed;
    const own = seed === TENCENT_SEED ? dryRunTencent(action, seed.body) : dryRun(seed.path, seed.body);
    for (const outcome of [
      await own,
      await dryRunAigc(action, withoutApp(request)),
      await dryRunTencent(action, request),
    ])
      expect(outcome).toMatchObject({ request: withoutApp(request) });
  });
});

/** One wish in the words of each dialect that has words for it. */
type Wish = { vendor: Json; generation: Json; openAi?: Json };

const frame = (usage: string, url = FIRST) => ({ Type: "Url", Url: url, Category: "Image", Usage: usage });

const WISHES: Record<string, (seconds: number) => Wish> = {
  "words alone": () => ({ vendor: {}, generation: {}, openAi: {} }),
  "a length and a size": (seconds) => ({
    vendor: { OutputConfig: { Duration: seconds, ...SIZE_AT_VENDOR } },
    generation: { duration: seconds, size: SIZE },
    openAi: { seconds: String(seconds), size: SIZE },
  }),
  "a first frame": (seconds) => ({
    vendor: { FileInfos: [frame("FirstFrame")], OutputConfig: { Duration: seconds } },
    generation: { image: FIRST, duration: String(seconds) },
    openAi: { input_reference: FIRST, seconds },
  }),
  "two frames": () => ({
    vendor: { FileInfos: [frame("FirstFrame")], LastFrameUrl: SECOND },
    generation: { images: [FIRST, SECOND] },
  }),
  references: () => ({
    vendor: { FileInfos: [frame("Reference"), frame("Reference", SECOND)] },
    generation: { reference_image_urls: [FIRST, SECOND] },
  }),
  "sound, music, a seed, cheap hours": () => ({
    vendor: {
      NegativePrompt: "blur",
      Seed: 7,
      OutputConfig: { AudioGeneration: "Enabled", EnableBGM: "Disabled", OffPeak: "Enabled" },
    },
    generation: { negative_prompt: "blur", extra_body: { audio: true, seed: 7, bgm: false, off_peak: true } },
  }),
};

/** A length that the catalogue has for the model, so that most wishes can be had. */
function secondsOf({ constraints }: CatalogueModel): number {
  const allowed = constraints.durations?.allowed;
  if (Array.isArray(allowed)) return Number(allowed[0]);
  return typeof allowed === "object" && "min" in allowed ? allowed.min : 5;
}

const videoModels = catalogueModels().filter(({ media }) => media === "video");
const imageModels = catalogueModels().filter(({ media }) => media === "image");

describe.for(
  ["open", "strict"].flatMap((policy) => Object.keys(WISHES).map((wishName) => [wishName, policy] as const)),
)("%s under MODEL_POLICY=%s", ([wishName, policy]) => {
  let sent = 0;

  beforeEach(() => start({ MODEL_POLICY: policy }));

  it.for(videoModels.map((model) => [`${model.name} ${model.version}`, model] as const))(
    "of %s",
    async ([, model], { expect }) => {
      const wish = WISHES[wishName]?.(secondsOf(model));
      if (!wish) throw new Error("There is no such wish.");
      const names = { ModelName: model.name, ModelVersion: model.version };
      const { OutputConfig: output, ...members } = wish.vendor;
      const request = {
        ...names,
        Prompt: PROMPT,
        ...members,
        OutputConfig: { StorageMode: "Temporary", ...(output as Json) },
      };
      const named = { model: modelId(names), prompt: PROMPT };

      const aigc = await dryRunAigc("CreateAigcVideoTask", request);
      const tencent = await dryRunTencent("CreateAigcVideoTask", request);
      expect(await dryRun("/v1/video/generations", { ...named, ...wish.generation })).toEqual(aigc);
      if (wish.openAi) expect(await dryRun("/v1/videos", { ...named, ...wish.openAi })).toEqual(aigc);
      if ("refused" in aigc) {
        expect(policy).toBe("strict");
        expect(aigc.refused.length).toBeGreaterThan(0);
        expect(tencent).toHaveProperty("refused");
      } else {
        expect(aigc.request).toEqual(request);
        expect(tencent).toEqual(aigc);
        sent += 1;
      }
    },
  );

  it("is to be had from many of them, or all", ({ expect }) => {
    expect(sent).toBeGreaterThan(policy === "open" ? videoModels.length - 1 : 0);
  });
});

describe("an image", () => {
  it.for(imageModels.map((model) => [`${model.name} ${model.version}`, model] as const))(
    "of %s",
    async ([, { name, version }], { expect }) => {
      const request = {
        ModelName: name,
        ModelVersion: version,
        Prompt: PROMPT,
        OutputConfig: { StorageMode: "Temporary" },
      };
      const aigc = await dryRunAigc("CreateAigcImageTask", request);
      const tencent = await dryRunTencent("CreateAigcImageTask", request);
      if ("refused" in aigc) return expect(tencent).toHaveProperty("refused");
      expect(aigc.request).toEqual(request);
      expect(tencent).toEqual(aigc);
    },
  );
});

it("the catalogue has models of both kinds", ({ expect }) => {
  expect(videoModels.length).toBeGreaterThan(20);
  expect(imageModels.length).toBeGreaterThan(10);
});
