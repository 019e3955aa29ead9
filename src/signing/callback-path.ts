/*
 * The last part of the callback's path, unless it is set by hand. It is seen by whoever sees a URL: the vendor's console,
 * proxies, access logs. So it opens nothing but the path.
 */
import { derivedKeys } from "./derive.ts";
import { hex } from "./encoding.ts";

/** 64 letters and digits each, the current one first. */
export const callbackPathSecrets = derivedKeys({ label: "callback path", versions: [1] }, async (bytes) => hex(bytes));
