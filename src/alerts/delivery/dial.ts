// From a host to an address that may be connected to. The name is resolved once, what comes out is checked, and the
// connection is made to that very address: a name that leads elsewhere a moment later changes nothing.

import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { isAddress } from "./addresses.ts";
import { type DeliveryContext, DeliveryError, reasonOf } from "./outcome.ts";

/** An address to connect to. */
export interface CheckedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Addresses of one name that are tried, at most. */
const ADDRESSES_MAX = 4;

/** The system's resolver, for `resolve`. */
export async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** The addresses of a URL's host that may be connected to, at least one. Throws DeliveryError. */
export async function checkedAddresses(
  hostname: string,
  { resolve, allowed }: Pick<DeliveryContext, "resolve" | "allowed">,
): Promise<readonly CheckedAddress[]> {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  const found = isAddress(bare) ? [bare] : await resolved(bare, resolve);
  const usable = found.filter((address) => allowed.allows(address, bare));
  if (usable.length === 0) {
    const hint = "private_addresses in the configuration allows it";
    throw new DeliveryError(
      found.length === 0 ? "the host has no address" : `the host is at a private address; ${hint}`,
    );
  }
  return usable.slice(0, ADDRESSES_MAX).map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}

async function resolved(host: string, resolve: DeliveryContext["resolve"]): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch (error) {
    throw new DeliveryError(`the host's address cannot be found: ${reasonOf(error)}`);
  }
}
