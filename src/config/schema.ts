// The schema of the configuration file: every setting with its type, bounds and default. Decoding applies units,
// normalises origins and hashes keys. A schema's option `expects` names the allowed values in messages; `secret` keeps
// the value out of them.

import { isIP } from "node:net";
import { type StaticDecode, Type } from "@sinclair/typebox";
import { RULES_MAX } from "../core/alert_rule.ts";
import { DURABILITIES } from "../core/batch.ts";
import type { Source } from "../core/entry.ts";
import {
  CONFIGURED_BODY_BYTES_MAX,
  HOSTS_MAX,
  ORIGINS_MAX,
  READER_PROJECTS_MAX,
  READERS_MAX,
  SYSLOG_LISTENERS_MAX,
} from "../core/limits.ts";
import { parseHost, parseOriginPattern } from "../core/origin.ts";
import { LEVELS } from "../core/record.ts";
import { KEY_PREFIXES, maskKey, SECRET_CHARACTERS_MIN } from "../core/secrets.ts";
import { formatSyslogAddress, parseSyslogAddress, SYSLOG_ADDRESS_EXPECTED } from "../core/syslog_address.ts";
import { isTimeZone } from "../core/time_zone.ts";
import { AlertSchema } from "./alerts.ts";
import { ClickHouseSchema } from "./clickhouse.ts";
import { DestinationsSchema, secretHttpUrl } from "./destinations.ts";
import { hashKey, isPlaceholder, isPublishedDigest } from "./keys.ts";
import { MarkersSchema } from "./markers.ts";
import {
  addressOrBlock,
  choice,
  duration,
  durationOrNone,
  filePath,
  PROJECT_EXPECTED,
  PROJECT_PATTERN,
  pairName,
  SettingRefused,
  size,
  table,
  text,
  whole,
} from "./value_schemas.ts";

/** The hash and the mask of a key or token: all that remains of it. */
interface Digest {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly masked: string;
}

const EXAMPLE_KEY =
  "expected a key of your own; this is an example, or as easily guessed: `simplelogs keys create NAME` makes one";
const EXAMPLE_TOKEN =
  "expected a token of your own; this is an example, or as easily guessed: `openssl rand -hex 24` makes one, and so does `simplelogs init`";
const EXAMPLE_DIGEST =
  "expected the SHA-256 of a key or token of your own; this is an example's: `simplelogs keys create NAME` makes a key";

/** A key in plain text, of which only hash and mask remain. */
export function apiKey(type: Source) {
  const prefix = KEY_PREFIXES[type];
  const expects = `"${prefix}" and at least ${SECRET_CHARACTERS_MIN} more characters, without spaces`;
  return Type.Transform(Type.String({ expects, secret: true }))
    .Decode((value): Digest => {
      if (isPlaceholder(value.slice(prefix.length))) throw new SettingRefused(EXAMPLE_KEY);
      const other = type === "server" ? "client" : "server";
      if (value.startsWith(KEY_PREFIXES[other]))
        throw new SettingRefused(`expected ${expects}; this is a ${other} key`);
      const isKey = value.startsWith(prefix) && value.length - prefix.length >= SECRET_CHARACTERS_MIN;
      if (!isKey || /\s|\p{Cc}/u.test(value)) throw new SettingRefused(`expected ${expects}`);
      return { sha256: hashKey(value), masked: maskKey(value) };
    })
    .Encode(() => "");
}

/** A SHA-256 that stands for a key or token. */
export function digest() {
  const expects = "a SHA-256 in 64 hexadecimal digits";
  return Type.Transform(Type.String({ expects, secret: true, isDigest: true }))
    .Decode((value): Digest => {
      if (!/^[0-9a-f]{64}$/i.test(value)) throw new SettingRefused(`expected ${expects}`);
      const sha256 = value.toLowerCase();
      if (isPublishedDigest(sha256)) throw new SettingRefused(EXAMPLE_DIGEST);
      return { sha256, masked: `sha256:${sha256.slice(0, 8)}…` };
    })
    .Encode(() => "");
}

