// The text of a new configuration file, and of the example: every setting with its default, and what it means.

import { tomlString } from "./toml_text.ts";

/** What a new installation starts with. */
export interface InitialKeys {
  readonly serverKey: string;
  readonly clientKey: string;
  readonly adminToken: string;
}

/** Pages of development servers on this machine: browsers may log from them at once. */
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
# A change of this file, or SIGHUP, reloads keys, origins, projects, rates and quotas. \`simplelogs check\` tests it.

host = "127.0.0.1"               # "0.0.0.0" or "::" to be reached from other machines
port = 7070                      # 0: any free port, printed
hosts = []                       # names in a browser's address bar that are answered, as "logs.example.com"; localhost always is
data = "simplelogs.db"           # relative to this file
${adminToken}
metrics_open = false             # true: /metrics without the token
trusted_proxies = []             # addresses or CIDR whose X-Forwarded-For is believed
max_body = "5MiB"                # a larger request is refused, before or after decompression
max_entries = 10_000             # entries in one request

# A pair of keys under one name: server keys for code that you run, client keys for browsers. One [[keys]] for each pair.
${pair}

[projects.${project}]
retention = "30d"                # records older than this are removed
# monthly_entries = 1_000_000    # absent: no limit
overage = "continue"             # or "drop": what happens past monthly_entries

[queue]                          # what waits in memory to be stored; full: 503
requests = 50_000
bytes = "64MiB"
client_share = 0.5               # browsers can fill at most this part, so they never starve servers

[storage]
durability = "sync"              # what a 202 means: "sync" on disk, "write" survives kill -9, "memory" queued
max_size = "20GiB"               # oldest data goes first

[timings]
timeout = "1h"                   # a start without its end is then stored as unfinished
orphan_grace = "60s"             # how long an end waits for its start
max_open = 100_000               # starts and ends that wait
max_open_bytes = "64MiB"

[dedupe]                         # a request that is sent again stores nothing twice, this far back
window = "10m"
requests = 100_000

[log]
level = "info"                   # "debug", "info", "warn" or "error"

# [tls]                          # HTTPS; paths of PEM files, relative to this file
# cert = "cert.pem"
# key = "key.pem"
`;
}

/** A new installation's file: a working pair for this machine, an admin token, and every default. */
export function initialConfigText(keys: InitialKeys): string {
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

/** scripts/simplelogs.example.toml: it loads as it stands, and has no keys. */
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
