/* What rests on a text about a model is sent with a warning, in every dialect; MODEL_POLICY=strict refuses it. */
import { beforeEach, describe, it } from "vitest";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import { call, signedRequest, startTencentGateway } from "./support/tencent-api.ts";

const PROMPT = "a car in the rain";
const [A, B] = ["https://example.com/a.png", "https://example.com/b.png"];
const HEADER = "x-reelgate-warnings";

let gateway: Gateway;

const start = async (bindings: Json = {}) => {
  await emulator.reset();
  gateway = await startTencentGateway(bindings);
};

beforeEach(() => start());

type Told = { loc: (string | number)[]; type: string; msg: string };

const told = (headers: Headers) => JSON.parse(headers.get(HEADER) ?? "[]") as Told[];
const places = (problems: Told[]) => problems.map(({ loc, type }) => `${type} ${loc.slice(1).join(".")}`);

/** One request in each dialect that has words for it, and where each says its doubt. */
type Case = { name: string; calls: [dialect: string, path: string, body: Json, place: string][] };

const VIDEO = "/tencent-vod/v1/aigc-video";
const IMAGE = "/tencent-vod/v1/aigc-image";
const GENERATIONS = "/v1/video/generations";
const RATIO = "output_config.aspect_ratio";

const named = (name: string, version: string, aspect_ratio: string) => ({
  model_name: name,
  model_version: version,
  prompt: PROMPT,
  output_config: { aspect_ratio },
});
const atVendor = (ModelName: string, ModelVersion: string, AspectRatio: string) => ({
  ModelName,
  ModelVersion,
  Prompt: PROMPT,
  OutputConfig: { AspectRatio },
});

const hailuo = (version: string): Case => ({
  name: `Hailuo ${version} with a ratio`,
  calls: [
    ["aigc", VIDEO, named("Hailuo", version, "16:9"), RATIO],
    ["generations", GENERATIONS, { model: `hailuo-${version}`, prompt: PROMPT, aspect_ratio: "16:9" }, "aspect_ratio"],
    ["openai", "/v1/videos", { model: `hailuo-${version}`, prompt: PROMPT, size: "1920x1080" }, "size"],
    ["CreateAigcVideoTask", "/", atVendor("Hailuo", version, "16:9"), "OutputConfig.AspectRatio"],
  ],
});

const vidu = (model: string, version: string, ratio: string): Case => ({
  name: `${model} from text at ${ratio}`,
  calls: [
    ["generations", GENERATIONS, { model, prompt: PROMPT, aspect_ratio: ratio }, "aspect_ratio"],
    ["aigc", VIDEO, named("Vidu", version, ratio), RATIO],
    ["CreateAigcVideoTask", "/", atVendor("Vidu", version, ratio), "OutputConfig.AspectRatio"],
  ],
});

const CASES: Case[] = [
  hailuo("02"),
  hailuo("2.3"),
  hailuo("2.3-fast"),
  vidu("viduq3p-720p", "q3-pro", "4:3"),
  vidu("viduq3t-1080p", "q3-turbo", "3:4"),
  vidu("viduq3p-mix-720p", "q3-mix", "4:3"),
  {
    name: "a mix model with references at 3:4",
    calls: [
      [
        "generations",
        GENERATIONS,
        { model: "viduq3p-mix-720p", prompt: PROMPT, reference_image_urls: [A, B], aspect_ratio: "3:4" },
        "aspect_ratio",
      ],
    ],
  },
  {
    name: "Hunyuan images with a ratio",
    calls: [
      ["aigc", IMAGE, named("Hunyuan", "3.0", "16:9"), RATIO],
      ["CreateAigcImageTask", "/", atVendor("Hunyuan", "3.0", "16:9"), "OutputConfig.AspectRatio"],
    ],
  },
];

describe.for(CASES)("$name", ({ calls }) => {
  it.for(calls)("in %s", async ([dialect, path, body, place], { expect }) => {
    const send = async () => {
      if (path !== "/") return gateway.post(path, body);
      const { path: to, ...init } = await signedRequest(dialect, body);
      return gateway.request(to, { method: "POST", key: null, ...init });
    };
    const sent = await send();
    expect([sent.status, (await sent.clone().text()).includes('"Error"')]).toEqual([200, false]);
    expect(places(told(sent.headers))).toContain(`impossible ${place}`);
    if (dialect === "aigc") {
      const { warnings } = await sent.json<{ warnings: Told[] }>();
      expect(places(warnings)).toContain(`impossible ${place}`);
    }
    expect(await emulator.tasks()).toHaveLength(1);

    await start({ MODEL_POLICY: "strict" });
    const refused = await send();
    expect(JSON.stringify(await refused.json())).toContain(place.split(".").at(-1));
    expect(refused.headers.get(HEADER)).toBeNull();
    expect(await emulator.calls()).toEqual({});
  });
});

