/*
 * Tencent VOD on your machine: the second Worker that `npm start`, `npm run demo` and the tests boot beside the gateway.
 * Not for deployment: its control calls need no authentication.
 */
import type { EmulatorEnv } from "./settings.ts";
import { MEDIA_PATH, serveMedia } from "./media.ts";

export { Vendor } from "./vendor.ts";

export default {
  fetch(request, env) {
    if (new URL(request.url).pathname.startsWith(MEDIA_PATH)) return serveMedia(request);
    return env.VENDOR.getByName("vendor").fetch(request);
  },
} satisfies ExportedHandler<EmulatorEnv>;
