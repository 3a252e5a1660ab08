// What a Host header, or the setting that lists such, names: a host and perhaps a port.
// Source: https://www.rfc-editor.org/rfc/rfc9110#section-7.2

/** A host in its one form: lower case, no dot at the end, IPv6 in its shortest form and in brackets. */
export interface ListedHost {
  readonly name: string;
  readonly port: number | undefined;
  readonly isAddress: boolean;
}

const PORT_MAX = 65_535;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
/** Underscores are in the names of many machines, though no name on the net has them. */
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/** Undefined where it is none: spaces, several values, user names, paths. */
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
