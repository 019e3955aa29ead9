/* The AIGC dialect: what becomes of its bodies at the vendor, and what it shows of a task. */
import { beforeEach, describe, it } from "vitest";
import { vendorRequest } from "../../src/vod/requests.ts";
import imageSeed from "../fixtures/seeds/aigc-image.json";
import videoSeed from "../fixtures/seeds/aigc-video.json";
import {
  addKey,
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type EmulatorTask,
  type Gateway,
  type Json,
  ORIGIN,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const IMAGE = "/tencent-vod/v1/aigc-image";
const REQUESTS = "/tencent-vod/v1/requests";
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const VENDOR_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

/** Posts a body that must be accepted, and gives its id. */
async function submit(path: string, body: unknown, init: RequestInit & { key?: string } = {}): Promise<string> {
  const response = await gateway.post(path, body, init);
  if (response.status !== 200) throw new Error(`Refused: ${await response.text()}`);
  return (await response.json<{ request_id: string }>()).request_id;
}

/** Lets the vendor finish all tasks and tell the gateway. */
async function complete(): Promise<EmulatorTask[]> {
  const tasks = await vendorFinishes();
  for (const task of tasks) {
    const response = await gateway.post(CALLBACK, await completionOf(task), { key: null });
    if (response.status !== 200) throw new Error(`Callback refused: ${await response.text()}`);
  }
  return tasks;
}

const read = async (path: string, key = "sk-test") => {
  const response = await gateway.get(path, { key });
  return { status: response.status, headers: response.headers, body: await response.json<Json>() };
};

/** What the vendor was sent for the one task there is, without what the gateway adds. */
async function vendorGot(): Promise<Json> {
  const [task, ...others] = await emulator.tasks();
  if (!task || others.length > 0) throw new Error(`The vendor has ${others.length} tasks too many, or none.`);
  const { SubAppId, SessionId, SessionContext, ...request } = task.request;
  if (SubAppId !== 251007502 || !SessionId || !SessionContext)
    throw new Error("The gateway's own members are missing.");
  return request;
}

/** What a body becomes, at a vendor that takes everything; also members that the emulator does not know. */
async function translated(path: string, body: Json): Promise<Json> {
  const sent: Json[] = [];
  const open = await startGateway({
    deps: {
      fetch: async (request) => {
        sent.push(await request.json<Json>());
        return Response.json({ Response: { TaskId: "251007502-AigcVideoTask-1t", RequestId: "r-1" } });
      },
    },
  });
  const response = await open.post(path, body);
  if (response.status !== 200) throw new Error(`Refused: ${await response.text()}`);
  const { SubAppId, SessionId: _id, SessionContext: _context, ...request } = sent[0] as Json;
  if (SubAppId !== 251007502) throw new Error(`Sent for another sub-app: ${String(SubAppId)}`);
  return request;
}

const all = (names: string[], value: unknown) => Object.fromEntries(names.map((name) => [name, value]));

const ext = (request: Json): unknown => JSON.parse(request.ExtInfo as string);

describe("a submission", () => {
  it.for([
    ["video", VIDEO, videoSeed, "duration"],
    ["image", IMAGE, imageSeed, "resolution"],
  ] as const)("of the seed's %s body is answered key for key", async ([, path, body, member], { expect }) => {
    const response = await gateway.post(path, body);
    expect(response.status).toBe(200);
    const { warnings, ...answer } = await response.json<{ request_id: string; warnings: Json[] }>();
    const id = answer.request_id;
    expect(id).toMatch(UUID_V7);
    // Newer sources than the seeds name other values; the seeds still count.
    expect(warnings).toEqual([expect.objectContaining({ type: "doubtful", loc: ["body", "output_config", member] })]);
    expect(answer).toEqual({
      status: "IN_QUEUE",
      request_id: id,
      response_url: `${ORIGIN}${REQUESTS}/${id}`,
      status_url: `${ORIGIN}${REQUESTS}/${id}/status`,
      cancel_url: `${ORIGIN}${REQUESTS}/${id}/cancel`,
      logs: null,
      metrics: {},
      queue_position: 0,
      id,
      task_id: id,
      Response: { TaskId: id, RequestId: id },
    });
    expect(response.headers.get("x-fal-request-id")).toBe(id);
    expect(response.headers.get("idempotent-replayed")).toBeNull();
  });

  it("hands out URLs on the origin that the client used", async ({ expect }) => {
    const answer = await (await gateway.post(`https://other.workers.dev:8443${VIDEO}`, CAR)).json<Json>();
    expect(answer.status_url).toBe(`https://other.workers.dev:8443${REQUESTS}/${String(answer.request_id)}/status`);
  });

  it("hands out URLs on PUBLIC_URL when it is set", async ({ expect }) => {
    gateway = await startGateway({ env: { PUBLIC_URL: "https://video.example.test/" } });
    const answer = await (await gateway.post(VIDEO, CAR)).json<Json>();
    const base = `https://video.example.test${REQUESTS}/${String(answer.request_id)}`;
    const urls = { response_url: base, status_url: `${base}/status`, cancel_url: `${base}/cancel` };
    expect(answer).toMatchObject(urls);
    expect((await read(`${REQUESTS}/${String(answer.request_id)}/status`)).body).toMatchObject(urls);
    expect((await read(REQUESTS)).body).toMatchObject({ requests: [urls] });
  });

  it("keeps the client's session to itself: the vendor gets ours", async ({ expect }) => {
    const id = await submit(VIDEO, { ...CAR, session_id: "mysession", session_context: "mySessionContext" });
    const [task] = await emulator.tasks();
    expect(task?.SessionId).toBe(`${id}-1`);
    expect(JSON.stringify(task)).not.toMatch(/mysession/i);
  });
});

describe("translation", () => {
  it("of the seed's video body", async ({ expect }) => {
    await submit(VIDEO, videoSeed);
    expect((await emulator.tasks())[0]?.Action).toBe("CreateAigcVideoTask");
    expect(await vendorGot()).toEqual({
      ModelName: "Kling",
      ModelVersion: "1.6",
      Prompt: "一辆汽车在公路上行驶,阳光明媚",
      NegativePrompt: "模糊、抖动",
      EnhancePrompt: "Enabled",
      OutputConfig: {
        StorageMode: "Temporary",
        MediaName: "car-video",
        Duration: 8,
        Resolution: "1080P",
        AspectRatio: "16:9",
        AudioGeneration: "Enabled",
        PersonGeneration: "AllowAdult",
        InputComplianceCheck: "Enabled",
        OutputComplianceCheck: "Enabled",
        EnhanceSwitch: "Enabled",
      },
    });
  });

  it("of the seed's image body: empty members are left out, the file type gets the vendor's spelling", async ({
    expect,
  }) => {
    await submit(IMAGE, imageSeed);
    expect((await emulator.tasks())[0]?.Action).toBe("CreateAigcImageTask");
    expect(await vendorGot()).toEqual({
      ModelName: "GEM",
      ModelVersion: "3.0",
      FileInfos: [{ Type: "File", FileId: "387702299774574677", Text: "原始图片的描述信息" }],
      Prompt: "convert this image to anime style",
      NegativePrompt: "blur, distorted",
      EnhancePrompt: "Enabled",
      OutputConfig: {
        StorageMode: "Temporary",
        Resolution: "1080P",
        AspectRatio: "1:1",
        PersonGeneration: "AllowAdult",
        InputComplianceCheck: "Enabled",
        OutputComplianceCheck: "Enabled",
      },
      TasksPriority: 10,
    });
  });

  it("every video field arrives under the vendor's name, with its type", async ({ expect }) => {
    await submit(VIDEO, {
      model_name: "Next",
      model_version: "q2-pro",
      prompt: "@car drives [@driver] home 🚗",
      negative_prompt: "red",
      enhance_prompt: "Disabled",
      file_infos: [
        {
          type: "File",
          category: "Image",
          file_id: "3704211***509819",
          reference_type: "asset",
          object_id: "car",
          voice_id: "voice-1",
          usage: "Reference",
          text: "a car",
        },
        { type: "Url", category: "Video", url: "https://test.com/1.mp4", keep_original_sound: "Enabled" },
        { type: "Base64", category: "Image", base64: "aGVsbG8=", usage: "LastFrame" },
      ],
      subject_infos: [
        {
          id: "s-1",
          name: "driver",
          voice_id: "voice-2",
          image_urls: ["https://test.com/1.png", "https://test.com/2.png"],
          video_urls: ["https://test.com/2.mp4"],
        },
      ],
      last_frame_file_id: "3704211***509911",
      last_frame_url: "https://test.com/last.png",
      output_config: {
        storage_mode: "Permanent",
        media_name: "名字",
        class_id: 7,
        expire_time: "2027-01-01T00:00:00Z",
        duration: 4.5,
        resolution: "720P",
        aspect_ratio: "9:16",
        audio_generation: "Disabled",
        person_generation: "Disallowed",
        input_compliance_check: "Disabled",
        output_compliance_check: "Disabled",
        enhance_switch: "Disabled",
        off_peak: "Enabled",
        frame_interpolate: "Enabled",
        logo_add: "Disabled",
        enable_bgm: "Enabled",
      },
      input_region: "OverseaUSWest",
      scene_type: "template_effect",
      procedure: "my-procedure",
      seed: 0,
      tasks_priority: -10,
      ext_info: '{"AdditionalParameters":"{\\"size\\":\\"728x1024\\"}"}',
    });
    expect(await vendorGot()).toEqual({
      ModelName: "Next",
      ModelVersion: "q2-pro",
      Prompt: "@car drives [@driver] home 🚗",
      NegativePrompt: "red",
      EnhancePrompt: "Disabled",
      FileInfos: [
        {
          Type: "File",
          Category: "Image",
          FileId: "3704211***509819",
          ReferenceType: "asset",
          ObjectId: "car",
          VoiceId: "voice-1",
          Usage: "Reference",
          Text: "a car",
        },
        { Type: "Url", Category: "Video", Url: "https://test.com/1.mp4", KeepOriginalSound: "Enabled" },
        { Type: "Base64", Category: "Image", Base64: "aGVsbG8=", Usage: "LastFrame" },
      ],
      SubjectInfos: [
        {
          Id: "s-1",
          Name: "driver",
          VoiceId: "voice-2",
          ImageUrls: ["https://test.com/1.png", "https://test.com/2.png"],
          VideoUrls: ["https://test.com/2.mp4"],
        },
      ],
      LastFrameFileId: "3704211***509911",
      LastFrameUrl: "https://test.com/last.png",
      OutputConfig: {
        StorageMode: "Permanent",
        MediaName: "名字",
        ClassId: 7,
        ExpireTime: "2027-01-01T00:00:00Z",
        Duration: 4.5,
        Resolution: "720P",
        AspectRatio: "9:16",
        AudioGeneration: "Disabled",
        PersonGeneration: "Disallowed",
        InputComplianceCheck: "Disabled",
        OutputComplianceCheck: "Disabled",
        EnhanceSwitch: "Disabled",
        OffPeak: "Enabled",
        FrameInterpolate: "Enabled",
        LogoAdd: "Disabled",
        EnableBGM: "Enabled",
      },
      InputRegion: "OverseaUSWest",
      SceneType: "template_effect",
      Procedure: "my-procedure",
      Seed: 0,
      TasksPriority: -10,
      ExtInfo: '{"AdditionalParameters":"{\\"size\\":\\"728x1024\\"}"}',
    });
  });

  it("every image field arrives under the vendor's name, with its type", async ({ expect }) => {
    await submit(IMAGE, {
      model_name: "Next",
      model_version: "image2_high",
      prompt: "a cat",
      file_infos: [
        { type: "Url", url: "https://test.com/1.png", text: "a cat" },
        { type: "Url", url: "https://test.com/mask.png", reference_type: "mask" },
      ],
      output_config: { class_id: 0, output_image_count: 8, output_format: "png", logo_add: "Enabled" },
      input_region: "Oversea",
      scene_type: "3d_panorama",
      seed: 7,
    });
    expect(await vendorGot()).toEqual({
      ModelName: "Next",
      ModelVersion: "image2_high",
      Prompt: "a cat",
      FileInfos: [
        { Type: "Url", Url: "https://test.com/1.png", Text: "a cat" },
        { Type: "Url", Url: "https://test.com/mask.png", ReferenceType: "mask" },
      ],
      OutputConfig: { ClassId: 0, OutputImageCount: 8, OutputFormat: "png", LogoAdd: "Enabled" },
      InputRegion: "Oversea",
      SceneType: "3d_panorama",
      Seed: 7,
    });
  });

  it("numbers may be written as strings", async ({ expect }) => {
    await submit(VIDEO, {
      ...CAR,
      tasks_priority: "10",
      seed: " 42 ",
      output_config: { duration: "8.0", class_id: "+3", output_image_count: null },
    });
    expect(await vendorGot()).toMatchObject({
      TasksPriority: 10,
      Seed: 42,
      OutputConfig: { Duration: 8, ClassId: 3 },
    });
  });

  it.for<[string, unknown, unknown]>([
    ["an object", { AdditionalParameters: '{"size":"728x1024"}' }, { AdditionalParameters: '{"size":"728x1024"}' }],
    [
      "an object whose AdditionalParameters is an object gets the vendor's second layer",
      { AdditionalParameters: { size: "728x1024", up_expansion_ratio: 0.5 }, camelCase: { snake_case: 1 } },
      {
        AdditionalParameters: '{"size":"728x1024","up_expansion_ratio":0.5}',
        camelCase: { snake_case: 1 },
      },
    ],
    ["members that are empty stay in it", { a: "", b: null, c: [] }, { a: "", b: null, c: [] }],
  ])("ext_info as an object: %s", async ([, extInfo, sent], { expect }) => {
    await submit(IMAGE, { ...CAR, ext_info: extInfo });
    expect(ext(await vendorGot())).toEqual(sent);
  });

  it.for(["myextinfo", '{"a": 1}', "{not json"])(
    "ext_info as the string %j goes on as it is",
    async (text, { expect }) => {
      await submit(VIDEO, { ...CAR, ext_info: text });
      expect((await vendorGot()).ExtInfo).toBe(text);
    },
  );

  it.for(["", null, {}])("ext_info %j is left out", async (extInfo, { expect }) => {
    await submit(VIDEO, { ...CAR, ext_info: extInfo });
    expect(await vendorGot()).not.toHaveProperty("ExtInfo");
  });

  it("one object where a list is meant is a list of one", async ({ expect }) => {
    await submit(VIDEO, {
      ...CAR,
      file_infos: { type: "Url", url: "https://test.com/1.png" },
      subject_infos: { id: "s-1" },
    });
    expect(await vendorGot()).toMatchObject({
      FileInfos: [{ Type: "Url", Url: "https://test.com/1.png" }],
      SubjectInfos: [{ Id: "s-1" }],
    });
  });

  it.for([
    ["file", "File"],
    ["File", "File"],
    ["FILE", "File"],
    ["url", "Url"],
    ["URL", "Url"],
    ["base64", "Base64"],
    ["Base64", "Base64"],
    ["Stream", "Stream"],
    ["constructor", "constructor"],
  ] as const)("the file type %j arrives as %j", async ([given, sent], { expect }) => {
    const request = await translated(VIDEO, { ...CAR, file_infos: [{ type: given, file_id: "1" }] });
    expect(request.FileInfos).toEqual([{ Type: sent, FileId: "1" }]);
  });

  it('null, "" and absent are the same for every text and word', async ({ expect }) => {
    const text = ["negative_prompt", "enhance_prompt", "last_frame_file_id", "last_frame_url", "input_region"];
    const more = ["scene_type", "procedure", "session_id", "session_context", "ext_info"];
    const config = ["storage_mode", "media_name", "expire_time", "aspect_ratio", "audio_generation"];
    const words = ["person_generation", "input_compliance_check", "off_peak", "enable_bgm", "output_format"];
    for (const empty of [null, ""]) {
      const body = {
        ...CAR,
        ...all([...text, ...more], empty),
        output_config: {
          resolution: "720P",
          ...all([...config, ...words], empty),
        },
        file_infos: [{ type: "Url", url: "u", ...all(["category", "file_id", "usage", "keep_original_sound"], empty) }],
      };
      expect(await translated(VIDEO, body)).toEqual({
        ModelName: CAR.model_name,
        ModelVersion: CAR.model_version,
        Prompt: CAR.prompt,
        OutputConfig: { Resolution: "720P" },
        FileInfos: [{ Type: "Url", Url: "u" }],
      });
    }
  });

  it.for([null, ""])("%j is absent for numbers too", async (empty, { expect }) => {
    const body = { ...CAR, seed: empty, tasks_priority: empty, output_config: { duration: empty, class_id: empty } };
    const request = await translated(VIDEO, body);
    expect(request).not.toHaveProperty("Seed");
    expect(request).not.toHaveProperty("TasksPriority");
    expect(request.OutputConfig ?? {}).toEqual({});
  });

  it.for(["output_config", "file_infos", "subject_infos"])("%s may be null", async (name, { expect }) => {
    expect(Object.keys(await translated(VIDEO, { ...CAR, [name]: null })).toSorted()).toEqual([
      "ModelName",
      "ModelVersion",
      "Prompt",
    ]);
  });

  it("members nobody has told us about are forwarded, at each level", async ({ expect }) => {
    const request = await translated(VIDEO, {
      ...CAR,
      camera_motion: { zoom_level: 2, key_points: [{ x_pos: 1 }] },
      draft: false,
      file_infos: [{ type: "Url", url: "u", image_weight: 0.5 }],
      subject_infos: [{ id: "s", mood_word: "calm" }],
      output_config: { frame_rate: 60, hdr_type: "HDR10" },
    });
    expect(request).toEqual({
      ModelName: CAR.model_name,
      ModelVersion: CAR.model_version,
      Prompt: CAR.prompt,
      CameraMotion: { ZoomLevel: 2, KeyPoints: [{ XPos: 1 }] },
      Draft: false,
      FileInfos: [{ Type: "Url", Url: "u", ImageWeight: 0.5 }],
      SubjectInfos: [{ Id: "s", MoodWord: "calm" }],
      OutputConfig: { FrameRate: 60, HDRType: "HDR10" },
    });
  });

  it("models that did not exist yesterday are the vendor's to judge", async ({ expect }) => {
    const request = await translated(VIDEO, { ...CAR, model_name: "Nova", model_version: "9", scene_type: "dream" });
    expect(request).toMatchObject({ ModelName: "Nova", ModelVersion: "9", SceneType: "dream" });
  });

  it.for([
    ["file_infos", { file_infos: [{ type: "Url", url: "u" }] }],
    ["scene_type", { scene_type: "lip_sync" }],
    ["subject_infos", { subject_infos: [{ id: "s" }] }],
  ] as const)("an empty prompt is allowed with %s", async ([, more], { expect }) => {
    const request = await translated(VIDEO, { ...CAR, prompt: "", ...more });
    expect(request).not.toHaveProperty("Prompt");
  });
});

describe("a task while it is made", () => {
  it("has status 202 and result 400", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    const id = await submit(VIDEO, CAR);
    const status = await read(`${REQUESTS}/${id}/status`);
    expect(status.status).toBe(202);
    expect(status.headers.get("x-fal-request-id")).toBe(id);
    expect(status.body).toEqual({
      status: "IN_PROGRESS",
      request_id: id,
      response_url: `${ORIGIN}${REQUESTS}/${id}`,
      status_url: `${ORIGIN}${REQUESTS}/${id}/status`,
      cancel_url: `${ORIGIN}${REQUESTS}/${id}/cancel`,
      logs: null,
    });
    const result = await read(`${REQUESTS}/${id}`);
    expect(result.status).toBe(400);
    expect(result.headers.get("x-fal-request-id")).toBe(id);
    expect(result.body).toEqual({ detail: "Request is still in progress" });
  });

  it("takes the query that fal's clients put on a status", async ({ expect }) => {
    const id = await submit(VIDEO, CAR);
    expect((await read(`${REQUESTS}/${id}/status?logs=1`)).status).toBe(202);
    expect((await read(`${REQUESTS}/${id}/status?logs=0&foo=bar`)).status).toBe(202);
  });

  it("has the vendor's detail shape, with our id and the client's session", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    const id = await submit(VIDEO, { ...videoSeed, session_id: "mysession", session_context: "ctx" });
    const { status, body } = await read(`/tencent-vod/v1/query/${id}`);
    expect(status).toBe(200);
    const { AigcVideoTask: task, ...outer } = body.Response as Json & { AigcVideoTask: Json };
    expect(outer).toEqual({
      TaskType: "AigcVideoTask",
      Status: "PROCESSING",
      CreateTime: expect.stringMatching(VENDOR_TIME),
      BeginProcessTime: expect.stringMatching(VENDOR_TIME),
      FinishTime: "",
      AigcImageTask: null,
      RequestId: id,
    });
    expect(task).toEqual({
      TaskId: id,
      Status: "PROCESSING",
      ErrCode: 0,
      ErrCodeExt: "",
      Message: "",
      Progress: 0,
      Input: vendorRequest.parse(await vendorGot()),
      Output: { FileInfos: [] },
      SessionId: "mysession",
      SessionContext: "ctx",
    });
  });
});

