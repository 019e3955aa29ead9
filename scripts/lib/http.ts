/** An answer read to its end. `body` is the parsed JSON, or the text where it is not JSON. */
export type Answer = { status: number; headers: Headers; body: unknown };

export type CallOptions = {
  method?: string;
  headers?: Record<string, string>;
  apiKey?: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, instead of `json`. */
  text?: string;
};

const CALL_TIMEOUT_MS = 30_000;

/** @throws when there is no answer within {@link CALL_TIMEOUT_MS}; every answer, whatever its status, is returned. */
export async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const body = options.text ?? (options.json === undefined ? undefined : JSON.stringify(options.json));
  const response = await fetch(url, {
    method: options.method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(options.apiKey !== undefined && { authorization: `Bearer ${options.apiKey}` }),
      ...options.headers,
    },
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
