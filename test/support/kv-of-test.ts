import { env } from "cloudflare:workers";

let tests = 0;

/** Another test begins. */
export function beginTest(): void {
  tests += 1;
}

/**
 * The KV namespace as one test sees it: each has names of its own, because a note that one leaves on its way may arrive
 * after the next has begun with an empty namespace.
 */
export function kvOfTest(): KVNamespace {
  const prefix = `test-${tests}/`;
  return new Proxy(env.DEDUPE, {
    get(namespace, member: keyof KVNamespace) {
      if (member === "list")
        return async () => {
          const { keys } = await namespace.list({ prefix });
          return { keys: keys.map(({ name }) => ({ name: name.slice(prefix.length) })) };
        };
      const call = namespace[member] as (name: string, ...rest: unknown[]) => Promise<unknown>;
      return (name: string, ...rest: unknown[]) => call.call(namespace, prefix + name, ...rest);
    },
  });
}