describe("a finished task", () => {
  it("of video has status 200 and the fixed result", async ({ expect }) => {
    const id = await submit(VIDEO, {
      ...videoSeed,
      session_id: "mysession",
      session_context: '{"user_id":"123"}',
      seed: 42,
    });
    await complete();
    const status = await read(`${REQUESTS}/${id}/status`);
    expect(status.status).toBe(200);
    expect(status.body).toEqual({
      status: "COMPLETED",
      request_id: id,
      response_url: `${ORIGIN}${REQUESTS}/${id}`,
      status_url: `${ORIGIN}${REQUESTS}/${id}/status`,
      cancel_url: `${ORIGIN}${REQUESTS}/${id}/cancel`,
      logs: null,
      metrics: { inference_time: expect.any(Number) as number },
    });
    const result = await read(`${REQUESTS}/${id}`);
    expect(result.status).toBe(200);
    expect(result.headers.get("x-fal-request-id")).toBe(id);
    const video = {
      url: expect.stringMatching(/^http:\/\/.+\.mp4$/) as string,
      content_type: "video/mp4",
      width: expect.any(Number) as number,
      height: expect.any(Number) as number,
      duration: expect.any(Number) as number,
      fps: expect.any(Number) as number,
      expires_at: expect.stringMatching(VENDOR_TIME) as string,
    };
    expect(result.body).toEqual({
      request_id: id,
      video,
      videos: [video],
      images: [],
      seed: 42,
      session_id: "mysession",
      session_context: '{"user_id":"123"}',
      usage: { input_tokens: 0, thought_tokens: 0 },
    });
    expect(result.body.video).toEqual((result.body.videos as unknown[])[0]);
  });

  it("of images has every image, and no video", async ({ expect }) => {
    const output_config = { storage_mode: "Permanent", output_image_count: 2 };
    const id = await submit(IMAGE, { ...CAR, output_config });
    await complete();
    const { status, body } = await read(`${REQUESTS}/${id}`);
    expect(status).toBe(200);
    const image = {
      url: expect.stringMatching(/\.png$/) as string,
      content_type: "image/png",
      width: expect.any(Number) as number,
      height: expect.any(Number) as number,
      file_id: expect.stringMatching(/^\d{19}$/) as string,
      expires_at: expect.stringMatching(VENDOR_TIME) as string,
    };
    expect(body).toEqual({
      request_id: id,
      image,
      videos: [],
      images: [image, image],
      session_id: "",
      session_context: "",
    });
    const urls = (body.images as { url: string }[]).map(({ url }) => url);
    expect(new Set(urls).size).toBe(2);
    expect((body.image as { url: string }).url).toBe(urls[0]);
  });

  it("has the vendor's detail shape, with our id and the client's session in place of the vendor's", async ({
    expect,
  }) => {
    const id = await submit(VIDEO, { ...CAR, session_id: "mysession" });
    const [vendor] = await complete();
    const { body } = await read(`/tencent-vod/v1/query/${id}`);
    expect(body).toMatchObject({
      Response: {
        TaskType: "AigcVideoTask",
        Status: "FINISH",
        FinishTime: expect.stringMatching(VENDOR_TIME) as string,
        AigcImageTask: null,
        AigcVideoTask: {
          TaskId: id,
          Status: "FINISH",
          ErrCode: 0,
          ErrCodeExt: "",
          Progress: 100,
          Input: { ModelName: "Kling", Prompt: CAR.prompt },
          Output: { FileInfos: [{ StorageMode: "Temporary", MetaData: { VideoStreamSet: [{}] } }] },
          SessionId: "mysession",
          SessionContext: "",
        },
        RequestId: id,
      },
    });
    const text = JSON.stringify((body.Response as Json).AigcVideoTask);
    expect(text).not.toContain(vendor?.SessionContext);
    expect(text).not.toContain(vendor?.SessionId);
  });

  it("of images has the detail of an image task", async ({ expect }) => {
    const id = await submit(IMAGE, imageSeed);
    await complete();
    expect((await read(`/tencent-vod/v1/query/${id}`)).body).toMatchObject({
      Response: {
        TaskType: "AigcImageTask",
        AigcVideoTask: null,
        AigcImageTask: { TaskId: id, SessionId: imageSeed.session_id, SessionContext: imageSeed.session_context },
      },
    });
  });
});

