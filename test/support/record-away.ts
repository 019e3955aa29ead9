/* D1 that can be away, and whose answers can be lost. */
import { env } from "cloudflare:workers";

export type RecordState = {
  /** `lost`: what is asked is done, and its answer never arrives. */
  mode: "there" | "away" | "lost";
  /** Calls since the start, whatever became of them. */
  calls: number;
};

const LOST = "D1_ERROR: Network connection lost.";

/** The database, with `state` to say how it is. */
export function fragileRecord(): { db: D1Database; state: RecordState } {
  const state: RecordState = { mode: "there", calls: 0 };

  async function through<T>(work: () => Promise<T>): Promise<T> {
    state.calls += 1;
    if (state.mode === "away") throw new Error(LOST);
    const result = await work();
    if (state.mode === "lost") throw new Error(LOST);
    return result;
  }

  // A batch takes the statements themselves, not what stands in for them.
  const originals = new WeakMap<object, D1PreparedStatement>();
  function statement(original: D1PreparedStatement): D1PreparedStatement {
    const proxy = new Proxy(original, {
      get(target, name: keyof D1PreparedStatement) {
        const member = target[name] as (...input: unknown[]) => unknown;
        if (name === "bind") return (...input: unknown[]) => statement(target.bind(...input));
        return (...input: unknown[]) => through(async () => member.apply(target, input));
      },
    });
    originals.set(proxy, original);
    return proxy;
  }

  const db = new Proxy(env.DB, {
    get(target, name: keyof D1Database) {
      if (name === "prepare") return (sql: string) => statement(target.prepare(sql));
      if (name === "batch") {
        return (statements: D1PreparedStatement[]) =>
          through(() => target.batch(statements.map((each) => originals.get(each) ?? each)));
      }
      const member = target[name] as (...input: unknown[]) => unknown;
      return (...input: unknown[]) => through(async () => member.apply(target, input));
    },
  });
  return { db, state };
}
