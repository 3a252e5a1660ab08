// The shape of the configuration file: every setting with its type, bounds and default, once. What it decodes to has
// units applied and keys hashed.

import { type SchemaOptions, type StaticDecode, type TSchema, Type } from "@sinclair/typebox";
import { DURABILITIES } from "../core/batch.ts";
import { LEVELS } from "../core/record.ts";

import {
  adminToken,
  apiKey,
  choice,
  digest,
  duration,
  durationOrNone,
  filePath,
  host,
  hostName,
  origin,
  pairName,
  proxy,
  size,
  whole,
} from "./setting_types.ts";

/** Origins of one pair (the contract's bound): a browser's origin is compared with each. */
const ORIGINS_MAX = 50;
/** Each request's Host is compared with each. */
const HOSTS_MAX = 100;
/** Projects are names in paths, queries and metrics; "__proto__" is no member of a JavaScript object. */
const PROJECT_PATTERN = "^(?!__proto__$)[^\\u0000-\\u001f\\u007f-\\u009f]{1,80}$";
const PROJECT_EXPECTED = "1 to 80 characters without control characters";
/** Past this, batches are JavaScript strings too large to parse quickly. */
const BODY_BYTES_MAX = 256 * 2 ** 20;

const table = <T extends Record<string, TSchema>>(properties: T, options: SchemaOptions = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

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

/** One [projects.NAME] table. */
export const ProjectSchema = table({
  retention: duration("30d"),
  monthly_entries: Type.Optional(whole(0, Number.MAX_SAFE_INTEGER)),
  overage: choice(["continue", "drop"], "continue"),
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
  admin_token: Type.Optional(adminToken()),
  admin_token_sha256: Type.Optional(digest()),
  metrics_open: Type.Boolean({ expects: "true or false", default: false }),
  trusted_proxies: Type.Array(proxy(), { expects: "a list of addresses and CIDR blocks", default: [] }),
  max_body: size("5MiB", 1, BODY_BYTES_MAX),
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
      // Of 0.1: accepted, and without effect.
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
      // Of 0.1: accepted, and without effect.
      entries: Type.Optional(whole(1, 100_000_000, { deprecated: true })),
    },
    { default: {} },
  ),
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
