import { describe, expect, test } from "bun:test";
import { hashKey } from "../../../src/config/keys.ts";
import { CLIENT_KEY, problemsOf, SERVER_KEY } from "../../support/configuration.ts";

describe("parseSettings refuses", () => {
  const pair = (rest: string) => `[[keys]]\nname = "ab"\n${rest}`;

  test.each([
    ["port = 65536", "1: port = 65536: expected a whole number from 0 to 65535"],
    ["port = -1", "1: port = -1: expected a whole number from 0 to 65535"],
    ['port = "7070"', '1: port = "7070": expected a whole number from 0 to 65535'],
    ["port = 1.5", "1: port = 1.5: expected a whole number from 0 to 65535"],
    ["port = nan", "1: port = nan: expected a whole number from 0 to 65535"],
    ["max_entries = inf", "1: max_entries = inf: expected a whole number from 1 to 1000000"],
    [
      "max_entries = 99999999999999999999999",
      "1: max_entries = 99999999999999999999999: expected a whole number from 1 to 1000000",
    ],
    ["max_entries = 0", "1: max_entries = 0: expected a whole number from 1 to 1000000"],
    ["host = 1979-05-27T07:32:00Z", "1: host = 1979-05-27T07:32:00Z: expected an address"],
    ["host = true", "1: host = true: expected an address"],
    ['host = "http://localhost"', '1: host = "http://localhost": expected an address'],
    ['host = "256.1.1.1"', '1: host = "256.1.1.1": expected an address'],
    ['data = ""', '1: data = "": expected the path of the data file'],
    ['metrics_open = "yes"', '1: metrics_open = "yes": expected true or false'],
    ['trusted_proxies = "10.0.0.1"', '1: trusted_proxies = "10.0.0.1": expected a list of addresses'],
    [
      'trusted_proxies = ["10.0.0.1",\n"10.0.0.0/33"]',
      '2: trusted_proxies = "10.0.0.0/33": expected an address or a CIDR block',
    ],
    ['trusted_proxies = ["::1/129"]', '1: trusted_proxies = "::1/129": expected an address or a CIDR block'],
    ['trusted_proxies = ["example.com"]', '1: trusted_proxies = "example.com": expected an address or a CIDR block'],
    ['max_body = "5M"', '1: max_body = "5M": expected a size such as'],
    ["max_body = 0", "1: max_body = 0: expected a size such as"],
    ["max_body = 1.5", "1: max_body = 1.5: expected a size such as"],
    ["max_body = -5", "1: max_body = -5: expected a size such as"],
    ['timings.timeout = "1 fortnight"', '1: timings.timeout = "1 fortnight": expected a duration'],
    ["timings.timeout = 60", "1: timings.timeout = 60: expected a duration above 0 with its unit"],
    ['timings.timeout = "0s"', '1: timings.timeout = "0s": expected a duration above 0'],
    ['dedupe.window = "5"', '1: dedupe.window = "5": expected a duration with its unit'],
    ["queue.client_share = 1.01", "1: queue.client_share = 1.01: expected a number from 0 to 1"],
    ["queue = 5", "1: queue = 5: expected a table [queue]"],
    ["queue = []", "1: queue is a list: expected a table [queue]"],
    ["queue = 1979-05-27", "1: queue = 1979-05-27: expected a table [queue]"],
    ['[storage]\ndurability = "fsync"', '2: storage.durability = "fsync": expected "sync" or "write" or "memory"'],
    ['[log]\nlevel = "warning"', '2: log.level = "warning": expected "debug" or "info" or "warn" or "error"'],
    ['[projects.a]\noverage = "stop"', '2: projects.a.overage = "stop": expected "continue" or "drop"'],
    ['[projects.a]\nretention = "forever"', '2: projects.a.retention = "forever": expected a duration'],
    ["[projects.a]\nmonthly_entries = -1", "2: projects.a.monthly_entries = -1: expected a whole number from 0"],
    ['[projects]\na = "30d"', '2: projects.a = "30d": expected a table [projects.a]'],
    ["[projects.__proto__]", "1: projects.__proto__: this name is not allowed"],
    ['[projects.""]', '1: projects."": this name is not allowed'],
    ['[tls]\ncert = "c.pem"', '1: tls: "key" is missing: expected the path of the private key in PEM'],
    ["[keys]\nname = 1", "1: keys is a table: expected a list of tables, each under [[keys]]"],
    ["keys = [1]", "1: keys = 1: expected a table [keys]"],
    [`[[keys]]\nserver = "${SERVER_KEY}"`, '1: keys: "name" is missing: expected 2 to 80 characters'],
    [`[[keys]]\nname = "x"\nserver = "${SERVER_KEY}"`, '2: keys.name = "x": expected 2 to 80 characters'],
    [`[[keys]]\nname = "${"é".repeat(81)}"\nserver = "${SERVER_KEY}"`, '2: keys.name = "'],
    [
      `[[keys]]\nname = "a\\u001bb"\nserver = "${SERVER_KEY}"`,
      '2: keys.name = "a\\u001bb": expected 2 to 80 characters',
    ],
    [pair(`project = ""\nserver = "${SERVER_KEY}"`), '3: keys.project = "": expected 1 to 80 characters'],
    [pair(""), '1: keys: the pair "ab" has no key: expected server, client or both'],
    [
      pair('server = "sk_012345678912345"'),
      '3: keys.server = "sk_…" (hidden, 18 characters): expected "sk_" and at least 16 more characters',
    ],
    [
      pair(`server = "${CLIENT_KEY}"`),
      '3: keys.server = "ck_0123…" (hidden, 19 characters): expected "sk_" and at least 16 more characters, without spaces; this is a client key',
    ],
    [pair(`client = "${SERVER_KEY}"`), '3: keys.client = "sk_0123…" (hidden, 19 characters): expected "ck_"'],
    [pair(`server = "${SERVER_KEY} x"`), '3: keys.server = "sk_0123…" (hidden, 21 characters): expected "sk_"'],
    [pair(`server = 5`), "3: keys.server is not a text: expected"],
    [pair(`server = ["${SERVER_KEY}"]`), "3: keys.server is not a text: expected"],
    [
      pair(`server_sha256 = "${"0".repeat(63)}"`),
      '3: keys.server_sha256 = "…" (hidden, 63 characters): expected a SHA-256 in 64 hexadecimal digits',
    ],
    [
      pair(`server_sha256 = "${"g".repeat(64)}"`),
      '3: keys.server_sha256 = "…" (hidden, 64 characters): expected a SHA-256',
    ],
    [
      pair(`server = "${SERVER_KEY}"\nserver_sha256 = "${"0".repeat(64)}"`),
      "4: keys: server and server_sha256 are both given",
    ],
    [pair(`server = "${SERVER_KEY}"\nrate = 0`), "4: keys.rate = 0: expected a number above 0"],
    [pair(`server = "${SERVER_KEY}"\nrate = -1`), "4: keys.rate = -1: expected a number above 0"],
    [pair(`server = "${SERVER_KEY}"\nrate = inf`), "4: keys.rate = inf: expected a number above 0"],
    [pair(`server = "${SERVER_KEY}"\nrevoked = 1`), "4: keys.revoked = 1: expected true or false"],
    [
      pair(`client = "${CLIENT_KEY}"\norigins = "http://a"`),
      '4: keys.origins = "http://a": expected a list of at most 50 origins',
    ],
    [pair(`client = "${CLIENT_KEY}"\norigins = ["*"]`), '4: keys.origins = "*": every origin cannot be allowed'],
    [
      pair(`client = "${CLIENT_KEY}"\norigins = [\n"http://a",\n"http://a/b"]`),
      '6: keys.origins = "http://a/b": an origin has no path',
    ],
    [
      pair(`client = "${CLIENT_KEY}"\norigins = [${Array.from({ length: 51 }, (_, i) => `"http://h${i}"`).join(",")}]`),
      "4: keys.origins has 51 items: expected a list of at most 50 origins",
    ],
    [
      `${pair(`server = "${SERVER_KEY}"`)}\n${pair('server = "sk_another0123456789"')}`,
      '5: keys.name = "ab": the pair in line 2 has this name too',
    ],
    [
      `${pair(`server = "${SERVER_KEY}"`)}\n[[keys]]\nname = "cd"\nserver = "${SERVER_KEY}"`,
      "6: keys.server: the same key as in line 3",
    ],
    [
      `${pair(`server = "${SERVER_KEY}"`)}\n[[keys]]\nname = "cd"\nserver_sha256 = "${hashKey(SERVER_KEY)}"`,
      "6: keys.server_sha256: the same key as in line 3",
    ],
    [
      'admin_token = "fifteen-letters"',
      '1: admin_token = "…" (hidden, 15 characters): expected at least 16 characters',
    ],
    [
      `admin_token = "0123456789abcdef"\nadmin_token_sha256 = "${"0".repeat(64)}"`,
      "2: admin_token and admin_token_sha256 are both given",
    ],
    ['hosts = ["https://logs.example.com"]', '1: hosts = "https://logs.example.com": expected a host such as'],
    ['hosts = ["ok.example", "logs.example.com/"]', '1: hosts = "logs.example.com/": expected a host such as'],
    ['hosts = ["*.example.com"]', '1: hosts = "*.example.com": expected a host such as'],
    ['hosts = ["a b"]', '1: hosts = "a b": expected a host such as'],
    ['hosts = [""]', '1: hosts = "": expected a host such as'],
    ['hosts = ["logs.example.com:99999"]', '1: hosts = "logs.example.com:99999": expected a host such as'],
    ['hosts = "logs.example.com"', '1: hosts = "logs.example.com": expected a list of at most 100 host names'],
    ['host = "${NOT_SET}"', '1: host = "${NOT_SET}": the environment variable NOT_SET is not set'],
    ['host = "${A-B}"', '1: host = "${A-B}": "${" must be followed by the name of a variable'],
    ['host = "${OPEN"', '1: host = "${OPEN": "${" must be followed by the name of a variable'],
    [pair('server = "${NOT_SET}"'), "3: keys.server: the environment variable NOT_SET is not set"],
  ])("%j", (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    ["prot = 1", '1: prot: unknown name; did you mean "port"? (known here: host, port, '],
    ["PORT = 1", '1: PORT: unknown name; did you mean "port"?'],
    [
      "[queue]\nrequest = 1",
      '2: queue.request: unknown name; did you mean "requests"? (known here: requests, bytes, client_share, entries)',
    ],
    [pair(`server = "${SERVER_KEY}"\norigin = []`), '4: keys.origin: unknown name; did you mean "origins"?'],
    [pair(`server = "${SERVER_KEY}"\nport = 1`), "4: keys.port: unknown name; did you mean"],
    [pair(`server = "${SERVER_KEY}"\nport = 1`), "or does it belong at the top of the file, above the first [table]?"],
    ["[projects.a]\nretenton = 1", '2: projects.a.retenton: unknown name; did you mean "retention"?'],
    ["[projects.a.b]\nx = 1", '1: projects.a.b: unknown name; did you mean "overage"?'],
    ["[storge]\nmax_size = 1", '1: storge: unknown name; did you mean "storage"?'],
    ["__proto__ = 1", "1: __proto__: unknown name; did you mean"],
    ["constructor = 1", "1: constructor: unknown name; did you mean"],
    ["durability = 'sync'", "or does it belong in [storage]?"],
    ["retention = '1d'", "or does it belong in [projects.NAME]?"],
    ["rate = 5", "or does it belong in [[keys]]?"],
  ])("the unknown name in %j", (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });
});