describe("a failed task", () => {
  const FAILURES = [
    [{ ErrCode: 70000, ErrCodeExt: "InternalError", Message: "create task failed" }, 500, "InternalError"],
    [{ ErrCode: 40000, ErrCodeExt: "InvalidParameter", Message: "bad duration" }, 422, "InvalidParameter"],
    [{ ErrCode: 70000, ErrCodeExt: "ContentModerationFailed", Message: "画面违规" }, 422, "ContentModerationFailed"],
    [{ ErrCode: 60000, ErrCodeExt: "", Message: "no such file" }, 422, "60000"],
  ] as const;

  it.for(FAILURES)("%j is told as HTTP %d", async ([outcome, httpStatus, code], { expect }) => {
    await emulator.reset({ outcome });
    const id = await submit(VIDEO, CAR);
    await complete();
    const { Message: message } = outcome;
    const result = await read(`${REQUESTS}/${id}`);
    expect(result.status).toBe(httpStatus);
    expect(result.body).toEqual({ detail: message, message, code, request_id: id });
    expect(result.headers.get("x-should-retry")).toBe("false");
    expect(result.headers.get("x-fal-request-id")).toBe(id);
    const status = await read(`${REQUESTS}/${id}/status`);
    expect(status.status).toBe(200);
    expect(status.body).toMatchObject({ status: "COMPLETED", error: message, error_type: code });
    expect((await read(`/tencent-vod/v1/query/${id}`)).body).toMatchObject({
      Response: {
        Status: "FINISH",
        AigcVideoTask: { TaskId: id, Status: "FINISH", ErrCode: outcome.ErrCode, Message: message, Progress: 100 },
      },
    });
    expect((await read(`${REQUESTS}?status=failed`)).body).toMatchObject({
      requests: [{ request_id: id, status: "COMPLETED", state: "failed", error: message, error_type: code }],
    });
  });
});

