// The first run: a configuration file with new keys, and the text that shows these keys once. The same template makes
// the example file. It holds every setting with its default and its meaning.

import { OperatingError } from "../core/errors.ts";
import { generateAdminToken, generateKey } from "./keys.ts";
import { tomlString } from "./value_text.ts";
import { createConfigFile, writeConfigFile } from "./write.ts";

/**
 * Makes a configuration file with new random keys, mode 0600; with `force` it replaces one that is there.
 * Errors: usage when the file is there and `force` is not given, io.
 */
export async function createInitialConfig(
  file: string,
  options: { readonly force?: boolean } = {},
): Promise<InitialKeys> {
  const keys = {
    serverKey: generateKey("server"),
    clientKey: generateKey("client"),
    adminToken: generateAdminToken(),
  };
  const text = initialConfigText(keys);
  try {
    await createConfigFile(file, text);
  } catch (error) {
    const isThere = error instanceof OperatingError && error.code === "usage";
    if (options.force !== true || !isThere) throw error;
    await writeConfigFile(file, text, { mode: 0o600 });
  }
  return keys;
}

/** The address for a client on this machine, also if the server listens on all addresses. */
function reachableUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.hostname === "0.0.0.0") parsed.hostname = "127.0.0.1";
  if (parsed.hostname === "[::]") parsed.hostname = "[::1]";
  return parsed.origin;
}

/** The keys, and a curl command that stores a first entry without a change; `url` is the server's address. */
export function firstRunText(keys: InitialKeys, url: string): string {
  const body =
    `{"key":"${keys.serverKey}","source":"server","entries":[{"touchpoint":"api/orders/submit",` +
    `"message":"Order placed","level":"info","timestamp":'"$(date +%s000)"',"metadata":{"orderId":"ord_123"}}]}`;
  return [
    "These keys are shown once. They are in the configuration file.",
    `  server key   ${keys.serverKey}   (code that you run)`,
    `  client key   ${keys.clientKey}   (browsers, from the origins in the file)`,
    `  admin token  ${keys.adminToken}   (reading)`,
    "",
    "Send a first entry:",
    "",
    `curl -X POST ${reachableUrl(url)}/api/v1/enqueue -H "Content-Type: application/json" -d '${body}'`,
    "",
    `Then open ${reachableUrl(url)} in a browser, and sign in with the admin token.`,
    "",
  ].join("\n");
}

/** The keys of a new installation, in plain text. */
export interface InitialKeys {
  readonly serverKey: string;
  readonly clientKey: string;
  readonly adminToken: string;
}

/** Origins of development servers on this machine. Their pages may use the new client key. */
const DEVELOPMENT_ORIGINS = ["http://localhost:3000", "http://localhost:5173", "http://localhost:8080"];

/** The last lines of a pair. */
const PAIR_END = [
  "# rate = 500                     # entries a second each key of the pair may send, with ten seconds' burst; absent: no limit",
  "revoked = false                  # true: both keys are refused",
];

interface Parts {
  readonly head: string;
  readonly adminToken: string;
  readonly pair: string;
  readonly project: string;
}