/** The admin token or a reader's in plain text, of which only the hash remains. */
function token() {
  const expects = `at least ${SECRET_CHARACTERS_MIN} characters that a header can carry: printable ASCII without spaces`;
  return Type.Transform(Type.String({ expects, secret: true }))
    .Decode((value): Digest => {
      if (isPlaceholder(value)) throw new SettingRefused(EXAMPLE_TOKEN);
      const isToken = value.length >= SECRET_CHARACTERS_MIN && /^[!-~]*$/.test(value);
      if (!isToken) throw new SettingRefused(`expected ${expects}`);
      return { sha256: hashKey(value), masked: "…" };
    })
    .Encode(() => "");
}

/** An allowed origin, normalised. */
export const origin = () =>
  text('an origin such as "https://shop.example.com"', (value) => {
    const result = parseOriginPattern(value);
    if (!result.ok) throw new SettingRefused(result.problem);
    return result.pattern;
  });

/** The address to listen on; brackets around an IPv6 address are removed. */
export const host = () => {
  const expects = 'an address or host name to listen on, such as "127.0.0.1", "0.0.0.0", "::" or "localhost"';
  return text(
    expects,
    (value) => {
      const bare = value.replace(/^\[(.*)\]$/, "$1");
      const isName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/i.test(value) && !/^[0-9.]+$/.test(value);
      if (isIP(bare) === 0 && !isName) throw new SettingRefused(`expected ${expects}`);
      return bare;
    },
    { default: "127.0.0.1" },
  );
};

/** A host name that the server accepts in Host, with or without a port, in lower case. */
const hostName = () => {
  const expects = 'a host such as "logs.example.com" or "logs.example.com:8443", without https://, or "*" for any';
  return text(expects, (value) => {
    if (value !== "*" && parseHost(value) === undefined) throw new SettingRefused(`expected ${expects}`);
    return value.toLowerCase();
  });
};

/** One [[keys]] table. */
export const PairSchema = table({
  name: pairName(),
  project: Type.String({ pattern: PROJECT_PATTERN, expects: PROJECT_EXPECTED, default: "default" }),
  server: Type.Optional(apiKey("server")),
  server_sha256: Type.Optional(digest()),
  client: Type.Optional(apiKey("client")),
  client_sha256: Type.Optional(digest()),
  origins: Type.Array(origin(), {
    maxItems: ORIGINS_MAX,
    expects: `a list of at most ${ORIGINS_MAX} origins`,
    default: [],
  }),
  rate: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1e9, expects: "a number above 0, up to 1e9" })),
  revoked: Type.Boolean({ expects: "true or false", default: false }),
});

/** One [[readers]] table. */
export const ReaderSchema = table({
  name: pairName(),
  token: Type.Optional(token()),
  token_sha256: Type.Optional(digest()),
  projects: Type.Optional(
    Type.Array(Type.String({ pattern: PROJECT_PATTERN, expects: PROJECT_EXPECTED }), {
      minItems: 1,
      maxItems: READER_PROJECTS_MAX,
      expects: `a list of 1 to ${READER_PROJECTS_MAX} projects; without the setting it is all of them`,
    }),
  ),
});

/** The address of a syslog listener, in lower case. */
const syslogAddress = () =>
  text(SYSLOG_ADDRESS_EXPECTED, (value) => {
    const address = parseSyslogAddress(value);
    if (address === undefined) throw new SettingRefused(`expected ${SYSLOG_ADDRESS_EXPECTED}`);
    return formatSyslogAddress(address);
  });

const timeZone = () => {
  const expects = 'the name of a time zone, such as "Europe/Berlin" or "UTC"';
  return text(expects, (value) => {
    if (!isTimeZone(value)) throw new SettingRefused(`expected ${expects}`);
    return value;
  });
};

/** One [[syslog]] table. */
const SyslogSchema = table({
  listen: syslogAddress(),
  key: pairName(),
  time_zone: Type.Optional(timeZone()),
  tls_cert: Type.Optional(filePath("the path of the certificate chain in PEM")),
  tls_key: Type.Optional(filePath("the path of the private key in PEM")),
});

/** Where people reach the app: for links in messages. Without a slash at the end. */
const publicUrl = () => {
  const expects = 'the address of this server for people, such as "https://logs.example.com"';
  return text(expects, (value) => {
    const url = URL.parse(value);
    const isPlain =
      url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search + url.hash === "";
    if (!isPlain || url.username + url.password !== "") throw new SettingRefused(`expected ${expects}`);
    return url.origin;
  });
};

