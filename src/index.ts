import { createApp } from "./app.ts";
import { platformDeps } from "./deps.ts";
import { createServices } from "./services.ts";
import { dispatcherOf } from "./tasks/dispatch/client.ts";

export { Dispatcher } from "./tasks/dispatch/object.ts";

const app = createApp((env) =>
  createServices({ env, deps: platformDeps, dispatcher: dispatcherOf(env, platformDeps.sleep) }),
);

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    await env.DISPATCHER.getByName(env.VOD_SUB_APP_ID).reconcile();
  },
} satisfies ExportedHandler<Env>;
