import {
  CALLBACK,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

export const VIDEOS = "/v1/videos";

/** The first bytes of each kind of image are all that is looked at. */
export const PNG_BYTES = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUg=="), (c) => c.charCodeAt(0));
export const JPEG_BYTES = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70, 0, 1]);

export type Answer = { status: number; body: Json; headers: Headers };
export type ErrorMembers = { message: string; type: string; param: string | null; code: string };

async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, body: await response.json<Json>(), headers: response.headers };
}

/** A gateway on an emulator that knows nothing yet, and the calls of an OpenAI client on it. */
export async function startVideos(options?: Parameters<typeof startGateway>[0]) {
  await emulator.reset();
  const gateway = await startGateway(options);
  return videosAt(gateway);
}

export type Videos = ReturnType<typeof videosAt>;

export function videosAt(gateway: Gateway) {
  const videos = {
    gateway,
    post: async (body: unknown, headers: Record<string, string> = {}, path = VIDEOS) =>
      answerOf(await gateway.post(path, body, { headers })),
    postForm: async (form: FormData, headers: Record<string, string> = {}) =>
      answerOf(await gateway.request(VIDEOS, { method: "POST", body: form, headers })),
    get: async (path: string) => answerOf(await gateway.get(path)),
    remove: async (id: string) => answerOf(await gateway.request(`${VIDEOS}/${id}`, { method: "DELETE" })),
    remix: async (id: string, body: unknown, headers: Record<string, string> = {}) =>
      videos.post(body, headers, `${VIDEOS}/${id}/remix`),
    /** The id of a create that must be accepted. */
    async create(body: Json = { prompt: "a car" }): Promise<string> {
      const answer = await videos.post(body);
      if (answer.status !== 200) throw new Error(`Refused: ${JSON.stringify(answer.body)}`);
      return String(answer.body["id"]);
    },
    /** The vendor ends all it has, and says so. */
    async complete(): Promise<void> {
      for (const task of await vendorFinishes()) {
        const response = await gateway.post(CALLBACK, await completionOf(task), { key: null });
        if (response.status !== 200) throw new Error(`Callback refused: ${await response.text()}`);
      }
    },
    async finished(body?: Json): Promise<string> {
      const id = await videos.create(body);
      await videos.complete();
      return id;
    },
  };
  return videos;
}

/** The requests the vendor was paid for, without what names the task. */
export async function vendorGot(): Promise<Json[]> {
  return (await emulator.tasks()).map((task) => {
    const { SubAppId: _app, SessionId: _id, SessionContext: _context, ...request } = task.request;
    return request;
  });
}

export function formOf(fields: Record<string, string | Blob>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}
