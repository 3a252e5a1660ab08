// Senders of syslog against the executable: rsyslog, logger of util-linux, Python and winston-syslog.

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { selfSignedCertificate } from "../support/certificate.ts";
import { eventually } from "../support/eventually.ts";
import { LOGGER, startRsyslog } from "../support/rsyslog.ts";
import { run } from "../support/run.ts";
import { configText, type TestServer, withServer, withStoppedServer } from "../support/server.ts";
import { runModule, type SentRecord, storedRecords } from "./programs.ts";

const HOST = hostname();

function listenerTables(...listeners: readonly string[]): string {
  return listeners.map((listen) => `[[syslog]]\nlisten = "${listen}"\nkey = "test"`).join("\n");
}

const TABLES = listenerTables("udp://127.0.0.1:0", "tcp://127.0.0.1:0");

/** The port of a listener, as the log says it, of the last start. */
function portOf({ logLines }: TestServer, transport: string): string {
  const found = logLines.flatMap(
    ({ message }) => new RegExp(`^syslog on ${transport}://.*:(\\d+),`).exec(message) ?? [],
  );
  const port = found.at(-1);
  if (port === undefined) throw new Error(`there is no listener for ${transport}`);
  return port;
}

/** A record as these tests compare it: `time` apart, which is checked to be within the test. */
function record(rest: Partial<SentRecord>): SentRecord {
  return {
    project: "default",
    apiKey: "test",
    kind: "log",
    source: "server",
    keyType: "server",
    time: expect.any(Number) as number,
    ...rest,
    metadata: { peer: "127.0.0.1", ...rest.metadata },
  };
}

async function recordsOf(server: TestServer, since: number, count: number): Promise<SentRecord[]> {
  const records = await storedRecords(server, count);
  // Times of RFC 3164 are whole seconds.
  expect(records.filter(({ time }) => time < since - 1_000 || time > Date.now())).toEqual([]);
  return records;
}

const user = { hostname: HOST, facility: "user" };

describe("rsyslog", () => {
  const forward = (port: string, rest: string) => `*.* action(type="omfwd" target="127.0.0.1" port="${port}" ${rest})`;
  const actions: readonly (readonly [name: string, action: (port: string) => string, isExact: boolean])[] = [
    [
      "TCP, counted octets",
      (port) => forward(port, 'protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"'),
      true,
    ],
    ["TCP, line feeds", (port) => forward(port, 'protocol="tcp" template="RSYSLOG_ForwardFormat"'), true],
    ["TCP, as it does by default", (port) => `*.* @@127.0.0.1:${port}`, false],
    ["UDP", (port) => `*.* @127.0.0.1:${port}`, false],
    ["UDP, RFC 5424", (port) => forward(port, 'protocol="udp" template="RSYSLOG_SyslogProtocol23Format"'), true],
  ];
  for (const [name, action, isExact] of actions) {
    test(`stores what applications log, over ${name}`, async () => {
      await withServer(configText({ tables: TABLES }), async (server) => {
        const since = Date.now();
        const port = portOf(server, name.startsWith("TCP") ? "tcp" : "udp");
        const rsyslog = await startRsyslog(server.folder, action(port));
        try {
          await rsyslog.log("--tag", "shop", "--priority", "user.err", "payment failed for order ord_3");
          await rsyslog.log(
            "--tag",
            "shop",
            "--id=4711",
            "--priority",
            "daemon.notice",
            "Order placed Zoë/code: 1 [x]",
          );
          await rsyslog.log(
            "--tag",
            "app",
            "--priority",
            "local3.debug",
            '@cee: {"msg":"unfolded","order":{"id":"ord_4"}}',
          );
          const records = await recordsOf(server, since, 3);
          expect(records).toEqual([
            record({ level: "error", touchpoint: "shop", message: "payment failed for order ord_3", metadata: user }),
            record({
              level: "info",
              touchpoint: "shop",
              message: "Order placed Zoë/code: 1 [x]",
              metadata: { hostname: HOST, facility: "daemon", severity: "notice", pid: "4711" },
            }),
            record({
              level: "debug",
              touchpoint: "app",
              message: "unfolded",
              metadata: { hostname: HOST, facility: "local3", order: { id: "ord_4" } },
            }),
          ]);
          if (isExact) expect(records.some(({ time }) => time % 1_000 !== 0)).toBe(true);
        } finally {
          await rsyslog.stop();
        }
      });
    });
  }

  test("stores what applications log, over TLS", async () => {
    const { cert, key } = selfSignedCertificate();
    const tables = `${listenerTables("tls://127.0.0.1:0")}\ntls_cert = "syslog.pem"\ntls_key = "syslog.key"`;
    await withStoppedServer(configText({ tables }), async (server) => {
      writeFileSync(join(server.folder, "syslog.pem"), cert);
      writeFileSync(join(server.folder, "syslog.key"), key, { mode: 0o600 });
      await server.start();
      const since = Date.now();
      const globals = `DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="${join(server.folder, "syslog.pem")}"`;
      const rsyslog = await startRsyslog(
        server.folder,
        `action(type="omfwd" target="127.0.0.1" port="${portOf(server, "tls")}" protocol="tcp" TCP_Framing="octet-counted"
  template="RSYSLOG_SyslogProtocol23Format" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="anon")`,
        globals,
      );
      try {
        await rsyslog.log("--tag", "shop", "--priority", "user.warning", "stock is low");
        expect(await recordsOf(server, since, 1)).toEqual([
          record({ level: "warn", touchpoint: "shop", message: "stock is low", metadata: user }),
        ]);
      } finally {
        await rsyslog.stop();
      }
    });
  });
});

