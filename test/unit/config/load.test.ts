import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashKey } from "../../../src/config/keys.ts";
import { loadSettings, parseSettings } from "../../../src/config/load.ts";
import { DEFAULT_PROJECT } from "../../../src/config/settings.ts";
import { CLIENT_KEY, CONFIG_FILE, problemLines, SERVER_KEY, settingsOf } from "../../support/configuration.ts";
import { withFolder } from "../../support/folder.ts";

describe("parseSettings reads", () => {
  test("an empty file as all the defaults of the contract, with a warning that there are no keys", () => {
    const result = parseSettings("", CONFIG_FILE, {});
    expect(result).toEqual({
      ok: true,
      settings: {
        file: CONFIG_FILE,
        host: "127.0.0.1",
        port: 7070,
        hosts: [],
        data: "/etc/simplelogs/simplelogs.db",
        adminTokenSha256: undefined,
        readers: [],
        metricsOpen: false,
        trustedProxies: [],
        bodyBytesMax: 5 * 2 ** 20,
        entriesMax: 10_000,
        keys: [],
        projects: {},
        unusedProjects: [],
        queue: { requests: 50_000, bytes: 64 * 2 ** 20, clientShare: 0.5 },
        storage: { durability: "sync", bytesMax: 20 * 2 ** 30 },
        timings: { timeoutMs: 3_600_000, orphanGraceMs: 60_000, openMax: 100_000, openBytesMax: 64 * 2 ** 20 },
        dedupe: { windowMs: 600_000, requests: 100_000 },
        otlp: { bodyBytesMax: 8 * 2 ** 20, resource: undefined },
        syslog: [],
        alerts: [],
        publicUrl: undefined,
        markers: undefined,
        destinations: [],
        heartbeatUrl: undefined,
        privateAddresses: [],
        clickhouse: undefined,
        log: { level: "info" },
        tls: undefined,
      },
      warnings: [{ file: CONFIG_FILE, line: 1, message: expect.stringContaining("there are no [[keys]]") }],
    });
  });

  test("every setting", () => {
    const text = `
host = "::"
port = 0
hosts = ["Logs.Example.com", "localhost:8443", "10.0.0.7"]
data = "../data/logs.db"
admin_token = "a token of no"
metrics_open = true
public_url = "https://Logs.example.com/"
trusted_proxies = ["10.0.0.7", "10.0.0.0/8", "FD00::/8"]
max_body = 1024
max_entries = 0x10
[[keys]]
name = "web shop"
project = "shop"
server = "${SERVER_KEY}"
client_sha256 = "${hashKey(CLIENT_KEY).toUpperCase()}"
origins = ["HTTPS://Shop.example.com:443", "https://shop.example.com", "https://*.example.com"]
rate = 0.5
revoked = true
[projects.shop]
retention = "12h"
monthly_entries = 1_000_000
overage = "drop"
[projects."constructor"]
[queue]
requests = 10
bytes = "1MB"
client_share = 1
[storage]
durability = "memory"
max_size = "1GiB"
[timings]
timeout = "250ms"
orphan_grace = "1s"
max_open = 1
max_open_bytes = "64KiB"
[dedupe]
window = "1m"
requests = 5
[otlp]
max_body = "1MiB"
resource = ["service.*"]
[[syslog]]
listen = "UDP://0.0.0.0:514"
key = "web shop"
time_zone = "Europe/Berlin"
[[syslog]]
listen = "tls://[::1]:6514"
key = "web shop"
[[syslog]]
listen = "tls://logs.example.com:6514"
key = "web shop"
tls_cert = "/keys/syslog.pem"
tls_key = "syslog.key"
[log]
level = "debug"
[tls]
cert = "cert.pem"
key = "/keys/key.pem"
`.replace("a token of no", "0123456789abcdef");
    expect(settingsOf(text)).toEqual({
      file: CONFIG_FILE,
      host: "::",
      port: 0,
      hosts: ["logs.example.com", "localhost:8443", "10.0.0.7"],
      data: "/etc/data/logs.db",
      adminTokenSha256: hashKey("0123456789abcdef"),
      readers: [],
      metricsOpen: true,
      trustedProxies: ["10.0.0.7", "10.0.0.0/8", "fd00::/8"],
      bodyBytesMax: 1024,
      entriesMax: 16,
      keys: [
        {
          name: "web shop",
          project: "shop",
          serverSha256: hashKey(SERVER_KEY),
          clientSha256: hashKey(CLIENT_KEY),
          serverMasked: "sk_0123…",
          clientMasked: `sha256:${hashKey(CLIENT_KEY).slice(0, 8)}…`,
          origins: ["https://shop.example.com", "https://*.example.com"],
          rate: 0.5,
          revoked: true,
        },
      ],
      projects: {
        shop: { retentionMs: 43_200_000, monthlyEntries: 1_000_000, overage: "drop" },
        constructor: DEFAULT_PROJECT,
      } as never,
      unusedProjects: ["constructor"],
      queue: { requests: 10, bytes: 1_000_000, clientShare: 1 },
      storage: { durability: "memory", bytesMax: 2 ** 30 },
      timings: { timeoutMs: 250, orphanGraceMs: 1000, openMax: 1, openBytesMax: 65_536 },
      dedupe: { windowMs: 60_000, requests: 5 },
      otlp: { bodyBytesMax: 2 ** 20, resource: ["service.*"] },
      syslog: [
        {
          address: { transport: "udp", host: "0.0.0.0", port: 514 },
          key: "web shop",
          timeZone: "Europe/Berlin",
          tls: undefined,
        },
        {
          address: { transport: "tls", host: "::1", port: 6514 },
          key: "web shop",
          timeZone: undefined,
          tls: { cert: "/etc/simplelogs/cert.pem", key: "/keys/key.pem" },
        },
        {
          address: { transport: "tls", host: "logs.example.com", port: 6514 },
          key: "web shop",
          timeZone: undefined,
          tls: { cert: "/keys/syslog.pem", key: "/etc/simplelogs/syslog.key" },
        },
      ],
      alerts: [],
      publicUrl: "https://logs.example.com",
      markers: undefined,
      destinations: [],
      heartbeatUrl: undefined,
      privateAddresses: [],
      clickhouse: undefined,
      log: { level: "debug" },
      tls: { cert: "/etc/simplelogs/cert.pem", key: "/keys/key.pem" },
    });
  });

  test("a project that only a pair names, with the defaults, and looks none up by chance", () => {
    const { projects } = settingsOf(`[[keys]]\nname = "ab"\nserver = "${SERVER_KEY}"\n`);
    expect(projects).toEqual({ default: DEFAULT_PROJECT });
    expect(projects["constructor"]).toBeUndefined();
  });

  test("the projects that have a table and no key, but those of which it warns", () => {
    const pair = `[[keys]]\nname = "ab"\nproject = "shop"\nserver = "${SERVER_KEY}"\n`;
    const unused = (tables: string) => settingsOf(pair + tables).unusedProjects;
    expect(unused("[projects.shop]\n[projects.shpo]\n[projects.other]\n")).toEqual(["shpo", "other"]);
    expect(unused("[projects.shpo]\n[projects.other]\n")).toEqual(["other"]);
  });

  test("inline and dotted forms, a byte order mark and CRLF", () => {
    const text = `\ufeffqueue.requests = 5\r\nkeys = [{ name = "ab", server = "${SERVER_KEY}" }]\r\nlog = { level = "warn" }\r\n`;
    const settings = settingsOf(text);
    expect([settings.queue.requests, settings.keys.length, settings.log.level]).toEqual([5, 1, "warn"]);
  });

  test("variables of the environment, inside text and in place of numbers and truth values", () => {
    const environment = { KEY: SERVER_KEY, HOST: "0.0.0.0", PORT: "8080", YES: "true", NAME: "web", SHARE: "0.25" };
    const text = [
      'host = "${HOST}"',
      'port = "${PORT}"',
      'metrics_open = "${YES}"',
      'queue.client_share = "${SHARE}"',
      "[[keys]]",
      'name = "${NAME} $${NAME}"',
      'server = "${KEY}"',
    ].join("\n");
    const settings = settingsOf(text, environment);
    expect([settings.host, settings.port, settings.metricsOpen, settings.queue.clientShare]).toEqual([
      "0.0.0.0",
      8080,
      true,
      0.25,
    ]);
    expect([settings.keys[0]?.name, settings.keys[0]?.serverSha256]).toEqual(["web ${NAME}", hashKey(SERVER_KEY)]);
  });
});

