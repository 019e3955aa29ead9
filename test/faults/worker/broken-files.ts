import type { Trouble } from "../trouble.ts";

/**
 * A file that is older counts as an hour older still: the sweep then has something to do while the soak runs. No
 * submission takes so long from its file to its task.
 */
const AGES_AFTER_MS = 20_000;
const AGES_BY_MS = 60 * 60 * 1000;

type Members = Record<string, unknown>;
type Call = (...input: unknown[]) => Promise<unknown>;
type Page = { objects: { key: string; uploaded: Date }[]; truncated: boolean; cursor?: string };
type Bucket = { list: (options: object) => Promise<Page> };

/** R2, failing when it is told to. */
export class BrokenFiles {
  private awayUntil = 0;
  private breaks = 0;
  private agesAfterMs = AGES_AFTER_MS;

  trouble(trouble: Trouble): void {
    if (trouble.kind === "files_away") this.awayUntil = Date.now() + trouble.forMs;
    if (trouble.kind === "files_age") this.agesAfterMs = 0;
    if (trouble.kind === "files_break") this.breaks = trouble.calls;
  }

  wrap(binding: object): object {
    return new Proxy(binding as Members, {
      get: (bucket, name: string) => {
        const member = bucket[name];
        if (typeof member !== "function") return member;
        return async (...input: unknown[]) => this.call(name, () => Reflect.apply(member as Call, bucket, input));
      },
    });
  }

  private async call(name: string, work: () => Promise<unknown>): Promise<unknown> {
    if (Date.now() < this.awayUntil) throw new Error(`${name}: Unspecified error (0)`);
    const answer = await work();
    if (name === "list") return aged(answer as Page, this.agesAfterMs);
    if (this.breaks === 0) return answer;
    this.breaks -= 1;
    if (name === "get" && answer !== null) return torn(answer as Members);
    throw new Error(`${name}: Network connection lost.`);
  }
}

function aged(page: Page, afterMs: number): object {
  const before = Date.now() - afterMs;
  const objects = page.objects.map(({ key, uploaded }) => ({
    key,
    uploaded: uploaded.getTime() <= before ? new Date(uploaded.getTime() - AGES_BY_MS) : uploaded,
  }));
  return { objects, truncated: page.truncated, ...(page.cursor !== undefined && { cursor: page.cursor }) };
}

/** The same file, but reading it breaks off after the first piece. */
function torn(file: Members): object {
  const body = (file["body"] as ReadableStream<Uint8Array>).pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        controller.enqueue(piece.subarray(0, Math.ceil(piece.length / 2)));
        controller.error(new Error("Network connection lost."));
      },
    }),
  );
  return {
    key: file["key"],
    size: file["size"],
    body,
    text: () => Promise.reject(new Error("Network connection lost.")),
  };
}

export async function filesOf(binding: object): Promise<string[]> {
  const bucket = binding as Bucket;
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Page = await bucket.list(cursor === undefined ? {} : { cursor });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return keys;
}
