import { join } from "node:path";
import { ROOT } from "../../../scripts/lib/paths.ts";

export const TEST_BUILD_DIR = join(ROOT, ".wrangler/test-build");