describe("parseSettings warns of", () => {
  test.each([
    [
      "a client key without origins",
      `[[keys]]\nname = "ab"\nclient = "${CLIENT_KEY}"`,
      '1: keys: the client key of "ab" has no origins: it is always rejected',
    ],
    [
      "a client key with an empty list",
      `[[keys]]\nname = "ab"\nclient = "${CLIENT_KEY}"\norigins = []`,
      '4: keys: the client key of "ab" has no origins: it is always rejected',
    ],
    [
      "origins without a client key",
      `[[keys]]\nname = "ab"\nserver = "${SERVER_KEY}"\norigins = ["http://a"]`,
      '4: keys.origins of "ab" has no effect: the pair has no client key',
    ],
    [
      "a project that looks mistyped",
      `[[keys]]\nname = "ab"\nproject = "shop"\nserver = "${SERVER_KEY}"\n[projects.shpo]`,
      '5: projects: no key belongs to "shpo"; did you mean "shop"?',
    ],
    [
      "bodies that the queue can never hold",
      `max_body = "2MiB"\nqueue.bytes = "1MiB"\n[[keys]]\nname = "ab"\nserver = "${SERVER_KEY}"`,
      "2: max_body is more than queue.bytes: batches between the two are refused (413)",
    ],
    [
      "a bound that 0.1 had",
      `[[keys]]\nname = "ab"\nserver = "${SERVER_KEY}"\n[queue]\nentries = 200_000`,
      "5: queue.entries has no effect any more: queue.bytes and queue.requests bound the queue",
    ],
    [
      "another one",
      `[[keys]]\nname = "ab"\nserver = "${SERVER_KEY}"\n[dedupe]\nentries = 1_000_000`,
      "5: dedupe.entries has no effect any more: repeated requests are recognised as a whole; dedupe.requests bounds them",
    ],
  ])("%s", (_, text, warning) => {
    expect(problemLines(parseSettings(text, CONFIG_FILE, {}))).toEqual([warning]);
  });
});

