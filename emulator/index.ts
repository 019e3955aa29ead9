/*
 * Tencent VOD on your machine: the second Worker that `npm start`, `npm run demo` and the tests boot beside the gateway.
 * Not for deployment: its control calls need no authentication.
 */
import type { EmulatorEnv } from "./settings.ts";
import { MEDIA_PATH, serveMedia } from "./media.ts";

export { Vendor } from "./vendor.ts";

/** A page that has its own name point here (DNS rebinding) must not reach the control calls. */
const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);

export default {
  fetch(request, env) {
    if (env.GATEWAY_LOCAL === "1" && !LOOPBACK_NAMES.has(new URL(request.url).hostname))
      return new Response("The emulator answers under localhost and 127.0.0.1 only.\n", { status: 421 });
    if (new URL(request.url).pathname.startsWith(MEDIA_PATH)) return serveMedia(request);
    return env.VENDOR.getByName("vendor").fetch(request);
  },
} satisfies ExportedHandler<EmulatorEnv>;
