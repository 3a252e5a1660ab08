// Who sends: the client's address and its User-Agent, part of what makes an entry a duplicate. X-Forwarded-For is
// believed only from trusted peers: read from the right, the first address that is not itself trusted is the client's.

import { BlockList, isIPv4, isIPv6 } from "node:net";

const MAPPED_PREFIX = "::ffff:";

/** Finds the client's address for one list of trusted proxies (addresses or CIDR). */
export class ClientAddresses {
  readonly #trusted: BlockList | undefined;

  /** Throws when a member is neither an address nor CIDR; the configuration is checked before. */
  constructor(trustedProxies: readonly string[]) {
    if (trustedProxies.length === 0) return;
    this.#trusted = new BlockList();
    for (const text of trustedProxies) trust(this.#trusted, text);
  }

  /** The client's address behind `peer`, in its shortest form; IPv4 in IPv6 is shown as IPv4. */
  of(peer: string, request: Request): string {
    const address = unmapped(peer);
    if (!this.#isTrusted(address)) return address;
    const forwarded = request.headers.get("x-forwarded-for");
    if (forwarded === null) return address;
    let client = address;
    for (const part of forwarded.split(",").toReversed()) {
      const hop = parseAddress(part.trim());
      // What stands left of something unreadable was written by nobody we know.
      if (hop === undefined) break;
      client = hop;
      if (!this.#isTrusted(hop)) break;
    }
    return client;
  }

  #isTrusted(address: string): boolean {
    if (this.#trusted === undefined) return false;
    if (isIPv4(address)) return this.#trusted.check(address, "ipv4");
    return isIPv6(address) && this.#trusted.check(address, "ipv6");
  }
}

function trust(list: BlockList, text: string): void {
  const [network = "", prefix] = text.split("/");
  const address = parseAddress(network);
  if (address === undefined) throw new RangeError(`cannot trust ${text}: neither an address nor CIDR`);
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  // A mapped network's prefix counts the 96 bits before the IPv4 part.
  const isUnmapped = family === "ipv4" && isIPv6(network);
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix) - (isUnmapped ? 96 : 0), family);
}

function unmapped(address: string): string {
  return address.startsWith(MAPPED_PREFIX) && address.includes(".") ? address.slice(MAPPED_PREFIX.length) : address;
}

/** An address as proxies write it, with or without a port, in its shortest form; undefined for anything else. */
function parseAddress(text: string): string | undefined {
  const withPort = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? /^([\d.]+):\d+$/.exec(text);
  const address = (withPort?.[1] ?? text).replace(/%.*$/, "");
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(shortest);
  if (mapped === null) return shortest;
  const [high = 0, low = 0] = mapped.slice(1).map((part) => Number.parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