describe("loadSettings", () => {
  const working = `[[keys]]\nname = "ab"\nserver = "${SERVER_KEY}"\n`;

  test("reads the file; data is relative to its folder", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, working, { mode: 0o600 });
      const result = await loadSettings(file, {});
      expect(result.ok && [result.settings.data, result.warnings]).toEqual([join(folder, "simplelogs.db"), []]);
    });
  });

  test("warns of a file that others can read while a secret is in it", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, working);
      chmodSync(file, 0o644);
      const message = "every user of this machine can read the secrets in this file (mode 0644): run chmod 600";
      expect(await loadSettings(file, {})).toMatchObject({ ok: true, warnings: [{ file, line: 3, message }] });
      chmodSync(file, 0o640);
      expect(await loadSettings(file, {})).toMatchObject({ ok: true, warnings: [] });
      writeFileSync(file, working.replace(SERVER_KEY, "${KEY}"));
      chmodSync(file, 0o644);
      expect(await loadSettings(file, { KEY: SERVER_KEY })).toMatchObject({ ok: true, warnings: [] });
    });
  });

  test("reports what cannot be read: no file, a folder, bytes that are not UTF-8, TLS files", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      expect(problemLines(await loadSettings(file, {}))).toEqual([
        "0: cannot read the configuration: there is no such file; `simplelogs init` makes one",
      ]);
      mkdirSync(join(folder, "sub"));
      expect(problemLines(await loadSettings(join(folder, "sub"), {}))).toEqual([
        expect.stringMatching(/^0: cannot read the configuration: (this is a folder|EISDIR)$/),
      ]);
      writeFileSync(file, Buffer.concat([Buffer.from("# é\nport = 1\n# "), Buffer.from([0xff]), Buffer.from("\n")]));
      expect(problemLines(await loadSettings(file, {}))).toEqual(["3: this line is not UTF-8: save the file as UTF-8"]);
      writeFileSync(file, '[tls]\ncert = "none.pem"\nkey = "none.key"\n');
      expect(problemLines(await loadSettings(file, {}))).toEqual([
        `2: tls.cert: cannot read ${JSON.stringify(join(folder, "none.pem"))}: there is no such file`,
        `3: tls.key: cannot read ${JSON.stringify(join(folder, "none.key"))}: there is no such file`,
      ]);
    });
  });
});
