import type { Vendor } from "./vendor.ts";
import type { Config } from "./config.ts";
import { DEFAULT_CONFIG } from "./config.ts";

/** All variables are optional: the defaults are the local values of the contract. */
export type EmulatorEnv = {
  VENDOR: DurableObjectNamespace<Vendor>;
  VOD_SECRET_ID?: string;
  VOD_SECRET_KEY?: string;
  VOD_SUB_APP_ID?: string;
  VOD_SIGN_KEY?: string;
  NOTIFICATION_URL?: string;
  /** "1": names of one's own machine are answered, others refused. */
  GATEWAY_LOCAL?: string;
};

export type Settings = {
  secretId: string;
  secretKey: string;
  subAppId: number;
  /** What a reset goes back to. */
  initialConfig: Config;
};

/** @throws Error when VOD_SUB_APP_ID is not a whole number */
export function readSettings(env: EmulatorEnv): Settings {
  const subAppId = Number(env.VOD_SUB_APP_ID ?? "251007502");
  if (!Number.isSafeInteger(subAppId)) throw new Error(`VOD_SUB_APP_ID is not a whole number: ${env.VOD_SUB_APP_ID}`);
  return {
    secretId: env.VOD_SECRET_ID ?? "AKIDlocal",
    secretKey: env.VOD_SECRET_KEY ?? "local-secret-key",
    subAppId,
    initialConfig: {
      ...DEFAULT_CONFIG,
      sign_key: env.VOD_SIGN_KEY ?? "localSignKey",
      notification_url: env.NOTIFICATION_URL ?? "",
    },
  };
}
