import type { Context } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { callbacks } from "./callbacks/route.ts";
import { ConfigError } from "./config.ts";
import type { Deps } from "./deps.ts";
import { ApiError } from "./http/api-error.ts";
import type { AppEnv } from "./http/app-env.ts";
import { createRouter, fromFrameworkError } from "./http/openapi.ts";
import { log } from "./log.ts";
import { aigcDialect, aigcRoutes } from "./routes/aigc/index.ts";
import { health } from "./routes/health.ts";
import { videoGenerationsDialect, videoGenerationsRoutes } from "./routes/video-generations/index.ts";
import { createServices, type Services } from "./services.ts";
import { wakeDispatcher } from "./tasks/dispatcher.ts";

/** The AIGC dialect is the last resort: it answers for every path no other dialect claims. */
const DIALECTS = [videoGenerationsDialect, aigcDialect];

/** The gateway as an HTTP application. `deps` are its clock, randomness and network. */
export function createApp(deps: Deps) {
  const app = createRouter();
  // Per isolate, so that API keys and the day's signing key stay in memory between requests.
  const services = new WeakMap<Env, Services>();

  app.use(secureHeaders());
  app.use(async function provideServices(c, next) {
    let current = services.get(c.env);
    if (!current) {
      current = createServices({ env: c.env, deps, wake: wakeDispatcher(c.env) });
      services.set(c.env, current);
    }
    c.set("services", current);
    await next();
  });
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
  app.route("/", videoGenerationsRoutes);

  app.notFound((c) => respond(c, new ApiError("not_found", `There is nothing at ${c.req.method} ${c.req.path}.`)));
  app.onError((error, c) => respond(c, toApiError(error, c)));
  return app;
}

function respond(c: Context<AppEnv>, error: ApiError): Response {
  const dialect = DIALECTS.find(({ pathPrefix }) => c.req.path.startsWith(pathPrefix)) ?? aigcDialect;
  const { status, body } = dialect.renderError(error);
  return c.json(body, status as ContentfulStatusCode, error.options.headers);
}

function toApiError(error: Error, c: Context<AppEnv>): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ConfigError) {
    log("error", "config.invalid", { error: error.message });
    return new ApiError("not_configured", error.message);
  }
  const framework = fromFrameworkError(error);
  if (framework) return framework;
  log("error", "request.failed", { method: c.req.method, error: error.stack ?? String(error) });
  return new ApiError("internal_error", "The gateway failed. Nothing in the request is at fault.");
}
