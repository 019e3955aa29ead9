import { createRoute } from "@hono/zod-openapi";
import { requireScope } from "../../http/auth.ts";
import { limitBody } from "../../http/body.ts";
import { createRouter } from "../../http/openapi.ts";
import { publicOrigin } from "../../http/urls.ts";
import type { CreateAction } from "../../vod/requests.ts";
import { submitDraft } from "../submission.ts";
import { withSeedDefaults } from "./defaults.ts";
import { renderSubmitted } from "./render.ts";
import { submitResponses } from "./responses.ts";
import { submitBody } from "./schema.ts";
import { toVendorRequest } from "./translate.ts";

/** `POST /tencent-vod/v1/aigc-video` and `/aigc-image`. */
export const submitRoutes = createRouter();

const ACTIONS: Record<string, CreateAction> = {
  "/tencent-vod/v1/aigc-video": "CreateAigcVideoTask",
  "/tencent-vod/v1/aigc-image": "CreateAigcImageTask",
};

for (const [path, action] of Object.entries(ACTIONS)) {
  const route = createRoute({
    method: "post",
    path,
    summary: action === "CreateAigcVideoTask" ? "Generate a video" : "Generate images",
    middleware: [requireScope("submit"), limitBody] as const,
    request: { body: { required: true, content: { "application/json": { schema: submitBody } } } },
    responses: submitResponses,
  });
  submitRoutes.openapi(route, async (c) => {
    const body = c.req.valid("json");
    const asked = toVendorRequest(action, body);
    const { defaults } = c.get("services").config.vod;
    const submission = await submitDraft(c, {
      dialect: "aigc",
      action,
      request: defaults === "seeds" ? withSeedDefaults(action, asked) : asked,
      sessionId: body.session_id ?? undefined,
      sessionContext: body.session_context ?? undefined,
      startTimeoutSeconds: body.start_timeout ?? undefined,
    });
    if (submission.kind === "dry_run") return c.json(submission.answer, 200);
    return c.json(renderSubmitted(submission, publicOrigin(c)), 200);
  });
}
