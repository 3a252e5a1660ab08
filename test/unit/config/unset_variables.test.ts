// Variables of the environment that are not set, for commands that only read: whichever value comes from one, the
// configuration is enough, or the problem names the setting.

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadReadingSettings, type Reading } from "../../../src/config/load.ts";
import { withFolder } from "../../support/folder.ts";

/** With a value of every kind; each line is one setting or the name of a table. */
const CONFIG = `host = "127.0.0.1"
port = 7070
hosts = ["a.example"]
data = "x.db"
admin_token = "an-admin-token-for-tests"
trusted_proxies = ["10.0.0.0/8"]
max_body = "5MiB"
metrics_open = true
public_url = "https://a.example"
heartbeat_url = "https://a.example/x"
private_addresses = ["10.0.0.0/8"]
[[keys]]
name = "web"
project = "shop"
server_sha256 = "${"a".repeat(64)}"
origins = ["https://a.example"]
rate = 5
[[readers]]
name = "reader"
token = "reader-token-of-enough-length"
projects = ["shop"]
[projects.shop]
retention = "3d"
monthly_entries = 5
overage = "drop"
markers = { q = "touchpoint:deploy" }
[queue]
requests = 50
bytes = "64MiB"
client_share = 0.5
[storage]
durability = "sync"
max_size = "20GiB"
[timings]
timeout = "1h"
[dedupe]
window = "10m"
[otlp]
max_body = "8MiB"
resource = ["service.*"]
[markers]
q = "touchpoint:deploy"
[[syslog]]
listen = "udp://127.0.0.1:5514"
key = "web"
[[alerts]]
name = "x"
q = "level:error"
above = 1
window = "5m"
notify = ["chat"]
[[destinations]]
name = "chat"
type = "webhook"
url = "https://a.example"
headers = { A = "b" }
[clickhouse]
url = ["http://127.0.0.1:8123"]
database = "db"
user = "u"
password = "p"
cluster = "c"
node = 3
keep_local = "1d"
backlog_max = "1GiB"
[log]
level = "info"
[tls]
cert = "a.pem"
key = "b.pem"
`;

/** What a command needs: lines of CONFIG. */
const OF_FILE = ["data", "retention", "monthly_entries", "overage", "markers"];
const OF_CLUSTER = ["url", "database", "user", "password", "cluster", "node", "keep_local", "backlog_max"];

for (const [reading, needed] of [
  ["file", OF_FILE],
  ["records", [...OF_FILE, ...OF_CLUSTER]],
] as const satisfies readonly (readonly [Reading, readonly string[]])[]) {
  test(`a command that reads ${reading === "file" ? "the data file alone" : "records"} needs no other value`, () =>
    withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      const lines = CONFIG.split("\n");
      const named: string[] = [];
      for (const [number, line] of lines.entries()) {
        const [, name = "", value = ""] = /^(\w+) = (.*)$/.exec(line) ?? [];
        if (name === "") continue;
        const unset = /^[[{]/.test(value) ? value.replace(/"[^"]*"/, '"${NOT_SET}"') : '"${NOT_SET}"';
        writeFileSync(file, lines.with(number, `${name} = ${unset}`).join("\n"));
        const result = await loadReadingSettings(file, {}, reading);
        if (result.ok) continue;
        named.push(name);
        expect(result.problems.map(({ message }) => message)).toEqual([
          expect.stringMatching(new RegExp(`\\b${name}\\b.*NOT_SET is not set$`)) as never,
        ]);
      }
      expect(named).toEqual([...needed]);
    }));
}
