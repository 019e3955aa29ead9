/*
 * The vendor's account is one for all owners: to the vendor every file in it is as good as any other. What was made for one
 * tenant is not another's to use, in any dialect, by any spelling.
 */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { interceptD1 } from "../../store/support.ts";
import { notifyUntilDone, submit } from "../../support/client.ts";
import { addKey, emulator, type Gateway, type GatewayOptions, type Json, recordHasAll } from "../../support/gateway.ts";
import { fragileRecord } from "../../support/record-away.ts";
import { addPair, call, startTencentGateway, VIDEO as TENCENT_VIDEO } from "../../routes/support/tencent-api.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const RIVAL_PAIR = { secretId: "AKIDofRival", secretKey: "secretOfRival" };
/** Of a model that the catalogue has nothing to say about. */
const ANY = { model_name: "Next", model_version: "1", prompt: "a car" };
/** One that nobody here has made. */
const STRANGE = "387702299774574677";
const MESSAGE = "This id was not made here for you.";

let gateway: Gateway;

async function start(options: GatewayOptions["env"] = {}): Promise<void> {
  await emulator.reset();
  gateway = await startTencentGateway(options);
}

async function withRival(): Promise<void> {
  await addKey("sk-rival", "rival", ["submit", "read"]);
  await addPair(RIVAL_PAIR, "rival", ["submit", "read"]);
}

/** A file of acme's that stays at the vendor. */
async function madeFile(): Promise<string> {
  const { id } = await submit(gateway, { output_config: { storage_mode: "Permanent" } });
  await notifyUntilDone(gateway);
  await recordHasAll(gateway);
  return fileOf(id);
}

async function fileOf(id: string): Promise<string> {
  const result = await (await gateway.get(`/tencent-vod/v1/requests/${id}`)).json<{ video: { file_id: string } }>();
  if (!result.video.file_id) throw new Error("There is no file id.");
  return result.video.file_id;
}

/** Every way of naming an id, with the place that an error names. */
const WAYS: [string, (id: string) => Json, (string | number)[]][] = [
  ["file_id", (id) => ({ file_infos: [{ type: "File", file_id: id }] }), ["file_infos", 0, "file_id"]],
  ["file_id of one file", (id) => ({ file_infos: { type: "File", file_id: ` ${id}` } }), ["file_infos", 0, "file_id"]],
  ["last_frame_file_id", (id) => ({ last_frame_file_id: id }), ["last_frame_file_id"]],
  [
    "voice_id",
    (id) => ({ file_infos: [{ url: "https://a.test/a.png", voice_id: id }] }),
    ["file_infos", 0, "voice_id"],
  ],
  [
    "object_id",
    (id) => ({ file_infos: [{ url: "https://a.test/a.png", object_id: id }] }),
    ["file_infos", 0, "object_id"],
  ],
  ["a subject's id", (id) => ({ subject_infos: [{ id, name: "a" }] }), ["subject_infos", 0, "id"]],
  ["a subject's voice", (id) => ({ subject_infos: [{ name: "a", voice_id: id }] }), ["subject_infos", 0, "voice_id"]],
  ["a member of next month's", (id) => ({ cover_file_id: id }), ["cover_file_id"]],
  ["a list of next month's", (id) => ({ element_list: [{ id }] }), ["element_list", 0, "id"]],
  ["ids of next month's", (id) => ({ file_ids: ["", id] }), ["file_ids", 1]],
  [
    "ext_info",
    (id) => ({ ext_info: { AdditionalParameters: { element_list: [{ element_id: id }] } } }),
    ["ext_info", "additional_parameters", "element_list", 0, "element_id"],
  ],
  [
    "ext_info as text, escaped",
    (id) => ({ ext_info: `{"AdditionalParameters":"{\\"voice_list\\":[{\\"voice\\\\u005fid\\":\\"${id}\\"}]}"}` }),
    ["ext_info", "additional_parameters", "voice_list", 0, "voice_id"],
  ],
  ["ext_info as a list", (id) => ({ ext_info: `\ufeff {"elements": [ "${id}" ]}` }), ["ext_info", "elements", 0]],
  ["a task in ext_info", (id) => ({ ext_info: { PreviousTaskId: id } }), ["ext_info", "previous_task_id"]],
];

const post = async (body: Json, key = "sk-test", path = VIDEO) => {
  const response = await gateway.post(path, { ...ANY, ...body }, { key });
  return { status: response.status, body: await response.json<Json>() };
};
const creates = async () =>
  Object.entries(await emulator.calls())
    .filter(([action]) => action.startsWith("Create"))
    .flatMap(([, codes]) => Object.values(codes))
    .reduce((sum, count) => sum + count, 0);

