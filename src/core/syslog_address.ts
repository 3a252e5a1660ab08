// Where a syslog listener listens: "udp://0.0.0.0:514", "tcp://[::]:601" or "tls://logs.example.com:6514".

/** How messages come: as datagrams, or over connections, plain or encrypted. */
export const SYSLOG_TRANSPORTS = ["udp", "tcp", "tls"] as const;
export type SyslogTransport = (typeof SYSLOG_TRANSPORTS)[number];

/** An address to listen on. */
export interface SyslogAddress {
  readonly transport: SyslogTransport;
  /** Without brackets around an IPv6 address. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** What parseSyslogAddress takes, for people. */
export const SYSLOG_ADDRESS_EXPECTED =
  'an address to listen on, such as "udp://0.0.0.0:514", "tcp://127.0.0.1:601" or "tls://[::]:6514"';

const ADDRESS = /^(udp|tcp|tls):\/\/(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?):(\d{1,5})$/i;
const PORT_MAX = 65_535;

/** The address that a text means; undefined where it means none. */
export function parseSyslogAddress(text: string): SyslogAddress | undefined {
  const [, transport = "", host = "", port = ""] = ADDRESS.exec(text) ?? [];
  const isNumbers = /^[0-9.]+$/.test(host);
  const isIPv4 = /^(?:\d{1,3}\.){3}\d{1,3}$/.test(host) && host.split(".").every((part) => Number(part) <= 255);
  if (transport === "" || Number(port) > PORT_MAX || (isNumbers && !isIPv4)) return undefined;
  return {
    transport: transport.toLowerCase() as SyslogTransport,
    host: host.replace(/^\[(.*)\]$/, "$1").toLowerCase(),
    port: Number(port),
  };
}

/** An address as it is written. */
export function formatSyslogAddress({ transport, host, port }: SyslogAddress): string {
  return `${transport}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
