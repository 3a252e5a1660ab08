// Origins: what a configured pattern may be, and whether a request's Origin header is one of them. Patterns are
// normalised once, when the configuration is read, so that a request costs one lower-casing and two look-ups.

/** A normalised pattern ("https://shop.example.com", "https://*.example.com", "http://[::1]:3000"), or why it is none. */
export type OriginPattern =
  | { readonly ok: true; readonly pattern: string }
  | { readonly ok: false; readonly problem: string };

const HEADER = /^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const HOST = /^(?:(?!\.)(?!.*\.\.)[a-z0-9._-]+|\[[0-9a-f:.]+\])$/;
const ADDRESS = /^(?:[0-9.]+|\[.*\])$/;
const WILDCARD = "*.";
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
  if (!/^https?$/i.test(scheme)) return refuse(`expected the scheme http or https, not "${scheme}"`);
  if (rest !== "") return refuse(`an origin has no path: write "${scheme}://${authority}"`);
  const isWildcard = authority.startsWith(WILDCARD);
  const name = isWildcard ? authority.slice(WILDCARD.length) : authority;
  if (name.includes("*")) return refuse(`"*" can only stand for the whole first label, as in "https://*.example.com"`);
  // The parser would forgive these silently; a browser never sends them.
  if (name === "" || name.endsWith(":") || /[@%\\\s]/.test(name))
    return refuse(`expected scheme://host[:port], ${EXAMPLE}`);
  if (!URL.canParse(`${scheme}://${name}`)) return refuse(`not a host name and port, ${EXAMPLE}`);
  const url = new URL(`${scheme}://${name}`);
  if (!HOST.test(url.hostname)) return refuse(`not a host name, ${EXAMPLE}`);
  if (isWildcard && ADDRESS.test(url.hostname)) return refuse("a wildcard needs a host name behind it, not an address");
  return { ok: true, pattern: `${url.protocol}//${isWildcard ? WILDCARD : ""}${url.host}` };
}

/** The header in the form of patterns, or undefined for what is no http(s) origin ("null", a path, several origins). */
function normaliseHeader(header: string): string | undefined {
  if (!HEADER.test(header)) return undefined;
  const origin = header.toLowerCase();
  return origin.startsWith("https:") ? origin.replace(/:443$/, "") : origin.replace(/:80$/, "");
}

/** Whether an Origin header is one of the patterns, which must come from parseOriginPattern; "null" never is. */
export function matchesOrigin(patterns: readonly string[], originHeader: string): boolean {
  if (patterns.length === 0) return false;
  const origin = normaliseHeader(originHeader);
  if (origin === undefined) return false;
  if (patterns.includes(origin)) return true;
  const hostAt = origin.indexOf("//") + 2;
  const dotAt = origin.indexOf(".", hostAt);
  // A label has at least one character, so "https://.example.com" is no subdomain.
  return dotAt > hostAt && patterns.includes(`${origin.slice(0, hostAt)}*${origin.slice(dotAt)}`);
}
