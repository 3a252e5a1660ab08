// Allowed origins and hosts. Patterns of origins are normalised once, when the configuration is read, so that a request
// costs one lower-casing and two look-ups. Hosts are what a Host header, or the setting that lists them, names. Source
// of hosts: https://www.rfc-editor.org/rfc/rfc9110#section-7.2

/**
 * A normalised pattern ("https://shop.example.com", "https://*.example.com", "http://localhost:*",
 * "tauri://localhost"), or why it is none.
 */
export type OriginPattern =
  | { readonly ok: true; readonly pattern: string }
  | { readonly ok: false; readonly problem: string };

const HEADER = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const HOST = /^(?:(?!\.)(?!.*\.\.)[a-z0-9._-]+|\[[0-9a-f:.]+\])$/;
const ADDRESS = /^(?:[0-9.]+|\[.*\])$/;
/** What stands behind an app's scheme: a name, and seldom a port. */
const APP_AUTHORITY = /^[a-z0-9._-]+(?::\d{1,5})?$/;
/** Schemes of no app, whose pages have another origin or none. */
const OTHER_SCHEMES: ReadonlySet<string> = new Set(["about", "blob", "data", "file", "ftp", "javascript", "ws", "wss"]);
const WILDCARD = "*.";
const ANY_PORT = ":*";
const PORT = /:\d+$/;
const EXAMPLE = 'such as "https://shop.example.com" or "https://*.example.com"';

function refuse(problem: string): OriginPattern {
  return { ok: false, problem };
}

/** Checks and normalises one allowed origin: scheme and host in lower case, default port dropped, no path. */
export function parseOriginPattern(text: string): OriginPattern {
  if (text === "*") return refuse(`every origin cannot be allowed: name each, ${EXAMPLE}`);
  if (text.toLowerCase() === "null")
    return refuse(`"null" is what any sandboxed page sends: name the page's own origin`);
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(text);
  if (parts === null) return refuse(`expected scheme://host[:port], ${EXAMPLE}`);
  const [, scheme = "", authority = "", rest = ""] = parts;
  if (OTHER_SCHEMES.has(scheme.toLowerCase())) {
    return refuse(`expected the scheme http or https, or an app's own such as "tauri", not "${scheme}"`);
  }
  if (rest !== "") return refuse(`an origin has no path: write "${scheme}://${authority}"`);
  return /^https?$/i.test(scheme) ? parseWebOrigin(scheme, authority) : parseAppOrigin(scheme, authority);
}

function parseWebOrigin(scheme: string, authority: string): OriginPattern {
  const isWildcard = authority.startsWith(WILDCARD);
  const isAnyPort = authority.endsWith(ANY_PORT);
  const name = authority.slice(isWildcard ? WILDCARD.length : 0, isAnyPort ? -ANY_PORT.length : undefined);
  if (name.includes("*"))
    return refuse(
      `"*" can only stand for the whole first label or port, as in "https://*.example.com" or "http://localhost:*"`,
    );
  // The parser would forgive these silently; a browser never sends them.
  if (name === "" || name.endsWith(":") || /[@%\\\s]/.test(name) || (isAnyPort && PORT.test(name)))
    return refuse(`expected scheme://host[:port], ${EXAMPLE}`);
  if (!URL.canParse(`${scheme}://${name}`)) return refuse(`not a host name and port, ${EXAMPLE}`);
  const url = new URL(`${scheme}://${name}`);
  if (!HOST.test(url.hostname)) return refuse(`not a host name, ${EXAMPLE}`);
  if (isWildcard && ADDRESS.test(url.hostname)) return refuse("a wildcard needs a host name behind it, not an address");
  return {
    ok: true,
    pattern: `${url.protocol}//${isWildcard ? WILDCARD : ""}${url.host}${isAnyPort ? ANY_PORT : ""}`,
  };
}

/**
 * Of an app that shows its own pages (Tauri, Capacitor, Electron): no wildcards, since nobody else can have such an
 * origin.
 */
function parseAppOrigin(scheme: string, authority: string): OriginPattern {
  const pattern = `${scheme}://${authority}`.toLowerCase();
  if (APP_AUTHORITY.test(authority.toLowerCase())) return { ok: true, pattern };
  return refuse(`expected an app's origin as its pages send it, such as "tauri://localhost"`);
}

/** The header in the form of patterns, or undefined for what is no origin ("null", a path, several origins). */
function normaliseHeader(header: string): string | undefined {
  if (!HEADER.test(header)) return undefined;
  const origin = header.toLowerCase();
  if (origin.startsWith("https:")) return origin.replace(/:443$/, "");
  return origin.startsWith("http:") ? origin.replace(/:80$/, "") : origin;
}

/** Whether an Origin header is one of the patterns, which must come from parseOriginPattern; "null" never is. */
export function matchesOrigin(patterns: readonly string[], originHeader: string): boolean {
  if (patterns.length === 0) return false;
  const origin = normaliseHeader(originHeader);
  if (origin === undefined) return false;
  if (patterns.includes(origin)) return true;
  if (!origin.startsWith("http:") && !origin.startsWith("https:")) return false;
  const anyPort = origin.replace(PORT, "") + ANY_PORT;
  if (patterns.includes(anyPort)) return true;
  const hostAt = origin.indexOf("//") + 2;
  const dotAt = origin.indexOf(".", hostAt);
  // A label has at least one character, so "https://.example.com" is no subdomain.
  if (dotAt <= hostAt) return false;
  const anyLabel = `${origin.slice(0, hostAt)}*`;
  return patterns.includes(anyLabel + origin.slice(dotAt)) || patterns.includes(anyLabel + anyPort.slice(dotAt));
}

/** A normalised host: lower case, no dot at the end, IPv6 in its shortest form and in brackets. */
export interface ListedHost {
  readonly name: string;
  readonly port: number | undefined;
  readonly isAddress: boolean;
}

const PORT_MAX = 65_535;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
/** Underscores are not allowed in Internet host names, but many machines have them. */
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/** Parses a host and an optional port. Undefined for anything else: spaces, several values, user names, paths. */
export function parseHost(text: string): ListedHost | undefined {
  const [, host = "", digits] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{0,5}))?$/.exec(text) ?? [];
  const port = digits === undefined || digits === "" ? undefined : Number(digits);
  if (port !== undefined && port > PORT_MAX) return undefined;
  if (host.startsWith("[")) {
    const url = URL.parse(`http://${host}`);
    return url === null ? undefined : { name: url.hostname, port, isAddress: true };
  }
  if (IPV4.test(host)) return { name: host, port, isAddress: true };
  const name = host.toLowerCase().replace(/\.$/, "");
  // "127.1" and "2130706433" are addresses to some clients and names to others.
  return NAME.test(name) && !/(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(name) ? { name, port, isAddress: false } : undefined;
}
