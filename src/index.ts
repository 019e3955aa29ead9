import { createApp } from "./app.ts";
import { platformDeps } from "./deps.ts";
import { createServices } from "./services.ts";
import { wakeDispatcher } from "./tasks/dispatcher.ts";
import { sweep } from "./tasks/sweep.ts";

export { Dispatcher } from "./tasks/dispatcher.ts";

const app = createApp(platformDeps);

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    const wake = wakeDispatcher(env);
    const next = await sweep(createServices({ env, deps: platformDeps, wake }));
    if (next !== null) await wake(next);
  },
} satisfies ExportedHandler<Env>;
