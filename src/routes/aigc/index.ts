import { createRouter } from "../../http/openapi.ts";
import { liveRoutes } from "./live.ts";
import { requestRoutes } from "./requests.ts";
import { submitRoutes } from "./submit.ts";

export { aigcDialect } from "./errors.ts";

/** The AIGC dialect: seeds 000–002, read by fal's clients. */
export const aigcRoutes = createRouter().route("/", submitRoutes).route("/", liveRoutes).route("/", requestRoutes);
