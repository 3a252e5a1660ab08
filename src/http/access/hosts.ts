// Which Host a request may name. A page whose name suddenly leads to this machine (DNS rebinding) is of the same origin as we are,
// to its browser; only the Host tells. Such a page has a name of its own: so addresses, localhost and names without a dot, which
// nobody can register, are answered as far as the server can be reached by them, and other names where `hosts` lists them.
// A request without a Host (HTTP/1.0) comes from no browser and is answered.

import { hostname } from "node:os";
import type { Clock } from "../../core/clock.ts";
import { type ListedHost, parseHost } from "../../core/origin.ts";
import { LIBRARY_PATH } from "../../runtime/client_library.ts";
import { OPEN_HEADERS } from "../access/cors.ts";
import type { ServerMetrics } from "../base/metrics.ts";
import { jsonResponse } from "../base/responses.ts";
import { ENQUEUE_PATH, type HttpLog } from "../base/routes.ts";
import { corsHeaders } from "./cors.ts";
import type { KeyLookup } from "./keys.ts";
import type { AccessSettings } from "./settings.ts";

/** What decides which Host is answered. */
export interface HostSettings {
  /** What the server listens on: an address, or a name. */
  readonly listenAddress: string;
  /** What the configuration lists; "*" is any. */
  readonly listed: readonly string[];
}

/** How often the log may name a Host, in ms. */
const LOG_EVERY_MS = 60_000;
/** Characters of a Host that a message shows. */
const SHOWN_MAX = 100;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "[::]"]);
/** What leads to this machine, IPv4 addresses in IPv6 and the wildcards too. */
const LOCAL = /^(?:0\.0\.0\.0|\[::\]|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\]|localhost)$/;

export class AllowedHosts {
  readonly #isAny: boolean;
  readonly #listenName: string;
  /** Whether other machines can reach it. */
  readonly #isReachable: boolean;
  readonly #listed: readonly ListedHost[];
  readonly #ownNames: ReadonlySet<string>;
  /** The last one that was answered: most clients send the same. */
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

  /** Whether a request with this Host is answered; null: it has none. */
  allows(host: string | null): boolean {
    if (host === null || host === this.#last || this.#isAny) return true;
    const parsed = parseHost(host);
    if (parsed === undefined || !this.#isAnswered(parsed)) return false;
    this.#last = host;
    return true;
  }

  #isAnswered({ name, port, isAddress }: ListedHost): boolean {
    if (name === this.#listenName || LOCAL.test(name)) return true;
    if (this.#listed.some((listed) => listed.name === name && (listed.port ?? port) === port)) return true;
    // Through a forwarded port the address is another than the one that is listened on.
    if (isAddress) return this.#isReachable;
    return WILDCARDS.has(this.#listenName) && (!name.includes(".") || this.#ownNames.has(name));
  }
}

/** 421 for a Host that is not answered; it names the setting. */
function misdirectedResponse(host: string, headers?: Readonly<Record<string, string>>): Response {
  const shown = host.length > SHOWN_MAX ? `${host.slice(0, SHOWN_MAX)}…` : host;
  const message = `This server does not answer for the host ${JSON.stringify(shown)}: add it to hosts in the configuration`;
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

export interface HostDependencies {
  readonly access: () => AccessSettings;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
}

/** 421 for a request whose Host is not answered, undefined for all others. The log names one a minute. */
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
      const shown = host.slice(0, SHOWN_MAX);
      log("warn", "a request was refused: its Host is neither listened on nor listed in hosts", { host: shown });
    }
    return misdirectedResponse(host, readableFor(request, keys));
  };
}

/** So that a page can read why, where it could have read the answer. */
function readableFor(request: Request, keys: KeyLookup): Readonly<Record<string, string>> | undefined {
  // The URL of a request with an odd Host cannot be parsed.
  if (request.url.includes(LIBRARY_PATH)) return OPEN_HEADERS;
  const isEnqueue = request.method === "POST" && request.url.includes(ENQUEUE_PATH);
  return isEnqueue ? corsHeaders(request.headers.get("origin"), keys) : undefined;
}