describe("logger of util-linux", () => {
  const lines = ["--udp", "--tcp", "--tcp --octet-count"] as const;
  for (const transport of lines) {
    test(`stores messages of both standards, ${transport}`, async () => {
      await withServer(configText({ tables: TABLES }), async (server) => {
        const since = Date.now();
        const port = portOf(server, transport === "--udp" ? "udp" : "tcp");
        const send = async (...commandLine: string[]) => {
          const all = ["--server", "127.0.0.1", "--port", port, ...transport.split(" "), ...commandLine];
          const { exitCode, stderr } = await run(LOGGER, all, { environment: { PATH: "", TZ: "UTC" } });
          expect([exitCode, stderr]).toEqual([0, ""]);
        };
        await send("--rfc3164", "--tag", "shop", "--priority", "user.crit", "no room");
        await storedRecords(server, 1);
        const order = "--rfc5424 --tag shop --id=4711 --msgid ORDER --priority local0.warning --sd-id order@32473";
        const parameters = ["--sd-param", 'id="ord_4"', "--sd-param", 'note="a \\"b\\" \\]"'];
        await send(...order.split(" "), ...parameters, "payment: [failed] Zoë");
        await storedRecords(server, 2);
        await send("--rfc5424=notime,nohost", "--tag", "shop", "--priority", "user.info", "short");
        expect(await recordsOf(server, since, 3)).toEqual([
          record({
            level: "error",
            touchpoint: "shop",
            message: "no room",
            metadata: { ...user, severity: "crit" },
          }),
          record({
            level: "warn",
            touchpoint: "shop",
            message: "payment: [failed] Zoë",
            metadata: {
              hostname: HOST,
              facility: "local0",
              pid: "4711",
              msgid: "ORDER",
              timeQuality: expect.any(Object),
              "order@32473": { id: "ord_4", note: 'a "b" ]' },
            },
          }),
          record({ level: "info", touchpoint: "shop", message: "short", metadata: { facility: "user" } }),
        ]);
      });
    });
  }
});

describe("a sender whose clock shows the time of another zone", () => {
  test("has its times read in the zone of its listener", async () => {
    const tables = `${listenerTables("udp://127.0.0.1:0")}\ntime_zone = "Asia/Tokyo"`;
    await withServer(configText({ tables }), async (server) => {
      const since = Date.now();
      const commandLine = [
        "--server",
        "127.0.0.1",
        "--port",
        portOf(server, "udp"),
        "--udp",
        "--rfc3164",
        "--tag",
        "shop",
      ];
      await run(LOGGER, [...commandLine, "early"], { environment: { PATH: "", TZ: "Asia/Tokyo" } });
      expect(await recordsOf(server, since, 1)).toEqual([
        record({ level: "info", touchpoint: "shop", message: "early", metadata: { ...user, severity: "notice" } }),
      ]);
    });
  });
});

const PYTHON = `
import logging, logging.handlers, socket, sys
kind = socket.SOCK_DGRAM if sys.argv[1] == "udp" else socket.SOCK_STREAM
handler = logging.handlers.SysLogHandler(address=("127.0.0.1", int(sys.argv[2])), socktype=kind)
handler.ident = "shop: "
log = logging.getLogger("orders")
log.setLevel(logging.DEBUG)
log.addHandler(handler)
log.debug("cart: %s", {"a": 1})
log.warning("stock is low \\u00e9")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
handler.close()
`;

