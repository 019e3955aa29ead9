import { buildWorkers } from "../../../scripts/lib/build.ts";
import { TEST_BUILD_DIR } from "./paths.ts";

/** Builds both Workers once, for every test file. */
export default function setup(): Promise<void> {
  return buildWorkers(TEST_BUILD_DIR, ["gateway", "emulator"]);
}
