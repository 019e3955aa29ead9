import type { Context } from "hono";
import { cors } from "hono/cors";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { version as VERSION } from "../package.json";
import { callbacks } from "./callbacks/route.ts";
import { ConfigError } from "./config.ts";
import { ApiError } from "./http/api-error.ts";
import type { AppEnv } from "./http/app-env.ts";
import { createRouter, fromFrameworkError } from "./http/openapi.ts";
import { requireOwnHost } from "./http/own-host.ts";
import { dispatcherUnavailable, recordUnavailable } from "./http/unavailable.ts";
import { log } from "./log.ts";
import { adminRoutes } from "./routes/admin.ts";
import { aigcDialect, aigcRoutes } from "./routes/aigc/index.ts";
import { completeDescription } from "./routes/description/index.ts";
import { createFalProxy } from "./routes/fal-proxy.ts";
import { health } from "./routes/health.ts";
import { modelRoutes } from "./routes/models.ts";
import { openAiVideosDialect, openAiVideosRoutes } from "./routes/openai-videos/index.ts";
import { tencentApiDialect, tencentApiRoutes } from "./routes/tencent-api/index.ts";
import { videoGenerationsDialect, videoGenerationsRoutes } from "./routes/video-generations/index.ts";
import type { Services } from "./services.ts";
import { StoreUnavailableError } from "./store/index.ts";
import { DispatcherUnavailableError } from "./tasks/contract.ts";
import { TooManyWatchersError } from "./tasks/watch.ts";

/** Streams end with their tasks. */
const WATCH_RETRY_AFTER_SECONDS = 10;

/** The first that claims a path answers for it, the AIGC dialect for all that is left. */
const DIALECTS = [tencentApiDialect, openAiVideosDialect, videoGenerationsDialect, aigcDialect];

/** The longest that Chromium keeps a preflight's answer. */
const PREFLIGHT_MAX_AGE_SECONDS = 7_200;

/**
 * Pages of any origin may call: a key travels in a header that the page itself must set, never in a cookie. The fal
 * headers are those that `@fal-ai/client` sends and reads, those of OpenAI and Stainless are those of `openai`.
 */
const browserAccess = cors({
  origin: "*",
  allowMethods: ["GET", "HEAD", "POST", "PUT", "DELETE"],
  allowHeaders: [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
    "openai-organization",
    "openai-project",
    "prefer",
    "range",
    "x-fal-no-retry",
    "x-fal-object-lifecycle-preference",
    "x-fal-queue-priority",
    "x-fal-request-timeout",
    "x-fal-runner-hint",
    "x-fal-store-io",
    "x-fal-target-url",
    "x-stainless-arch",
    "x-stainless-custom-poll-interval",
    "x-stainless-helper-method",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-poll-helper",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-timeout",
  ],
  exposeHeaders: [
    "content-disposition",
    "content-range",
    "etag",
    "idempotent-replayed",
    "openai-poll-after-ms",
    "retry-after",
    "x-fal-request-id",
    "x-fal-request-timeout-type",
    "x-reelgate-warnings",
    "x-should-retry",
  ],
  maxAge: PREFLIGHT_MAX_AGE_SECONDS,
});

/**
 * The gateway as an HTTP application. `createServices` is called once for each `env` the runtime hands out, so that API
 * keys and the day's signing key stay in memory between requests; it may throw {@link ConfigError}.
 */
export function createApp(createServices: (env: Env) => Services) {
  const app = createRouter();
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", { type: "http", scheme: "bearer" });
  const services = new WeakMap<Env, Services>();

  app.use(secureHeaders());
  // The vendor is no page.
  app.use((c, next) => (c.req.path.startsWith("/callbacks/") ? next() : browserAccess(c, next)));
  app.use(async function provideServices(c, next) {
    let current = services.get(c.env);
    if (!current) {
      current = createServices(c.env);
      services.set(c.env, current);
    }
    c.set("services", current);
    await next();
  });
  app.use(requireOwnHost);
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(", ");
        const message = `${c.req.path} takes ${allow}, not ${c.req.method}.`;
        return respond(c, new ApiError("method_not_allowed", message, { headers: { allow } }));
      },
    }),
  );

  app.route("/", health);
  app.route("/", callbacks);
  app.route("/", aigcRoutes);
  app.route("/", openAiVideosRoutes);
  app.route("/", videoGenerationsRoutes);
  app.route("/", adminRoutes);
  app.route("/", modelRoutes);
  app.route("/", tencentApiRoutes);
  app.route(
    "/",
    createFalProxy((request, env, context) => app.fetch(request, env, context)),
  );

  // Built once: it is the same for everybody, and not cheap.
  let description: object | undefined;
  app.get("/openapi.json", (c) => {
    description ??= completeDescription(
      app.getOpenAPI31Document({
        openapi: "3.1.0",
        info: {
          title: "Reelgate",
          version: VERSION,
          description: "AI video and image generation on Tencent Cloud VOD.",
        },
        security: [{ apiKey: [] }],
      }),
    );
    return c.json(description);
  });

  app.notFound((c) => respond(c, new ApiError("not_found", `There is nothing at ${c.req.method} ${c.req.path}.`)));
  app.onError((error, c) => respond(c, toApiError(error, c)));
  return app;
}

function respond(c: Context<AppEnv>, error: ApiError): Response {
  const dialect = DIALECTS.find((known) => known.claims(c.req.path, c.req.method)) ?? aigcDialect;
  const { status, body } = dialect.renderError(error, c);
  return c.json(body, status as ContentfulStatusCode, error.options.headers);
}

function toApiError(error: Error, c: Context<AppEnv>): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ConfigError) {
    log("error", "config.invalid", { error: error.message });
    return new ApiError("not_configured", error.message);
  }
  if (error instanceof StoreUnavailableError) {
    log("error", "store.unavailable", { method: c.req.method, error: error.message });
    return recordUnavailable();
  }
  // Logged with each try.
  if (error instanceof DispatcherUnavailableError) return dispatcherUnavailable({ overloaded: error.overloaded });
  if (error instanceof TooManyWatchersError) {
    const { maxStreams } = c.get("services").config.limits;
    const message = `You have ${maxStreams} streams and waits open, the most that may be at once. Close some, or poll.`;
    return new ApiError("too_many_requests", message, {
      headers: { "retry-after": String(WATCH_RETRY_AFTER_SECONDS) },
    });
  }
  const framework = fromFrameworkError(error);
  if (framework) return framework;
  log("error", "request.failed", { method: c.req.method, error: error.stack ?? String(error) });
  return new ApiError("internal_error", "The gateway failed. Nothing in the request is at fault.");
}