/** One [projects.NAME] table. */
const ProjectSchema = table({
  retention: duration("30d"),
  monthly_entries: Type.Optional(whole(0, Number.MAX_SAFE_INTEGER)),
  overage: choice(["continue", "drop"], "continue"),
  markers: Type.Optional(MarkersSchema),
});

/** The whole file. */
export const FileSchema = table({
  host: host(),
  port: whole(0, 65_535, { default: 7070 }),
  hosts: Type.Array(hostName(), {
    maxItems: HOSTS_MAX,
    expects: `a list of at most ${HOSTS_MAX} host names`,
    default: [],
  }),
  data: filePath("the path of the data file", { default: "simplelogs.db" }),
  admin_token: Type.Optional(token()),
  admin_token_sha256: Type.Optional(digest()),
  readers: Type.Array(ReaderSchema, {
    maxItems: READERS_MAX,
    expects: `a list of at most ${READERS_MAX} tables, each under [[readers]]`,
    default: [],
  }),
  metrics_open: Type.Boolean({ expects: "true or false", default: false }),
  trusted_proxies: Type.Array(addressOrBlock(), { expects: "a list of addresses and CIDR blocks", default: [] }),
  max_body: size("5MiB", 1, CONFIGURED_BODY_BYTES_MAX),
  max_entries: whole(1, 1_000_000, { default: 10_000 }),
  keys: Type.Array(PairSchema, { expects: "a list of tables, each under [[keys]]", default: [] }),
  projects: Type.Record(Type.String({ pattern: PROJECT_PATTERN }), ProjectSchema, {
    expects: "tables named [projects.NAME]",
    nameExpects: PROJECT_EXPECTED,
    default: {},
  }),
  queue: table(
    {
      requests: whole(1, 10_000_000, { default: 50_000 }),
      bytes: size("64MiB", 1024, 2 ** 36),
      client_share: Type.Number({ minimum: 0, maximum: 1, expects: "a number from 0 to 1", default: 0.5 }),
      // Accepted since 0.1, without effect.
      entries: Type.Optional(whole(1, 100_000_000, { deprecated: true })),
    },
    { default: {} },
  ),
  storage: table(
    { durability: choice(DURABILITIES, "sync"), max_size: size("20GiB", 2 ** 20, Number.MAX_SAFE_INTEGER) },
    { default: {} },
  ),
  timings: table(
    {
      timeout: duration("1h"),
      orphan_grace: duration("60s"),
      max_open: whole(1, 100_000_000, { default: 100_000 }),
      max_open_bytes: size("64MiB", 1024, 2 ** 36),
    },
    { default: {} },
  ),
  dedupe: table(
    {
      window: durationOrNone("10m"),
      requests: whole(1, 10_000_000, { default: 100_000 }),
      // Accepted since 0.1, without effect.
      entries: Type.Optional(whole(1, 100_000_000, { deprecated: true })),
    },
    { default: {} },
  ),
  otlp: table(
    {
      max_body: size("8MiB", 1024, CONFIGURED_BODY_BYTES_MAX),
      resource: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
          maxItems: 100,
          expects: 'a list of names of resource attributes, such as "service.*" or "k8s.pod.name"',
        }),
      ),
    },
    { default: {} },
  ),
  syslog: Type.Array(SyslogSchema, {
    maxItems: SYSLOG_LISTENERS_MAX,
    expects: `a list of at most ${SYSLOG_LISTENERS_MAX} tables, each under [[syslog]]`,
    default: [],
  }),
  alerts: Type.Array(AlertSchema, {
    maxItems: RULES_MAX,
    expects: `a list of at most ${RULES_MAX} tables, each under [[alerts]]`,
    default: [],
  }),
  public_url: Type.Optional(publicUrl()),
  markers: Type.Optional(MarkersSchema),
  destinations: DestinationsSchema,
  heartbeat_url: Type.Optional(secretHttpUrl()),
  private_addresses: Type.Array(addressOrBlock(), { expects: "a list of addresses and CIDR blocks", default: [] }),
  clickhouse: Type.Optional(ClickHouseSchema),
  log: table({ level: choice(LEVELS, "info") }, { default: {} }),
  tls: Type.Optional(
    table({
      cert: filePath("the path of the certificate chain in PEM"),
      key: filePath("the path of the private key in PEM"),
    }),
  ),
});

/** A file that was checked: defaults in place, units applied, keys hashed. */
export type FileValues = StaticDecode<typeof FileSchema>;