describe("seed 003", () => {
  const vendorGot = async () => (await emulator.tasks())[0]?.request;

  it("leaves out references for a model without mix, and says so", async ({ expect }) => {
    const body = { model: "viduq3p-720p", prompt: PROMPT, image: A, reference_image_urls: [B, "no URL"] };
    const response = await gateway.post(GENERATIONS, body);
    expect(response.status).toBe(200);
    expect(places(told(response.headers))).toEqual(["ignored reference_image_urls"]);
    expect(await vendorGot()).toMatchObject({ FileInfos: [{ Url: A, Usage: "FirstFrame" }] });

    await start({ MODEL_POLICY: "strict" });
    const { status, error } = await refusal(body);
    expect([status, error.param]).toEqual([400, "reference_image_urls"]);
  });

  it("leaves out members of extra_body and metadata that nobody knows, and says so", async ({ expect }) => {
    const known = { seed: 7 };
    const body = {
      model: "viduq3p-720p",
      prompt: PROMPT,
      extra_body: { ...known, camera: { pan: 1 }, style: "noir" },
      metadata: { mode: "pro" },
    };
    const response = await gateway.post(GENERATIONS, body);
    expect(response.status).toBe(200);
    expect(places(told(response.headers))).toEqual([
      "ignored extra_body.camera",
      "ignored extra_body.style",
      "ignored metadata.mode",
    ]);
    const got = await vendorGot();
    expect(got).toMatchObject({ Seed: 7 });
    expect(JSON.stringify(got)).not.toMatch(/camera|noir|"mode"/i);

    const dry = await gateway.post(`${GENERATIONS}?dry_run=1`, body);
    const { warnings } = await dry.json<{ warnings: Told[] }>();
    expect(places(warnings)).toEqual(places(told(response.headers)));

    await start({ MODEL_POLICY: "strict" });
    const { status, error } = await refusal(body);
    expect([status, error.param]).toEqual([400, "extra_body.camera"]);
  });

  it.for<[string, Json, string[], string[]]>([
    ["a mix model without references", { model: "viduq3p-mix-720p" }, ["impossible reference_image_urls"], []],
    ["a mix model with a first frame", { model: "viduq3p-mix-720p", image: A }, ["impossible image"], ["FirstFrame"]],
    [
      "a first frame beside references",
      { model: "viduq3p-mix-720p", image: A, reference_image_urls: [B] },
      ["doubtful image"],
      ["Reference", "FirstFrame"],
    ],
    [
      "three images for a model without mix",
      { model: "viduq3p-720p", images: [A, B, A] },
      ["impossible images.0"],
      ["Reference", "Reference", "Reference"],
    ],
  ])("sends %s as it is", async ([, changes, doubts, usages], { expect }) => {
    const response = await gateway.post(GENERATIONS, { prompt: PROMPT, ...changes });
    expect(response.status).toBe(200);
    expect(places(told(response.headers))).toEqual(expect.arrayContaining(doubts));
    const files = ((await vendorGot())?.["FileInfos"] ?? []) as { Usage: string }[];
    expect(files.map(({ Usage }) => Usage)).toEqual(usages);

    await start({ MODEL_POLICY: "strict" });
    expect((await refusal({ prompt: PROMPT, ...changes })).status).toBe(400);
  });

  async function refusal(body: Json) {
    const response = await gateway.post(GENERATIONS, body);
    return { status: response.status, ...(await response.json<{ error: { param: string } }>()) };
  }
});

it("what no model takes is refused under either policy", async ({ expect }) => {
  for (const MODEL_POLICY of ["open", "strict"]) {
    await start({ MODEL_POLICY });
    const file = { Type: "Base64", Base64: "data:image/png;base64,AAAA" };
    const answer = await call(gateway, "CreateAigcVideoTask", { ...atVendor("Next", "1", "1:1"), FileInfos: [file] });
    expect(answer.Error?.Code).toBe("InvalidParameterValue");
    const aigc = await gateway.post(VIDEO, { ...named("Next", "1", "1:1"), file_infos: [{ base64: file.Base64 }] });
    expect(aigc.status).toBe(422);
    expect(await emulator.calls()).toEqual({});
  }
});

it("many doubts make no large answer", async ({ expect }) => {
  const subject_infos = Array.from({ length: 90 }, () => ({ name: "cat", image_urls: [A] }));
  const response = await gateway.post(VIDEO, { ...named("Kling", "3.0", "1:1"), subject_infos });
  const { warnings } = await response.json<{ warnings: Told[] }>();
  expect(warnings).toHaveLength(100);
  expect(told(response.headers)).toHaveLength(5);
});
