declare namespace Cloudflare {
  interface Env {
    /** The emulator of the vendor, a Worker of its own. */
    EMULATOR: Fetcher;
    TEST_MIGRATIONS: import("cloudflare:test").D1Migration[];
    VOD_SIGN_KEY: string;
    /** Empty: chance decides. */
    TEST_SEED: string;
    /** Empty: a few. */
    TEST_FUZZ_RUNS: string;
  }
}
