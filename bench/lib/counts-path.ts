/** Where the counting Worker tells its counts (GET), forgets them (DELETE), and has its clock put ahead (PUT). */
export const COUNTS_PATH = "/_bench/counts";
