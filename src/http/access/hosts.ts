// Which Host a request may name. In DNS rebinding, a foreign page's name suddenly resolves to this machine. The browser
// then treats the page as same-origin, and only the Host reveals it. Such a page has a registered name. So addresses,
// localhost and names without a dot are allowed as far as they can reach the server; other names must be listed in
// `hosts`. A request without a Host (HTTP/1.0) comes from no browser and is allowed.

import { hostname } from "node:os";
import type { Clock } from "../../core/clock.ts";
import { type ListedHost, parseHost } from "../../core/origin.ts";
import { LIBRARY_PATH } from "../../runtime/client_library.ts";
import type { ServerMetrics } from "../base/metrics.ts";
import { jsonResponse } from "../base/responses.ts";
import { ENQUEUE_PATH, type HttpLog } from "../base/routes.ts";
import { corsHeaders, OPEN_HEADERS } from "./cors.ts";
import type { KeyLookup } from "./keys.ts";

/** What decides which Host is allowed. */
export interface HostSettings {
  /** What the server listens on: an address, or a name. */
  readonly listenAddress: string;
  /** What the configuration lists; "*" is any. */
  readonly listed: readonly string[];
}

/** How often the log may name a Host, in ms. */
const LOG_EVERY_MS = 60_000;
/** Characters of a Host that a message shows. */
const VISIBLE_LENGTH_MAX = 100;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "[::]"]);
/** Names of this machine, IPv4 addresses in IPv6 and the wildcards included. */
const LOCAL = /^(?:0\.0\.0\.0|\[::\]|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\]|localhost)$/;

export class AllowedHosts {
  readonly #isAny: boolean;
  readonly #listenName: string;
  /** Whether other machines can reach it. */
  readonly #isReachable: boolean;
  readonly #listed: readonly ListedHost[];
  readonly #ownNames: ReadonlySet<string>;
  /** The last allowed Host: most clients send the same. */
  #last: string | undefined;

  constructor({ listenAddress, listed }: HostSettings, ownName = nameOfMachine()) {
    this.#isAny = listed.includes("*");
    this.#listenName =
      parseHost(listenAddress.includes(":") ? `[${listenAddress}]` : listenAddress)?.name ?? listenAddress;
    this.#isReachable = WILDCARDS.has(this.#listenName) || !LOCAL.test(this.#listenName);
    this.#listed = listed.flatMap((text) => parseHost(text) ?? []);
    const own = ownName.toLowerCase();
    this.#ownNames = new Set(own === "" ? [] : [own, `${own}.local`]);
  }

  /** Whether a request with this Host is allowed; null: it has none. */
  allows(host: string | null): boolean {
    if (host === null || host === this.#last || this.#isAny) return true;
    const parsed = parseHost(host);
    if (parsed === undefined || !this.#isAllowed(parsed)) return false;
    this.#last = host;
    return true;
  }

  #isAllowed({ name, port, isAddress }: ListedHost): boolean {
    if (name === this.#listenName || LOCAL.test(name)) return true;
    if (this.#listed.some((listed) => listed.name === name && (listed.port ?? port) === port)) return true;
    // A forwarded port has another address than the listener.
    if (isAddress) return this.#isReachable;
    return WILDCARDS.has(this.#listenName) && (!name.includes(".") || this.#ownNames.has(name));
  }
}

/** 421 for a Host that is not allowed; the message names the setting. */
function misdirectedResponse(host: string, headers?: Readonly<Record<string, string>>): Response {
  const visible = host.length > VISIBLE_LENGTH_MAX ? `${host.slice(0, VISIBLE_LENGTH_MAX)}…` : host;
  const message = `This server does not answer for the host ${JSON.stringify(visible)}: add it to hosts in the configuration`;
  return jsonResponse(421, { message }, headers);
}

/** "" where this process may not know it (Deno without that permission). */
function nameOfMachine(): string {
  try {
    return hostname();
  } catch {
    return "";
  }
}

/** The settings that the host check reads at each request. */
interface HostAccess {
  readonly hosts: AllowedHosts;
  readonly keys: KeyLookup;
}

export interface HostDependencies {
  readonly access: () => HostAccess;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
}

/** Returns a check: 421 for a request whose Host is not allowed, else undefined. The log names one Host a minute. */
export function createHostGuard(dependencies: HostDependencies): (request: Request) => Response | undefined {
  const { access, clock, metrics, log } = dependencies;
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (request) => {
    const host = request.headers.get("host");
    const { hosts, keys } = access();
    if (hosts.allows(host) || host === null) return undefined;
    metrics.countHostRefusal();
    const now = clock();
    if (Math.abs(now - loggedAt) >= LOG_EVERY_MS) {
      loggedAt = now;
      log("warn", "a request was refused: its Host is neither listened on nor listed in hosts", {
        host: host.slice(0, VISIBLE_LENGTH_MAX),
      });
    }
    return misdirectedResponse(host, readableFor(request, keys));
  };
}

/** CORS headers, so that a page that could read the response can read the refusal as well. */
function readableFor(request: Request, keys: KeyLookup): Readonly<Record<string, string>> | undefined {
  // The URL of a request with an odd Host cannot be parsed.
  if (request.url.includes(LIBRARY_PATH)) return OPEN_HEADERS;
  const isEnqueue = request.method === "POST" && request.url.includes(ENQUEUE_PATH);
  return isEnqueue ? corsHeaders(request.headers.get("origin"), keys) : undefined;
}
