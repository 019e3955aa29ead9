import { createApp } from "./app.ts";
import { platformDeps } from "./deps.ts";
import { createServices, type Services } from "./services.ts";
import { applyRetention } from "./tasks/retention.ts";
import { dispatcherOf } from "./tasks/dispatch/client.ts";

export { Dispatcher } from "./tasks/dispatch/object.ts";

function servicesOf(env: Env): Services {
  return createServices({ env, deps: platformDeps, dispatcher: dispatcherOf(env, platformDeps.sleep) });
}

const app = createApp(servicesOf);

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    await env.DISPATCHER.getByName(env.VOD_SUB_APP_ID).reconcile();
    await applyRetention(servicesOf(env));
  },
} satisfies ExportedHandler<Env>;
