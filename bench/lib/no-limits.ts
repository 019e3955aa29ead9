/** Calls a second, tasks at once, of a vendor or a gateway that limits none. */
export const UNLIMITED = 1_000_000;
/** As many as the gateway takes (src/config.ts); the platform allows an invocation six, the local runtime any number. */
const MOST_CONNECTIONS = 1_000;

/** Variables of a gateway that neither holds tasks back nor turns any away. */
export const NO_LIMITS = {
  VOD_CONCURRENCY: String(UNLIMITED),
  VOD_REQUESTS_PER_SECOND: String(UNLIMITED),
  VOD_CONNECTIONS: String(MOST_CONNECTIONS),
  MAX_WAITING: String(UNLIMITED),
  MAX_WAITING_MEGABYTES: String(UNLIMITED),
  MAX_DAILY_MEGABYTES: String(UNLIMITED),
  MAX_STREAMS: String(UNLIMITED),
};
