import type { Miniflare } from "miniflare";
import { SEED_API_KEY } from "../../src/store/api-key-sql.ts";
import { SCOPES } from "../../src/auth/scopes.ts";
import { type NewApiKey, newApiKeyRow } from "./api-key.ts";
import { DEV_API_KEY, DEV_OWNER } from "./local-env.ts";

/** Makes `key` valid in the database of a running gateway; a second time changes nothing. */
export async function seedApiKey(gateway: Miniflare, key: string, input: NewApiKey): Promise<void> {
  const database = await gateway.getD1Database("DB");
  await database
    .prepare(SEED_API_KEY)
    .bind(...newApiKeyRow(key, input))
    .run();
}

export function seedDevKey(gateway: Miniflare): Promise<void> {
  return seedApiKey(gateway, DEV_API_KEY, { owner: DEV_OWNER, name: "local development", scopes: [...SCOPES] });
}
