import * as z from "zod";
import type { Target } from "./client.ts";

/** Someone who watches a task over HTTP. Times are milliseconds since the epoch. */
export type Watcher = {
  /** Settles with the first event. */
  opened: Promise<void>;
  /** When `COMPLETED` came; undefined when the stream ended without it. */
  completed: Promise<number | undefined>;
};

const event = z.looseObject({ status: z.string() });

/** Opens the task's event stream. */
export function watch({ gatewayUrl, apiKey }: Target, id: string, signal: AbortSignal): Watcher {
  const opened = Promise.withResolvers<void>();
  const completed = follow(`${gatewayUrl}/tencent-vod/v1/requests/${id}/status/stream`, apiKey, signal, opened.resolve);
  completed.then(
    () => opened.reject(new Error("The stream ended before its first event")),
    (error: unknown) => opened.reject(error),
  );
  return { opened: opened.promise, completed };
}

async function follow(
  url: string,
  apiKey: string,
  signal: AbortSignal,
  onEvent: () => void,
): Promise<number | undefined> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` }, signal });
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  let completedAt: number | undefined;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const data of blocks.flatMap(dataOf)) {
      onEvent();
      if (event.parse(JSON.parse(data)).status === "COMPLETED") completedAt ??= Date.now();
    }
  }
  return completedAt;
}

/** The data of an event; none of a comment. */
function dataOf(block: string): string[] {
  return block
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice("data: ".length));
}