describe("the list", () => {
  it("shows tasks newest first, in pages", async ({ expect }) => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      gateway.clock.offsetMs = index;
      ids.unshift(await submit(VIDEO, { ...CAR, session_id: `s-${index}` }));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    const sizes: number[] = [];
    do {
      const page: Json = (await read(`${REQUESTS}?limit=2${cursor ? `&cursor=${cursor}` : ""}`)).body;
      const requests = page.requests as { request_id: string }[];
      sizes.push(requests.length);
      seen.push(...requests.map(({ request_id: id }) => id));
      cursor = page.next_cursor as string | null;
    } while (cursor && sizes.length < 10);
    expect(seen).toEqual(ids);
    expect(sizes.slice(0, 3)).toEqual([2, 2, 1]);
  });

  it("shows what a task is, without its result", async ({ expect }) => {
    const id = await submit(VIDEO, { ...CAR, session_id: "a", session_context: "b", tasks_priority: 3 });
    const { body } = await read(REQUESTS);
    expect(body).toEqual({
      requests: [
        {
          request_id: id,
          status: "IN_PROGRESS",
          state: "running",
          media: "video",
          model_name: "Kling",
          model_version: "1.6",
          session_id: "a",
          session_context: "b",
          tasks_priority: 3,
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
          finished_at: null,
          response_url: `${ORIGIN}${REQUESTS}/${id}`,
          status_url: `${ORIGIN}${REQUESTS}/${id}/status`,
          cancel_url: `${ORIGIN}${REQUESTS}/${id}/cancel`,
        },
      ],
      next_cursor: null,
    });
  });

  it("is filtered by status, model, session and time", async ({ expect }) => {
    const done = await submit(VIDEO, { ...CAR, session_id: "one" });
    await complete();
    gateway.clock.offsetMs = 60_000;
    await emulator.call("PUT", "config", { task_seconds: 60 });
    const open = await submit(IMAGE, { ...CAR, model_name: "GG", session_id: "two" });
    const between = new Date(Date.now() + 30_000).toISOString();
    const cases: [string, string[]][] = [
      ["status=COMPLETED", [done]],
      ["status=succeeded", [done]],
      ["status=IN_PROGRESS", [open]],
      ["status=IN_QUEUE", []],
      ["model_name=GG", [open]],
      ["model_name=Vidu", []],
      ["session_id=one", [done]],
      [`created_from=${between}`, [open]],
      [`created_to=${between}`, [done]],
      ["status=COMPLETED&model_name=GG", []],
      ["", [open, done]],
    ];
    for (const [query, ids] of cases) {
      const { requests } = (await read(`${REQUESTS}?${query}`)).body as { requests: { request_id: string }[] };
      expect([query, requests.map(({ request_id: id }) => id)]).toEqual([query, ids]);
    }
  });
});

