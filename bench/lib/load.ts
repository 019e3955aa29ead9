import { randomUUID } from "node:crypto";
import autocannon from "autocannon";

export type LoadRequest = { path: string; headers: Record<string, string>; body: string };

export type LoadOptions = {
  url: string;
  connections: number;
  seconds: number;
  /** Of `seconds`, those at the beginning that the rate leaves out: there the queues in front of the server fill up. */
  leadInSeconds?: number;
  method: "GET" | "POST";
  /** @param unique another text of 36 characters for each request */
  request: (unique: string) => LoadRequest;
};

export type Load = {
  /** Answers with a status below 300. */
  answered: number;
  /** Of them those after the lead-in, by its time. */
  perSecond: number;
  /** Of those answers, in milliseconds, ascending. */
  latenciesMs: number[];
  /** How often anything else came, by status; "error" for broken connections and timeouts. */
  others: Record<string, number>;
};

const MS_PER_SECOND = 1_000;
const FIRST_STATUS_THAT_IS_NO_SUCCESS = 300;

/** Keeps `connections` busy, one request after the other on each. What is in the air at the end is cut off. */
export async function load(options: LoadOptions): Promise<Load> {
  const { url, connections, seconds, leadInSeconds = 0, method, request } = options;
  const latenciesMs: number[] = [];
  const others: Record<string, number> = {};
  const began = performance.now();
  const leadInEnds = began + leadInSeconds * MS_PER_SECOND;
  let afterLeadIn = 0;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(
      {
        url,
        connections,
        duration: seconds,
        // Every connection has a request object of its own, or their first requests would be one and the same.
        setupClient: (client) => {
          client.setRequests([{ method, setupRequest: (previous) => ({ ...previous, ...request(randomUUID()) }) }]);
        },
      },
      (error, done) => (error ? reject(error) : resolve(done)),
    );
    // The library's own histogram has whole milliseconds.
    run.on("response", (_client, status, _bytes, latencyMs) => {
      if (status >= FIRST_STATUS_THAT_IS_NO_SUCCESS) {
        others[status] = (others[status] ?? 0) + 1;
        return;
      }
      latenciesMs.push(latencyMs);
      if (performance.now() >= leadInEnds) afterLeadIn += 1;
    });
  });
  const ended = performance.now();
  if (result.errors > 0) others["error"] = result.errors;
  return {
    answered: latenciesMs.length,
    perSecond: (afterLeadIn * MS_PER_SECOND) / (ended - leadInEnds),
    latenciesMs: latenciesMs.toSorted((a, b) => a - b),
    others,
  };
}
