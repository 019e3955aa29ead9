import { createRouter } from "../../http/openapi.ts";
import { contentRoutes } from "./content.ts";
import { createRoutes } from "./create.ts";
import { videoRoutes } from "./videos.ts";

export { openAiVideosDialect } from "./errors.ts";

/** The OpenAI Videos dialect. */
export const openAiVideosRoutes = createRouter();
openAiVideosRoutes.route("/", createRoutes);
openAiVideosRoutes.route("/", videoRoutes);
openAiVideosRoutes.route("/", contentRoutes);