describe("Python's SysLogHandler", () => {
  for (const transport of ["udp", "tcp"]) {
    test(`stores messages, over ${transport}`, async () => {
      await withServer(configText({ tables: TABLES }), async (server) => {
        const since = Date.now();
        const { exitCode, stderr } = await run("python3", ["-c", PYTHON, transport, portOf(server, transport)]);
        expect([exitCode, stderr]).toEqual([0, ""]);
        const shop = { touchpoint: "shop", metadata: { facility: "user" } };
        const records = await recordsOf(server, since, 3);
        const stack = records.map(({ message }) => message ?? "").filter((message) => message.startsWith("failed"));
        if (transport === "udp") {
          expect(records).toEqual([
            record({ ...shop, level: "debug", message: "cart: {'a': 1}" }),
            record({ ...shop, level: "warn", message: "stock is low é" }),
            record({ ...shop, level: "error", message: stack[0] as string }),
          ]);
          expect(stack[0]).toMatch(/^failed\nTraceback[^]*\nZeroDivisionError: division by zero$/);
          return;
        }
        // Over TCP Python separates messages by NUL, and line feeds within one end it as everywhere.
        expect(records.slice(0, 3)).toEqual([
          record({ ...shop, level: "debug", message: "cart: {'a': 1}" }),
          record({ ...shop, level: "warn", message: "stock is low é" }),
          record({ ...shop, level: "error", message: "failed" }),
        ]);
      });
    });
  }
});

const WINSTON = `
import winston from "winston";
import { Syslog } from "winston-syslog";
const transport = new Syslog({
  host: "127.0.0.1", port: Number(process.env.SYSLOG_PORT), protocol: process.env.SYSLOG_PROTOCOL, type: process.env.SYSLOG_TYPE,
  app_name: "shop", localhost: "web-1", eol: process.env.SYSLOG_PROTOCOL === "tcp4" ? "\\n" : undefined,
});
const log = winston.createLogger({ levels: winston.config.syslog.levels, level: "debug", transports: [transport] });
log.info("order placed", { orderId: "ord_1", total: 12.5 });
log.crit("no room");
const isOpen = () => transport.connected || transport.socket.readyState === "open";
while (transport.queue.length > 0 || !isOpen()) await new Promise((resolve) => setTimeout(resolve, 20));
setTimeout(() => { log.close(); setTimeout(() => process.exit(0), 200); }, 500);
`;

describe("winston-syslog", () => {
  for (const [protocol, type] of [
    ["udp4", "5424"],
    ["udp4", "BSD"],
    ["tcp4", "5424"],
  ] as const) {
    test(`stores messages with their metadata, ${type} over ${protocol}`, async () => {
      await withServer(configText({ tables: TABLES }), async (server) => {
        const since = Date.now();
        const { exitCode, stderr } = await runModule(WINSTON, {
          SYSLOG_PORT: portOf(server, protocol.slice(0, 3)),
          SYSLOG_PROTOCOL: protocol,
          SYSLOG_TYPE: type,
          TZ: "UTC",
        });
        expect([exitCode, stderr]).toEqual([0, ""]);
        const records = await recordsOf(server, since, 2);
        const metadata = { hostname: "web-1", facility: "local0", pid: expect.stringMatching(/^\d+$/) as string };
        expect(records).toEqual([
          record({
            level: "info",
            touchpoint: "shop",
            message: "order placed",
            metadata: { ...metadata, orderId: "ord_1", total: 12.5 },
          }),
          record({
            level: "error",
            touchpoint: "shop",
            message: "no room",
            metadata: { ...metadata, severity: "crit" },
          }),
        ]);
      });
    });
  }
});

/** A port that is free, for a server that must come back to it. */
function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

describe("a server that is killed while rsyslog sends", () => {
  test("gets the rest from rsyslog's queue once it is back, and stores nothing twice", async () => {
    const port = freePort();
    const tables = listenerTables(`tcp://127.0.0.1:${port}`);
    await withServer(configText({ tables }), async (server) => {
      const rsyslog = await startRsyslog(
        server.folder,
        `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" TCP_Framing="octet-counted"
  template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1" action.resumeInterval="1"
  queue.type="LinkedList" queue.size="100000")`,
      );
      const stored = async () => (await server.metrics()).get("simplelogs_entries_stored_total") ?? 0;
      const send = async (from: number, to: number) => {
        const file = join(server.folder, "lines.txt");
        writeFileSync(file, Array.from({ length: to - from }, (_, index) => `number ${from + index}`).join("\n"));
        await rsyslog.log("--tag", "shop", "--file", file);
      };
      try {
        await send(0, 5_000);
        await eventually("some are stored", async () => (await stored()) > 0);
        await send(5_000, 10_000);
        await server.kill();
        await send(10_000, 10_500);
        await server.start();
        const numbersOf = async () =>
          (await server.export()).map(({ message }) => Number(/^number (\d+)$/.exec(message ?? "")?.[1]));
        await eventually("the last one is stored", async () => (await numbersOf()).includes(10_499));
        const numbers = await numbersOf();
        expect(new Set(numbers).size).toBe(numbers.length);
        // What was on its way when the server was killed is lost, as syslog has no answers: how much, the kernel
        // decides.
        console.log(`${numbers.length} of 10500 messages are stored`);
        expect(numbers.filter((number) => number >= 10_000).length).toBeGreaterThan(400);
      } finally {
        await rsyslog.stop();
      }
    });
  }, 90_000);
});
