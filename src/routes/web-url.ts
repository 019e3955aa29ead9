/** Servers take no longer ones; to read a URL takes time, and of some hosts' names more than they are long. */
export const URL_MAX_CHARACTERS = 8_192;

/** Whether a file could be fetched from there by anybody. */
export function isWebUrl(text: string): boolean {
  if (text.length > URL_MAX_CHARACTERS) return false;
  const protocol = URL.parse(text)?.protocol;
  return protocol === "https:" || protocol === "http:";
}
