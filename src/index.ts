import { createApp } from "./app.ts";
import { platformDeps } from "./deps.ts";
import { createServices, type Services } from "./services.ts";
import { wakeDispatcher } from "./tasks/dispatcher.ts";
import { sweep } from "./tasks/sweep.ts";

export { Dispatcher } from "./tasks/dispatcher.ts";

function platformServices(env: Env): Services {
  return createServices({ env, deps: platformDeps, wake: wakeDispatcher(env) });
}

const app = createApp(platformServices);

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    const services = platformServices(env);
    const next = await sweep(services);
    if (next !== null) await services.wake(next);
  },
} satisfies ExportedHandler<Env>;