describe("an id that was made for somebody else", () => {
  beforeEach(() => start({ FOREIGN_IDS: "allow" }));

  it.for(WAYS)("is refused as %s, and nobody is called; its owner may use it", async ([, body, place], { expect }) => {
    const id = await madeFile();
    await withRival();
    const before = await creates();
    for (const path of [VIDEO, `${VIDEO}?dry_run=1`]) {
      const theft = await post(body(id), "sk-rival", path);
      expect([theft.status, theft.body]).toMatchObject([
        422,
        { code: "validation_error", detail: [{ loc: ["body", ...place], msg: MESSAGE, type: "foreign_id" }] },
      ]);
    }
    expect(await creates()).toBe(before);
    const own = await post(body(id), "sk-test", `${VIDEO}?dry_run=1`);
    expect([own.status, own.body["dry_run"]]).toEqual([200, true]);
  });

  it("is refused in every other dialect that has such ids", async ({ expect }) => {
    const id = await madeFile();
    await withRival();
    const before = await creates();
    const openai = await gateway.post(
      "/v1/videos",
      { prompt: "a car", input_reference: { file_id: id } },
      { key: "sk-rival" },
    );
    expect([openai.status, await openai.json()]).toMatchObject([
      400,
      { error: { type: "invalid_request_error", param: "input_reference", message: `input_reference: ${MESSAGE}` } },
    ]);
    const image = await post({ file_infos: [{ file_id: id }] }, "sk-rival", "/tencent-vod/v1/aigc-image");
    expect(image.status).toBe(422);
    const next = { ...TENCENT_VIDEO, ModelName: "Next" };
    const file = { ...next, FileInfos: [{ Type: "File", FileId: id }] };
    expect((await call(gateway, "CreateAigcVideoTask", file, { pair: RIVAL_PAIR })).Error).toEqual({
      Code: "InvalidParameterValue.FileId",
      Message: `FileInfos.0.FileId: ${MESSAGE}`,
    });
    const subject = { ...next, SubjectInfos: [{ Id: id }] };
    expect((await call(gateway, "CreateAigcVideoTask", subject, { pair: RIVAL_PAIR })).Error?.Code).toBe(
      "InvalidParameterValue",
    );
    expect(await creates()).toBe(before);
    expect((await call(gateway, "CreateAigcVideoTask", file)).TaskId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is refused after its task's content was removed, and by a repetition under the same names", async ({
    expect,
  }) => {
    const { id } = await submit(gateway, { output_config: { storage_mode: "Permanent" } });
    await notifyUntilDone(gateway);
    const file = await fileOf(id);
    await recordHasAll(gateway);
    await gateway.request(`/tencent-vod/v1/requests/${id}`, { method: "DELETE" });
    await recordHasAll(gateway);
    await withRival();
    const body = { session_id: "s", last_frame_file_id: file };
    expect((await post(body, "sk-rival")).status).toBe(422);
    expect((await post(body, "sk-rival")).status).toBe(422);
    expect((await post({ session_id: "s" }, "sk-rival")).status).toBe(200);
  });

  it("is refused too when its owner's keys are all revoked", async ({ expect }) => {
    const id = await madeFile();
    await env.DB.prepare("UPDATE api_keys SET revoked_at = 1 WHERE owner = 'acme'").run();
    await withRival();
    expect((await post({ last_frame_file_id: id }, "sk-rival")).status).toBe(422);
  });

  it("is nobody's secret: one that several have got is each one's own", async ({ expect }) => {
    await withRival();
    await env.DB.batch(
      ["acme", "rival"].map((owner) =>
        env.DB.prepare("INSERT INTO produced_ids (id, owner, made_at) VALUES ('shared', ?1, 1)").bind(owner),
      ),
    );
    expect((await post({ last_frame_file_id: "shared" }, "sk-rival")).status).toBe(200);
    expect((await post({ last_frame_file_id: "shared" })).status).toBe(200);
  });
});

