// [[syslog]] tables: what is refused or warned about, and what a table is compared with.

import { describe, expect, test } from "bun:test";
import { parseSettings } from "../../../src/config/load.ts";
import { CLIENT_KEY, problemsOf, SERVER_KEY } from "../../support/configuration.ts";

const ROUTERS = `[[keys]]\nname = "routers"\nserver = "${SERVER_KEY}"\n`;
const PAGES = `[[keys]]\nname = "pages"\nclient = "${CLIENT_KEY}"\norigins = ["https://a.example"]\n`;
/** Lines of the keys; the first table begins after them. */
const KEYS = `${ROUTERS}${PAGES}`;
const FIRST = KEYS.split("\n").length;

function table(listen: string, rest = ""): string {
  return `[[syslog]]\nlisten = "${listen}"\nkey = "routers"\n${rest}`;
}

function warningsOf(text: string): string[] {
  const result = parseSettings(text, "simplelogs.toml", {});
  return result.ok ? result.warnings.map(({ line, message }) => `${line}: ${message}`) : ["refused"];
}

describe("a [[syslog]] table is refused", () => {
  const expected = 'expected an address to listen on, such as "udp://0.0.0.0:514"';
  for (const listen of [
    "http://0.0.0.0:514",
    "0.0.0.0:514",
    "udp://0.0.0.0",
    "udp://:514",
    "udp://0.0.0.0:65536",
    "udp://0.0.0.0:-1",
    "udp://0.0.0.256:514",
    "udp://1.2.3:514",
    "udp://::1:514",
    "udp://a b:514",
    "udp://0.0.0.0:514/",
    "udp:0.0.0.0:514",
    "",
  ]) {
    test(`with an address such as ${JSON.stringify(listen)}`, () => {
      const [problem, ...others] = problemsOf(`${KEYS}${table(listen)}`);
      expect(problem).toStartWith(`${FIRST + 1}: syslog.listen = "${listen}": ${expected}`);
      expect(others).toEqual([]);
    });
  }

  const cases: readonly (readonly [name: string, text: string, problems: readonly string[]])[] = [
    [
      "with the name of no pair, and the nearest is named",
      '[[syslog]]\nlisten = "udp://0.0.0.0:514"\nkey = "router"\n',
      [
        `${FIRST + 2}: syslog.key = "router": no [[keys]] pair has this name; did you mean "routers"? (there are: routers, pages)`,
      ],
    ],
    [
      "with a pair that has no server key",
      '[[syslog]]\nlisten = "udp://0.0.0.0:514"\nkey = "pages"\n',
      [`${FIRST + 2}: syslog.key = "pages": this pair has no server key: expected one with server or server_sha256`],
    ],
    [
      "without a key",
      '[[syslog]]\nlisten = "udp://0.0.0.0:514"\n',
      [`${FIRST}: syslog: "key" is missing: expected 2 to 80 characters without control characters`],
    ],
    [
      "with TLS and no certificate",
      table("tls://0.0.0.0:6514"),
      [
        `${FIRST + 1}: syslog.listen = "tls://0.0.0.0:6514": expected tls_cert and tls_key in this table, or a [tls] table`,
      ],
    ],
    [
      "with a certificate without its key",
      table("tls://0.0.0.0:6514", 'tls_cert = "c.pem"\n'),
      [`${FIRST + 3}: syslog.tls_cert: expected both tls_cert and tls_key`],
    ],
    [
      "with the address of another",
      `${table("tcp://[::1]:514")}${table("udp://[::1]:514")}${table("TCP://[::1]:514")}`,
      [
        `${FIRST + 7}: syslog.listen = "TCP://[::1]:514": the listener in line ${FIRST + 1} listens there too; choose another port`,
      ],
    ],
    [
      "with the address of the HTTP server",
      table("tcp://127.0.0.1:7070"),
      [`${FIRST + 1}: syslog.listen = "tcp://127.0.0.1:7070": the HTTP server listens there too; choose another port`],
    ],
    [
      "with a time zone that there is not",
      table("udp://0.0.0.0:514", 'time_zone = "Europe/Berli"\n'),
      [
        `${FIRST + 3}: syslog.time_zone = "Europe/Berli": expected the name of a time zone, such as "Europe/Berlin" or "UTC"`,
      ],
    ],
    [
      "with a name that is unknown",
      table("udp://0.0.0.0:514", "timezone = 1\n"),
      [
        `${FIRST + 3}: syslog.timezone: unknown name; did you mean "time_zone"? (known here: listen, key, time_zone, tls_cert, tls_key)`,
      ],
    ],
  ];
  for (const [name, text, problems] of cases)
    test(name, () => expect(problemsOf(`${KEYS}${text}`)).toEqual([...problems]));

  test("where there are more than 20", () => {
    const tables = Array.from({ length: 21 }, (_, index) => table(`udp://0.0.0.0:${1_000 + index}`)).join("");
    expect(problemsOf(`${KEYS}${tables}`)).toEqual([
      `${FIRST}: syslog has 21 items: expected a list of at most 20 tables, each under [[syslog]]`,
    ]);
  });
});

describe("a [[syslog]] table is taken", () => {
  test("on ports of the same number by different transports, and on any free port twice", () => {
    const text = `${table("tcp://0.0.0.0:514")}${table("udp://0.0.0.0:514")}${table("udp://[::1]:0")}${table("udp://[::1]:0")}`;
    expect(problemsOf(`${KEYS}${text}`)).toEqual([]);
  });

  test("with a warning where its pair is revoked", () => {
    const revoked = ROUTERS.replace("server =", "revoked = true\nserver =");
    expect(warningsOf(`${revoked}${table("udp://0.0.0.0:514")}`)).toEqual([
      '7: syslog.key = "routers": this pair is revoked: every message is refused',
    ]);
  });

  test("with a warning where its certificate has no effect", () => {
    const text = table("udp://0.0.0.0:514", 'tls_cert = "a"\ntls_key = "b"\n');
    expect(warningsOf(`${KEYS}${text}`)).toEqual([
      `${FIRST + 3}: syslog.tls_cert has no effect: "udp://0.0.0.0:514" is not encrypted`,
    ]);
  });
});
