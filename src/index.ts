import { createApp } from "./app.ts";
import { platformDeps } from "./deps.ts";
import { createServices } from "./services.ts";
import { dispatcherClient } from "./tasks/dispatcher-client.ts";
import { keepHouse } from "./tasks/housekeeping.ts";

export { Dispatcher } from "./dispatcher/object.ts";

const app = createApp((env) =>
  createServices({ env, deps: platformDeps, dispatcher: dispatcherClient(env, platformDeps) }),
);

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    const dispatcher = dispatcherClient(env, platformDeps);
    await keepHouse(createServices({ env, deps: platformDeps, dispatcher }), dispatcher);
  },
} satisfies ExportedHandler<Env>;
