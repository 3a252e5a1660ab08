// The configuration in memory: defaults filled in, units converted to milliseconds or bytes, keys replaced by their
// hashes. It holds no key in plain text; what destinations need of secrets hides itself.

import type { AlertRule } from "../core/alert_rule.ts";
import type { Durability } from "../core/batch.ts";
import type { Destination } from "../core/destination.ts";
import { DAY_MS } from "../core/limits.ts";
import type { MarkerRule } from "../core/markers.ts";
import type { Level } from "../core/record.ts";
import type { Secret } from "../core/secret.ts";
import type { SyslogAddress } from "../core/syslog_address.ts";

/** A server key and a client key under one name. */
export interface KeyPair {
  /** 2 to 80 characters, unique. */
  readonly name: string;
  readonly project: string;
  /** SHA-256 of the key in lower-case hex. */
  readonly serverSha256: string | undefined;
  readonly clientSha256: string | undefined;
  /** The key for display: "sk_abcd…", or "sha256:1a2b3c4d…" if only the hash is known. */
  readonly serverMasked: string | undefined;
  readonly clientMasked: string | undefined;
  /** Normalised patterns for matchesOrigin; at most 50. */
  readonly origins: readonly string[];
  /** Entries a second of each key, or undefined for no limit. */
  readonly rate: number | undefined;
  readonly revoked: boolean;
}

/** Someone who may read, and change nothing. */
export interface ReaderSettings {
  /** 2 to 80 characters, unique. */
  readonly name: string;
  /** Of the token, in lower-case hex. */
  readonly tokenSha256: string;
  /** What they may read; undefined: all projects. */
  readonly projects: readonly string[] | undefined;
}

/** The rules of one project. */
export interface ProjectSettings {
  readonly retentionMs: number;
  /** Entries in a UTC month, or undefined for no limit. */
  readonly monthlyEntries: number | undefined;
  readonly overage: "continue" | "drop";
  /** Its own markers, in place of those of all projects. */
  readonly markers?: MarkerRule;
}

/** One syslog listener. */
export interface SyslogSettings {
  readonly address: SyslogAddress;
  /** Name of the pair whose server key sends. */
  readonly key: string;
  /** Of times that name none; undefined: UTC. */
  readonly timeZone: string | undefined;
  /** Absolute paths of PEM files; undefined unless it listens with TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

/** A ClickHouse cluster behind the data file. */
export interface ClickHouseSettings {
  /** Of HTTP interfaces, without a slash at the end; 1 or more, each once. */
  readonly urls: readonly string[];
  /** A plain identifier. */
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
  /** Empty: no cluster of its own. */
  readonly cluster: string;
  /** Of this server, from 1 to CLICKHOUSE_NODE_MAX: part of the ids that are shown. */
  readonly node: number;
  /** How long records stay in the data file once they are shipped, in ms. */
  readonly keepLocalMs: number;
  /** Bytes of blocks that may wait to be shipped; past it nothing more is accepted. */
  readonly backlogBytesMax: number;
}

/** The whole configuration in force. */
export interface Settings {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly host: string;
  /** 0 asks for any free port. */
  readonly port: number;
  /** Values of Host that the server accepts beside its own address; "*" is any. */
  readonly hosts: readonly string[];
  /** Absolute path of the data file. */
  readonly data: string;
  /** SHA-256 in lower-case hex; undefined: nobody changes anything, and only readers read. */
  readonly adminTokenSha256: string | undefined;
  readonly readers: readonly ReaderSettings[];
  readonly metricsOpen: boolean;
  /** Addresses and CIDR blocks. */
  readonly trustedProxies: readonly string[];
  readonly bodyBytesMax: number;
  readonly entriesMax: number;
  readonly keys: readonly KeyPair[];
  /** Every project that a pair or a [projects] table names; without a prototype, so any name can be looked up. */
  readonly projects: Readonly<Record<string, ProjectSettings>>;
  /** Projects with a table and without a pair, typing errors aside: they may have older records. */
  readonly unusedProjects: readonly string[];
  readonly queue: { readonly requests: number; readonly bytes: number; readonly clientShare: number };
  readonly storage: { readonly durability: Durability; readonly bytesMax: number };
  readonly timings: {
    readonly timeoutMs: number;
    readonly orphanGraceMs: number;
    readonly openMax: number;
    readonly openBytesMax: number;
  };
  readonly dedupe: { readonly windowMs: number; readonly requests: number };
  /** `resource`: the resource attributes that records keep; undefined: the default. */
  readonly otlp: { readonly bodyBytesMax: number; readonly resource: readonly string[] | undefined };
  readonly syslog: readonly SyslogSettings[];
  readonly alerts: readonly AlertRule[];
  /** Where people reach the app, without a slash at the end; undefined: what it listens on. */
  readonly publicUrl: string | undefined;
  /** The lines in charts; undefined: none. */
  readonly markers: MarkerRule | undefined;
  readonly destinations: readonly Destination[];
  /** Asked each minute while the server is ready; undefined: nobody is. */
  readonly heartbeatUrl: Secret | undefined;
  /** Addresses and CIDR blocks that are not public, at which destinations may be. */
  readonly privateAddresses: readonly string[];
  /** Undefined: the data file is all there is. */
  readonly clickhouse: ClickHouseSettings | undefined;
  readonly log: { readonly level: Level };
  /** Absolute paths of PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

/** The rules of a project without a [projects] table. */
export const DEFAULT_PROJECT: ProjectSettings = {
  retentionMs: 30 * DAY_MS,
  monthlyEntries: undefined,
  overage: "continue",
};

/**
 * Entries a month, or undefined where nothing but the quota itself bounds them: no quota, or no live server key to keep
 * room for.
 */
export function clientQuotaOf({ keys, projects, queue }: Settings, project: string): number | undefined {
  const monthlyEntries = Object.hasOwn(projects, project) ? projects[project]?.monthlyEntries : undefined;
  const hasServerKey = keys.some(
    (pair) => pair.project === project && !pair.revoked && pair.serverSha256 !== undefined,
  );
  return monthlyEntries === undefined || !hasServerKey ? undefined : Math.floor(monthlyEntries * queue.clientShare);
}