function render({ head, adminToken, pair, project }: Parts): string {
  return `${head}
# Sizes: "512B", "64KB", "5MiB" or a whole number of bytes. Durations: "250ms", "60s", "90m", "12h", "30d".
# \${NAME} in a string is taken from the environment (for the characters themselves write $\${).
# A change of this file, or SIGHUP, reloads keys, origins, readers, projects, rates, quotas, alerts. \`simplelogs check\` tests it.

host = "127.0.0.1"               # "0.0.0.0" or "::" to be reached from other machines
port = 7070                      # 0: any free port, printed
hosts = []                       # host names that browsers use for this server, such as "logs.example.com"; localhost always works
data = "simplelogs.db"           # relative to this file
${adminToken}
metrics_open = false             # true: /metrics without the token
trusted_proxies = []             # addresses or CIDR blocks whose X-Forwarded-For is trusted
max_body = "5MiB"                # a larger request is refused, before or after decompression
max_entries = 10_000             # entries in one request
# public_url = "https://logs.example.com"   # for links in messages of alerts; absent: what it listens on

# A pair of keys under one name: server keys for code that you run, client keys for browsers. One [[keys]] for each pair.
${pair}

[projects.${project}]
retention = "30d"                # older records are deleted
# monthly_entries = 1_000_000    # absent: no limit
overage = "continue"             # or "drop": what happens past monthly_entries

# [[readers]]                    # someone who may read and change nothing; \`simplelogs readers create NAME\` writes one
# name = "grafana"               # 2 to 80 characters, unique
# token = "…"                    # at least 16 characters, or token_sha256
# projects = ["shop"]            # absent: all projects

[queue]                          # batches in memory that are not stored yet; when it is full, requests get 503
requests = 50_000
bytes = "64MiB"
client_share = 0.5               # browsers can fill at most this part, so servers always have room

[storage]
durability = "sync"              # what a 202 means: "sync" on disk, "write" survives kill -9, "memory" queued
max_size = "20GiB"               # past this, the oldest data is deleted

[timings]
timeout = "1h"                   # after this, a start without an end is stored as unfinished
orphan_grace = "60s"             # how long an end waits for its start
max_open = 100_000               # open starts and ends, at most
max_open_bytes = "64MiB"

[dedupe]                         # a request that is repeated within the window is stored once
window = "10m"
requests = 100_000

[otlp]
max_body = "8MiB"                # of a body of OpenTelemetry: its exporters do not split what is refused
# resource = ["service.*"]       # the resource attributes that records keep; absent: all but those of SDK and system

# [[syslog]]                     # syslog is received where there is such a table, one for each address
# listen = "udp://0.0.0.0:514"   # or "tcp://…" or "tls://…"
# key = "web shop"               # name of the pair whose server key sends; its project and rate apply
# time_zone = "Europe/Berlin"    # of times that name no zone; absent: UTC
# tls_cert = "cert.pem"          # of "tls://…"; absent: those of [tls]
# tls_key = "key.pem"

# [[alerts]]                     # a rule; docs/alerts.md has twenty of them
# name = "errors"                # unique
# project = "shop"               # absent: all projects
# q = "level:error"              # the search; absent: everything
# kind = "count"                 # or "share", "percentile", "silence", "running"
# of = "kind:log"                # of a share: among which records
# p = 95                         # of a percentile
# window = "5m"                  # records received in this time
# every = "30s"                  # how often it is looked at
# above = 10                     # it fires when the value is above this; or below = …
# below = 1
# resolve_below = 5              # it resolves when the value is below this; absent: not above above
# resolve_above = 1              # the same of below
# for = "0s"                     # how long beyond the bound before it fires
# keep = "0s"                    # how long back before it has resolved
# group_by = "touchpoint"        # each value by itself, at most 20; absent: all together
# min = 20                       # of a share or a percentile: with fewer nothing is known
# repeat = "4h"                  # told again while it fires; absent: never
# notify = ["team chat"]         # names of [[destinations]]
# severity = "warning"           # or "info", "critical"
# note = "see the runbook"       # what whoever is told should know
# heartbeat_url = "https://…"    # at the top of the file: asked each minute while the server is ready
# private_addresses = []         # at the top of the file: addresses or CIDR blocks that are not public, where destinations may be
# [[destinations]]               # where alerts are told, one for each
# name = "ops chat"
# type = "webhook"               # or "email" or "alertmanager"
# url = "\${CHAT_WEBHOOK}"
# template = "slack"             # or "discord", "ntfy", or JSON of your own; absent: everything that is known
# headers = { Authorization = "Bearer \${TOKEN}" }
# secret = "\${WEBHOOK_SECRET}"  # signs what is sent
# user = "logs"                  # to sign in with, at a mail server too
# password = "\${MAIL_PASSWORD}"
# starttls = true                # of email at "smtp://…": encrypted, or nothing is sent
# from = "logs@example.com"
# to = ["ops@example.com"]

# [markers]                      # lines in the app's charts, such as deploys: the records that match q
# q = "touchpoint:deploy/*"
# label = "metadata.build"       # the field that names each; absent: "message"
# A project can have markers of its own: [projects.NAME.markers]

# [clickhouse]                   # a ClickHouse cluster behind the data file; docs/scaling.md
# url = ["http://clickhouse-1:8123"]   # HTTP interfaces; the next is asked where one cannot be reached
# database = "simplelogs"        # has to be there; the tables are made at start
# user = "default"
# password = "\${CLICKHOUSE_PASSWORD}"
# cluster = ""                   # name of the cluster, for Replicated and Distributed tables; "": one server
# node = 1                       # of this server: another number for each that writes to the cluster
# keep_local = "1d"              # how long records stay here as well once they are shipped
# backlog_max = "10GiB"          # past this much that is not shipped, requests get 503

[log]
level = "info"                   # "debug", "info", "warn" or "error"

# [tls]                          # HTTPS; paths of PEM files, relative to this file
# cert = "cert.pem"
# key = "key.pem"
`;
}

/** A new installation's file: a working pair for this machine, an admin token, and every default. */
function initialConfigText(keys: InitialKeys): string {
  return render({
    head: "# SimpleLogs configuration, with secrets in it: keep it to yourself (mode 0600).",
    adminToken: `admin_token = ${tomlString(keys.adminToken)}   # guards everything that reads; absent: reading is off`,
    pair: [
      "[[keys]]",
      'name = "default"                 # 2 to 80 characters, unique',
      'project = "default"',
      `server = ${tomlString(keys.serverKey)}   # or server_sha256; either of the pair may be absent`,
      `client = ${tomlString(keys.clientKey)}   # or client_sha256`,
      `origins = [${DEVELOPMENT_ORIGINS.map(tomlString).join(", ")}]   # pages that may use the client key`,
      ...PAIR_END,
    ].join("\n"),
    project: "default",
  });
}

/** The text of scripts/simplelogs.example.toml. It loads without a change, and has no keys. */
export function exampleConfigText(): string {
  const pair = [
    "[[keys]]",
    'name = "web shop"                # 2 to 80 characters, unique',
    'project = "shop"                 # default "default"',
    'server = "sk_…"                  # or server_sha256; either of the pair may be absent',
    'client = "ck_…"                  # or client_sha256',
    'origins = ["https://shop.example.com", "https://*.example.com", "http://localhost:3000"]   # default []',
    ...PAIR_END,
  ];
  return render({
    head: "# SimpleLogs configuration: every setting with its default, and no keys. `simplelogs init` writes one with keys of your own.",
    adminToken:
      '# admin_token = "${SIMPLELOGS_TOKEN}"   # at least 16 characters, or admin_token_sha256; guards everything that\n' +
      "#                                       # reads; absent: reading is off",
    pair: `# \`simplelogs keys create NAME\` writes such a table with new keys.\n${pair.map((line) => `# ${line.replace(/^# /, "")}`).join("\n")}`,
    project: "shop",
  });
}
