// Which addresses may be connected to. What comes out of DNS is not the configuration's word: a name may lead to this
// machine, to its neighbours or to a cloud's metadata service, today or tomorrow. So only public addresses are
// connected to, and private ones where the configuration itself names them: as the host of a URL, or in
// private_addresses.
//
// Sources: IANA's registries of special-purpose addresses for IPv4 and IPv6.

import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

/** Not public: this network, private, shared, loopback, link-local, protocols, tests, benchmarks, multicast, reserved. */
const SPECIAL_IPV4: readonly (readonly [network: string, prefix: number])[] = [
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
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
/** Of 2000::/3, which alone is public: protocols with Teredo, documentation, 6to4, segment routing. */
const SPECIAL_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];
/** Prefixes that stand before an IPv4 address in the last 32 bits, as groups of 16: mapped, and NAT64. */
const IPV4_PREFIXES: readonly string[] = ["0:0:0:0:0:ffff", "64:ff9b:0:0:0:0"];

/** The addresses that one destination may be at. */
export class AllowedAddresses {
  readonly #special = blockList([]);
  readonly #named: BlockList;

  /** `named`: addresses and CIDR blocks of the configuration, which was checked. */
  constructor(named: readonly string[]) {
    for (const [network, prefix] of SPECIAL_IPV4) this.#special.addSubnet(network, prefix, "ipv4");
    for (const [network, prefix] of SPECIAL_IPV6) this.#special.addSubnet(network, prefix, "ipv6");
    this.#named = blockList(named);
  }

  /** Whether an address that `host` led to may be connected to. `host` is a URL's. */
  allows(address: string, host: string): boolean {
    const plain = plainAddress(address);
    if (plain === undefined) return false;
    const family = isIPv4(plain) ? "ipv4" : "ipv6";
    if (this.#named.check(plain, family) || this.#isPublic(plain)) return true;
    const named = plainAddress(host);
    return named === undefined ? isLocalhost(host) && isLoopbackAddress(plain) : named === plain;
  }

  #isPublic(address: string): boolean {
    if (isIPv4(address)) return !this.#special.check(address, "ipv4");
    return isGlobalUnicast(address) && !this.#special.check(address, "ipv6");
  }
}

/** Whether a URL's host is an address rather than a name. */
export function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[(.*)\]$/, "$1")) !== 0;
}

/** An address in its one shortest form, IPv4 where IPv6 only wraps it; undefined for a name. */
export function plainAddress(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return undefined;
  const groups = groupsOf(bare);
  if (
    !IPV4_PREFIXES.includes(
      groups
        .slice(0, 6)
        .map((group) => group.toString(16))
        .join(":"),
    )
  )
    return shortest(bare);
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** As URL writes it. */
function shortest(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** Eight groups of 16 bits. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = shortest(address).split("::");
  const read = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  if (tail === undefined) return read(head);
  const [before, after] = [read(head), read(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function isGlobalUnicast(address: string): boolean {
  return ((groupsOf(address)[0] ?? 0) & 0xe000) === 0x2000;
}

/** Names that stand for this machine by RFC 6761. */
function isLocalhost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost");
}

function isLoopbackAddress(plain: string): boolean {
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

function blockList(named: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of named) {
    const [network = "", prefix] = text.split("/");
    const plain = plainAddress(network);
    if (plain === undefined) throw new RangeError(`cannot allow ${text}: neither an address nor CIDR`);
    const family = isIPv4(plain) ? "ipv4" : "ipv6";
    // A wrapped network's prefix counts the 96 bits before the IPv4 part.
    const wrapped = family === "ipv4" && isIPv6(network) ? 96 : 0;
    if (prefix === undefined) list.addAddress(plain, family);
    else list.addSubnet(plain, Math.max(0, Number(prefix) - wrapped), family);
  }
  return list;
}