describe("parseSettings refuses text that is not TOML", () => {
  test.each([
    ["port = ", "1: not valid TOML at column"],
    ["port 7070", "1: not valid TOML at column"],
    ["# fine\nhost = localhost", "2: not valid TOML at column 8: Unexpected character; text needs quotes"],
    ["port = 1\nhost = 'a'\nport = 2", "3: port: defined more than once"],
    ["[queue]\n[log]\n[queue]", "3: queue: defined more than once"],
    ['host = "a', "1: not valid TOML at column"],
    ["[queue\nentries = 1", "not valid TOML at column"],
    ["max_entries = 1_", "1: not valid TOML at column"],
    ["port = 07", "1: not valid TOML at column"],
    ["trusted_proxies = [\n'10.0.0.1'\nport = 1\nhost = 2\n", "not valid TOML at column"],
    ["\0", "1: not valid TOML at column"],
  ])("%j", (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  test("nested without end, instead of overflowing the stack", () => {
    expect(problemsOf(`host = ${"[".repeat(100_000)}`).length).toBe(1);
  });
});

describe("all problems come at once", () => {
  test("in the order of their lines, syntax included", () => {
    const text = `port = 70000
host = localhost
hots = 1
admin_token = "short"
[[keys]]
name = "x"
server = "\${NOPE}"
rate = 0
[[keys]]
name = "web"
server = "${SERVER_KEY}"
server_sha256 = "12"
[[keys]]
name = "web"
server = "${SERVER_KEY}"
[queue]
client_share = 2
`;
    expect(problemsOf(text).map((problem) => problem.slice(0, problem.indexOf(" ", 4)))).toEqual([
      "1: port",
      "2: not",
      "3: hots:",
      "4: admin_token",
      "6: keys.name",
      "7: keys.server:",
      "8: keys.rate",
      "12: keys.server_sha256",
      "12: keys:",
      "14: keys.name",
      "15: keys.server:",
      "17: queue.client_share",
    ]);
  });

  test("but none that only follows from a line that is not TOML", () => {
    const text = `[[keys]]\nname = shop\nserver = sk_unquoted0123456789\n`;
    expect(problemsOf(text).map((problem) => problem.slice(0, 17))).toEqual(["2: not valid TOML", "3: not valid TOML"]);
  });
});
