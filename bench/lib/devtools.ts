import * as z from "zod";

const answer = z.looseObject({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** A connection to one isolate of the runtime, in the DevTools protocol. */
export type DevTools = {
  /** @throws when the isolate refuses, or the connection ends */
  send: (method: string, params?: object) => Promise<unknown>;
  close: () => void;
};

/** @param url of the isolate's WebSocket */
export async function connectDevTools(url: string): Promise<DevTools> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const opened = Promise.withResolvers<void>();
  let lastId = 0;
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("close", () => {
    opened.reject(new Error(`There is no isolate at ${url}`));
    for (const call of waiting.values()) call.reject(new Error("The inspector has gone"));
  });
  socket.addEventListener("message", ({ data }) => {
    // Events have no id.
    const parsed = answer.safeParse(JSON.parse(String(data)));
    if (!parsed.success) return;
    const { id, result, error } = parsed.data;
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  await opened.promise;
  return {
    send: (method, params = {}) => {
      const id = ++lastId;
      const call = Promise.withResolvers<unknown>();
      waiting.set(id, call);
      socket.send(JSON.stringify({ id, method, params }));
      return call.promise;
    },
    close: () => socket.close(),
  };
}
