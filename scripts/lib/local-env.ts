/*
 * Every value that is good for a machine of one's own and for nothing else. A deploy reads none of this.
 */

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const DEFAULT_GATEWAY_PORT = 8787;
export const DEFAULT_EMULATOR_PORT = 8788;
export const DEFAULT_STATE_DIR = ".wrangler/state";

/** Every scope; seeded by the local start, never by a deploy, and against a real vendor only on request. */
export const DEV_API_KEY = "sk-dev";
export const DEV_OWNER = "dev";

const LOCAL_VALUES = {
  VOD_SUB_APP_ID: "251007502",
  VOD_SECRET_ID: "AKIDlocal",
  VOD_SECRET_KEY: "local-secret-key",
  VOD_SIGN_KEY: "localSignKey",
  GATEWAY_SECRET: "local-gateway-secret",
  CALLBACK_SECRET: "local-callback",
  ADMIN_TOKEN: "local-admin",
};

/** Tells both Workers where they run: short secrets pass, foreign host names do not. */
const LOCAL_MARK = { GATEWAY_LOCAL: "1" };

const PASSED_THROUGH = [
  "GATEWAY_SECRET_PREVIOUS",
  "CALLBACK_SECRET_PREVIOUS",
  "VOD_ENDPOINT",
  "VOD_TOKEN",
  "VOD_SIGN_KEY_PREVIOUS",
  "VOD_CONCURRENCY",
  "VOD_REQUESTS_PER_SECOND",
  "VOD_MODEL_CONCURRENCY",
  "VOD_REREAD_SECONDS",
  "VOD_CONNECTIONS",
  "VOD_RESEND_SECONDS",
  "MAX_WAITING",
  "MAX_WAITING_MEGABYTES",
  "MAX_DAILY_MEGABYTES",
  "MAX_STREAMS",
  "VOD_EVENT_MODE",
  "RETENTION_DAYS",
  "INPUT_RETENTION_DAYS",
  "FOREIGN_IDS",
  "MEDIA_ORIGINS",
  "MEDIA_MAX_MEGABYTES",
  "MEDIA_IDLE_SECONDS",
  "MODEL_POLICY",
  "VOD_DEFAULTS",
  "DISPATCHER_LOCATION",
  "PUBLIC_URL",
];

const EMULATOR_VALUES = ["VOD_SUB_APP_ID", "VOD_SECRET_ID", "VOD_SECRET_KEY", "VOD_SIGN_KEY"] as const;

export type GatewayVars = typeof LOCAL_VALUES & Record<string, string>;

/** Variables and secrets of a local gateway: what the environment sets, else the local value, else nothing. */
export function gatewayVars(environment: Environment): GatewayVars {
  const vars: GatewayVars = { ...LOCAL_VALUES };
  for (const name of [...Object.keys(LOCAL_VALUES), ...PASSED_THROUGH]) {
    const value = environment[name];
    if (value !== undefined) vars[name] = value;
  }
  return { ...vars, ...LOCAL_MARK };
}

/** The emulator's half of what gateway and vendor must agree on. */
export function emulatorVars(gateway: GatewayVars, notificationUrl: string | undefined): Record<string, string> {
  const vars: Record<string, string> = Object.fromEntries(EMULATOR_VALUES.map((name) => [name, gateway[name]]));
  Object.assign(vars, LOCAL_MARK);
  if (notificationUrl !== undefined) vars["NOTIFICATION_URL"] = notificationUrl;
  return vars;
}
