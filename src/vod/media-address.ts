/*
 * Where the gateway fetches a file from is what the vendor's answer says. It is held to the public internet, so that no
 * answer, however it came about, has the gateway read something that only it can reach.
 */

/** IPv4 addresses that are not everybody's: first address and how many leading bits (RFC 6890 and its registry). */
const NOT_PUBLIC_IPV4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const;

/** The one range of IPv6 that is routed, 2000::/3: addresses of four digits that begin with 2 or 3. */
const ROUTED_IPV6 = /^[23][0-9a-f]{3}:/;
/** Of these, what is for documents, or leads to an IPv4 address. */
const NOT_PUBLIC_IPV6 = /^(?:2001:(?:db8:|0:|:)|2002:|3fff:)/;

/** Names that a network of one's own has. */
const LOCAL_NAME =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa|in-addr\.arpa|ip6\.arpa)$/;

/**
 * The address to fetch a file from; undefined for one that is not to be asked. The vendor writes `http` where its hosts
 * have `https` as well.
 * @param origins are fetched from as they are
 */
export function mediaAddress(url: string, origins: readonly string[] = []): URL | undefined {
  const target = URL.parse(url);
  if (!target || (target.protocol !== "https:" && target.protocol !== "http:")) return undefined;
  // A URL with a user in it is refused by `Request`.
  if (target.username || target.password) return undefined;
  if (origins.includes(target.origin)) return target;
  if (!isPublicHost(target.hostname)) return undefined;
  if (target.protocol === "https:") return target;
  // A port that was meant for http speaks nothing else.
  if (target.port !== "") return undefined;
  target.protocol = "https:";
  return target;
}

/** As the URL has it: names in lower case, addresses in their one spelling. A name is not looked up. */
function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith("[")) {
    const address = hostname.slice(1, -1);
    return ROUTED_IPV6.test(address) && !NOT_PUBLIC_IPV6.test(address);
  }
  const name = hostname.replace(/\.$/, "");
  if (/^\d+(?:\.\d+){3}$/.test(name)) return isPublicIpv4(name);
  return name.includes(".") && !LOCAL_NAME.test(name);
}

function isPublicIpv4(address: string): boolean {
  const value = numberOf(address);
  return !NOT_PUBLIC_IPV4.some(([first, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(value / size) === Math.floor(numberOf(first) / size);
  });
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