describe("an id that was made nowhere here", () => {
  const strange = { file_infos: [{ type: "File", file_id: STRANGE }] };

  it("passes while there is one owner, and no longer a minute after there is another", async ({ expect }) => {
    await start();
    expect((await post(strange)).status).toBe(200);
    await withRival();
    gateway.clock.offsetMs += 61_000;
    const refused = await post(strange);
    expect([refused.status, refused.body]).toMatchObject([422, { detail: [{ msg: MESSAGE }] }]);
    expect((await post(strange, "sk-rival")).status).toBe(422);
  });

  it.for([
    ["allow", 200],
    ["refuse", 422],
  ] as const)("FOREIGN_IDS=%s decides, however many owners there are", async ([policy, status], { expect }) => {
    await start({ FOREIGN_IDS: policy });
    expect((await post(strange)).status).toBe(status);
    await withRival();
    gateway.clock.offsetMs += 61_000;
    expect((await post(strange)).status).toBe(status);
  });

  it("is refused in the words of one that is somebody else's", async ({ expect }) => {
    await start({ FOREIGN_IDS: "refuse" });
    const id = await madeFile();
    await withRival();
    const theft = await post({ last_frame_file_id: id }, "sk-rival");
    expect(await post({ last_frame_file_id: STRANGE }, "sk-rival")).toEqual(theft);
    expect(theft.status).toBe(422);
  });

  it("may be a name that a client gives to a subject of its prompt", async ({ expect }) => {
    await start({ FOREIGN_IDS: "refuse" });
    const subject = { file_infos: [{ type: "Url", url: "https://a.test/a.png", object_id: "car" }] };
    expect((await post(subject)).status).toBe(200);
  });

  it("is read from ext_info within bounds, and once", async ({ expect }) => {
    await start({ FOREIGN_IDS: "allow" });
    const nested = `${"[".repeat(40)}${"]".repeat(40)}`;
    const many = `[${"1,".repeat(10_001)}1]`;
    const half = JSON.stringify(`[${"1,".repeat(4_000)}1]`);
    for (const [text, msg] of [
      [nested, "Nest at most 32 levels."],
      [many, "Send at most 10000 values."],
      [`{"a":${half},"b":${half},"c":${half}}`, "Send at most 10000 values."],
      [`{"element_id":"${STRANGE}","element_id":"mine"}`, "Write each member once."],
    ] as const) {
      const refused = await post({ ext_info: text });
      expect([refused.status, refused.body]).toMatchObject([422, { detail: [{ loc: ["body", "ext_info"], msg }] }]);
    }
    // As a number it would be read as another one than the vendor reads.
    const rounded = await post({ ext_info: `{"element_id":${STRANGE}}` });
    expect([rounded.status, rounded.body]).toMatchObject([422, { detail: [{ msg: "Write this id as text." }] }]);
    const ids = Array.from({ length: 101 }, (_, index) => `id-${index}`);
    expect((await post({ file_ids: ids })).status).toBe(422);
    await withRival();
    gateway.clock.offsetMs += 61_000;
    expect((await post({ last_frame_file_id: "9".repeat(201) })).status).toBe(422);
  });
});

describe("one's own id", () => {
  it("may be used as soon as its task is over, also before the record has heard of it", async ({ expect }) => {
    // The record takes nothing in, and answers all the same.
    const DB = interceptD1(({ statements, run }) =>
      statements.length > 1 ? Promise.reject(new Error("away")) : run(),
    );
    await start({ FOREIGN_IDS: "refuse", DB });
    const { id } = await submit(gateway, { output_config: { storage_mode: "Permanent" } });
    await notifyUntilDone(gateway);
    const file = await fileOf(id);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM produced_ids").first("n")).toBe(0);
    expect((await post({ last_frame_file_id: file })).status).toBe(200);
    expect((await post({ last_frame_file_id: STRANGE })).status).toBe(422);
  });

  it("is judged by nobody while the record is away, unless there is one owner", async ({ expect }) => {
    const { db, state } = fragileRecord();
    await start({ DB: db });
    expect((await post({ last_frame_file_id: STRANGE })).status).toBe(200);
    state.mode = "away";
    gateway.clock.offsetMs += 61_000;
    expect((await post({ last_frame_file_id: STRANGE })).status).toBe(200);
    state.mode = "there";
    await withRival();
    gateway.clock.offsetMs += 61_000;
    expect((await post({ last_frame_file_id: STRANGE })).status).toBe(422);
    state.mode = "away";
    const before = await creates();
    expect((await post({ last_frame_file_id: STRANGE })).status).toBe(503);
    expect((await post({})).status).toBe(200);
    expect(await creates()).toBe(before + 1);
  });
});

describe("settings of the vendor's account", () => {
  const SETTINGS: [string, Json][] = [
    ["procedure", { procedure: "expensive-flow" }],
    ["output_config.class_id", { output_config: { class_id: 7 } }],
    ["output_config.procedure", { output_config: { procedure: "expensive-flow" } }],
  ];

  beforeEach(async () => {
    await start();
    await addKey("sk-tenant", "acme", ["submit", "read", "admin"]);
    await addKey("sk-vendor", "acme", ["submit", "vendor"]);
  });

  it.for(SETTINGS)("%s needs the scope vendor", async ([place, body], { expect }) => {
    const refused = await post(body, "sk-tenant");
    expect([refused.status, refused.body]).toMatchObject([
      403,
      { code: "forbidden", message: `${place}: This key does not have the scope "vendor".` },
    ]);
    expect(await emulator.calls()).toEqual({});
    expect((await post(body, "sk-vendor", `${VIDEO}?dry_run=1`)).status).toBe(200);
  });

  it("are a key pair's with that scope only", async ({ expect }) => {
    const body = { ...TENCENT_VIDEO, Procedure: "expensive-flow" };
    expect((await call(gateway, "CreateAigcVideoTask", body)).Error).toEqual({
      Code: "UnauthorizedOperation",
      Message: 'Procedure: This key does not have the scope "vendor".',
    });
    const pair = { secretId: "AKIDofVendor", secretKey: "secretOfVendor" };
    await addPair(pair, "acme", ["submit", "vendor"]);
    expect((await call(gateway, "CreateAigcVideoTask", body, { pair })).TaskId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("left as they are need nothing", async ({ expect }) => {
    const body = { procedure: "", output_config: { class_id: 0 } };
    expect((await post(body, "sk-tenant")).status).toBe(200);
  });
});
