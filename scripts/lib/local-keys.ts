import type { Miniflare } from "miniflare";
import { REVOKE_OTHERS_OF_NAME, SEED_API_KEY } from "../../src/store/api-key-sql.ts";
import { SCOPES } from "../../src/auth/scopes.ts";
import { generateApiKey, hashOf, type NewApiKey, newApiKeyRow } from "./api-key.ts";
import { DEV_API_KEY, DEV_OWNER, type Environment } from "./local-env.ts";
import { UsageError } from "./usage-error.ts";

/** Makes `key` valid in the database of a running gateway; a second time changes nothing. */
export async function seedApiKey(gateway: Miniflare, key: string, input: NewApiKey): Promise<void> {
  const database = await gateway.getD1Database("DB");
  await database
    .prepare(SEED_API_KEY)
    .bind(...newApiKeyRow(key, input))
    .run();
}

export function seedDevKey(gateway: Miniflare): Promise<void> {
  return seedLocalKey(gateway, DEV_API_KEY);
}

/**
 * The key of a local start. `sk-dev` is known to everybody, every page in a browser included: with it nobody shall spend
 * money at a real vendor, unless its owner says so.
 * @throws {UsageError} when `DEV_KEY` is set to anything but `sk-dev`
 */
export function localKey({ DEV_KEY: wanted }: Environment, withEmulator: boolean): string {
  if (wanted && wanted !== DEV_API_KEY) throw new UsageError(`DEV_KEY can be ${DEV_API_KEY} only, or not set`);
  return withEmulator || wanted ? DEV_API_KEY : generateApiKey();
}

/** Makes a local start's key valid, and those of earlier ones invalid: another vendor may have been behind them. */
export async function seedLocalKey(gateway: Miniflare, key: string): Promise<void> {
  const name = "local development";
  await seedApiKey(gateway, key, { owner: DEV_OWNER, name, scopes: [...SCOPES] });
  const database = await gateway.getD1Database("DB");
  await database.prepare(REVOKE_OTHERS_OF_NAME).bind(DEV_OWNER, name, hashOf(key), Date.now()).run();
}
