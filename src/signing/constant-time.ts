import { utf8 } from "./encoding.ts";

/**
 * Compares without telling, by the time it takes, where or by how much the two differ. Both sides are hashed first,
 * because `timingSafeEqual` throws on unequal lengths.
 */
export async function constantTimeEqual(a: string, b: string): Promise<boolean> {
  const [hashA, hashB] = await Promise.all([
    crypto.subtle.digest("SHA-256", utf8(a)),
    crypto.subtle.digest("SHA-256", utf8(b)),
  ]);
  return crypto.subtle.timingSafeEqual(hashA, hashB);
}