describe("what belongs to another owner", () => {
  it("is 404 in every read route, like an id that never was", async ({ expect }) => {
    await addKey("sk-rival", "rival", ["submit", "read", "admin"]);
    const id = await submit(VIDEO, { ...CAR, session_id: "shared" });
    await complete();
    const strangers = [id, "0190a0b0-0000-7000-8000-000000000000", "no-id", "%00", `${id}x`];
    for (const stranger of strangers) {
      for (const path of [
        `${REQUESTS}/${stranger}`,
        `${REQUESTS}/${stranger}/status`,
        `/tencent-vod/v1/query/${stranger}`,
      ]) {
        const { status, body } = await read(path, "sk-rival");
        expect([path, status]).toEqual([path, 404]);
        const message = "There is no task with this id.";
        expect(body).toEqual({ detail: message, message, code: "not_found" });
      }
      const generation = await read(`/v1/video/generations/${stranger}`, "sk-rival");
      expect(generation.status).toBe(404);
      expect(generation.body).toMatchObject({ code: "not_found", error: { code: "not_found" } });
    }
    expect((await read(REQUESTS, "sk-rival")).body).toEqual({ requests: [], next_cursor: null });
    expect((await read(`${REQUESTS}?cursor=${id}`, "sk-rival")).body).toEqual({ requests: [], next_cursor: null });
  });

  it("does not stand in the way of an equal session_id", async ({ expect }) => {
    await addKey("sk-rival", "rival", ["submit", "read", "admin"]);
    const ours = await submit(VIDEO, { ...CAR, session_id: "shared" });
    const theirs = await submit(VIDEO, { ...CAR, session_id: "shared" }, { key: "sk-rival" });
    expect(theirs).not.toBe(ours);
    const first = await gateway.post(VIDEO, { ...CAR, session_id: "shared" }, { key: "sk-rival" });
    expect(first.status).toBe(409);
    expect(await first.json()).toMatchObject({ request_id: theirs });
  });

  it("two keys of one owner see the same tasks", async ({ expect }) => {
    await addKey("sk-second", "acme", ["read"]);
    const id = await submit(VIDEO, CAR);
    expect((await read(`${REQUESTS}/${id}/status`, "sk-second")).status).toBe(202);
  });
});
