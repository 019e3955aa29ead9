/** Where the counting Worker tells its counts (GET) and forgets them (DELETE). */
export const COUNTS_PATH = "/_bench/counts";
