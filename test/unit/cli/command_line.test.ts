// The command line as a whole: how values, words and mistakes are taken, and what help and errors look like.

import { describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { runLine } from "../../support/command_line.ts";
import { withFolder } from "../../support/folder.ts";

const COMMANDS = [
  [],
  ["serve"],
  ["init"],
  ["check"],
  ["keys"],
  ["keys", "create"],
  ["keys", "list"],
  ["keys", "revoke"],
  ["export"],
  ["query"],
  ["tail"],
  ["timings"],
  ["usage"],
  ["doctor"],
  ["backup"],
  ["sdk"],
  ["compact"],
  ["erase"],
] as const;

const FIGURES = { count: 0, min: null, mean: null, max: null, p50: null, p75: null, p90: null, p95: null, p99: null };
const ERASED = { records: 0, blocks: 0, rejections: 0, waiting: 0 };
const ANSWER = {
  entries: [],
  nextCursor: null,
  touchpoints: [{ touchpoint: "a", registered: true, running: 0, unfinished: 0, ...FIGURES }],
  usage: [],
  storage: [],
  interval: 1,
  buckets: [],
  erased: ERASED,
};

/** A server that answers everything, and what it was asked. */
async function withServer(work: (url: string, asked: string[], tokens: string[]) => Promise<void>): Promise<void> {
  const asked: string[] = [];
  const tokens: string[] = [];
  const listener = createServer((request, response) => {
    asked.push(decodeURIComponent((request.url ?? "").replaceAll("+", " ")));
    tokens.push(request.headers.authorization ?? "");
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      if (body !== "") asked.push(body);
      response.end(JSON.stringify(ANSWER));
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`, asked, tokens);
  } finally {
    listener.closeAllConnections();
    await new Promise((resolve) => listener.close(resolve));
  }
}

describe("help", () => {
  test.each(COMMANDS.map((words) => [words]))(
    "of %j is no wider than the terminal, and than 80 columns without one",
    async (words) => {
      for (const columns of [undefined, 60, 80, 132]) {
        const { exitCode, out } = await runLine([...words, "--help"], columns === undefined ? {} : { columns });
        const tooWide = out.split("\n").filter((line) => line.length > (columns ?? 80));
        expect([exitCode, tooWide]).toEqual([0, []]);
      }
    },
  );
});

describe("the value of an option", () => {
  test.each(["-abcdefghijklmnopqrstuv", "-cdefghijklmnopqrstuv", "--config", "--help", "-h", "-Vabcdefg", "-"])(
    "may be %s, with every command that has a token",
    async (token) => {
      await withServer(async (url, _, tokens) => {
        for (const words of [
          ["query"],
          ["timings", "--sort", "count"],
          ["usage"],
          ["export"],
          ["erase", "--project", "shop", "--yes"],
        ]) {
          for (const given of [
            [...words, "--token", token, "--url", url],
            [...words, "--url", url, `--token=${token}`],
          ]) {
            tokens.length = 0;
            const { exitCode, err } = await runLine(given);
            expect([given, exitCode, err.includes("simplelogs:")]).toEqual([given, 0, false]);
            expect([given, [...new Set(tokens)]]).toEqual([given, [`Bearer ${token}`]]);
          }
        }
      });
    },
  );

  test("may name the configuration before the command and after it, in short too", async () => {
    await withFolder(async (cwd) => {
      for (const flag of ["-c", "--config"]) {
        for (const words of [["query"], ["export"], ["timings"], ["usage"], ["backup", "x.db"], ["keys", "list"]]) {
          for (const line of [
            [flag, "-mine.toml", ...words],
            [...words, flag, "-mine.toml"],
          ]) {
            const { exitCode, err } = await runLine(line, { cwd });
            expect([line, exitCode, err]).toEqual([line, 2, expect.stringContaining("-mine.toml: cannot read")]);
          }
        }
      }
    });
  });

  test("may be missing nowhere", async () => {
    for (const words of [
      ["query", "--token"],
      ["export", "--format"],
      ["erase", "--project"],
      ["serve", "--port"],
    ]) {
      const { exitCode, err } = await runLine(words);
      expect([exitCode, err]).toEqual([2, expect.stringContaining("argument missing")]);
    }
  });
});

describe("the words of a command", () => {
  test("are the search, for each command that has one, and negated with a dash", async () => {
    await withServer(async (url, asked) => {
      const words = ["level:error", "-timeout", "(a", "OR", "b)", "--", "--json"];
      for (const command of ["query", "timings", "export"]) {
        asked.length = 0;
        const { exitCode } = await runLine([command, "--url", url, "--token", "t", ...words]);
        expect([command, exitCode, asked[0]]).toEqual([
          command,
          0,
          expect.stringMatching(/[?&]q=level:error\s+-timeout \(a OR b\) --json(?:&|$)/),
        ]);
      }
      asked.length = 0;
      await runLine(["erase", "--url", url, "--token", "t", "--project", "p", "--yes", ...words]);
      expect(JSON.parse(asked.at(-1) ?? "")).toMatchObject({
        project: "p",
        q: "level:error  -timeout (a OR b) --json",
      });
    });
  });

  test("may be given as earlier versions had them", async () => {
    await withServer(async (url, asked) => {
      const remote = ["--url", url, "--token", "t"];
      for (const [line, q] of [
        [["export", "-q", "-a", "-f", "ndjson", "-p", "shop"], "-a"],
        [["export", "--query", "-a b", "c"], "-a b c"],
        [["query", "--q", "a"], "a"],
      ] as const) {
        asked.length = 0;
        expect(await runLine([...line, ...remote])).toMatchObject({ exitCode: 0 });
        expect(new URL(asked[0] ?? "", url).searchParams.get("q")).toBe(q);
      }
    });
  });
});

describe("a wrong command line", () => {
  test.each([
    [["query", "--colour", "never"], "simplelogs: unknown option '--colour'", "(simplelogs query --help explains it)"],
    [["keys", "create"], "simplelogs: missing required argument 'name'", "(simplelogs keys create --help explains it)"],
    [["backup"], "simplelogs: missing required argument 'file'", "(simplelogs backup --help explains it)"],
    [["check", "more"], "simplelogs: too many arguments", "(simplelogs check --help explains it)"],
    [["--portt"], "simplelogs: unknown option '--portt'", "(simplelogs serve --help explains it)"],
    [["querry"], 'simplelogs: there is no command "querry"; did you mean "query"?', ""],
    [["query", "--limit", "x"], 'simplelogs: --limit: expected a whole number of 1 or more, got "x"', ""],
  ])(
    "%j is refused with the exit code 2, the one prefix, and where its command is explained",
    async (line, message, hint) => {
      const { exitCode, out, err } = await runLine(line);
      expect([exitCode, out, err]).toEqual([2, "", expect.stringContaining(message)]);
      expect(err.startsWith("simplelogs: ")).toBe(true);
      expect(err).toContain(hint);
    },
  );

  test("is refused in a message without control characters and without a key", async () => {
    const evil = "a\u001b[31m\u009b\u202e";
    for (const line of [
      [`--${evil}`],
      [evil],
      ["query", "--limit", evil],
      ["query", "--data", evil],
      ["query", `level:${evil}`],
      ["query", "--url", evil],
      ["keys", "revoke", evil],
    ]) {
      await withFolder(async (cwd) => {
        const { exitCode, out, err } = await runLine(line, { cwd, isTerminal: true });
        expect([line, exitCode > 0, /[\p{Cc}\u202e]/u.test((out + err).replaceAll("\n", ""))]).toEqual([
          line,
          true,
          false,
        ]);
      });
    }
    const { err } = await runLine(["query", "--limit", "sk_0123456789abcdef"]);
    expect(err).toContain('got "sk_…"');
  });
});

describe("a configuration whose variables are not set", () => {
  const config = `port = "\${NO_PORT}"
admin_token = "\${NO_TOKEN}"
[[keys]]
name = "\${NO_NAME}"
server = "\${NO_KEY}"
[[keys]]
name = "web shop"
project = "shop"
server_sha256 = "\${NO_HASH}"
client = "ck_\${NO_KEY}"
origins = ["\${NO_ORIGIN}"]
[tls]
cert = "\${NO_CERT}"
key = "key.pem"
`;

  test("is enough for what only reads the data file, and for nothing else", async () => {
    await withFolder(async (cwd) => {
      await Bun.write(`${cwd}/simplelogs.toml`, config);
      const { StoreWriter } = await import("../../../src/store/store_writer.ts");
      new StoreWriter(`${cwd}/simplelogs.db`, "write", "run").close();
      for (const line of [
        ["query"],
        ["timings"],
        ["usage"],
        ["export"],
        ["export", "--project", "shop"],
        ["backup", "b.db"],
      ]) {
        expect([line, await runLine(line, { cwd })]).toEqual([line, expect.objectContaining({ exitCode: 0, err: "" })]);
      }
      for (const line of [["check"], ["serve"], ["erase", "--project", "shop", "--yes"]]) {
        expect([line, await runLine(line, { cwd })]).toEqual([
          line,
          expect.objectContaining({ exitCode: 2, err: expect.stringContaining("NO_KEY is not set") }),
        ]);
      }
      await Bun.write(
        `${cwd}/simplelogs.toml`,
        'data = "${NO_FOLDER}/simplelogs.db"\n[projects.a]\nretention = "${NO_DAYS}"',
      );
      const { exitCode, err } = await runLine(["query"], { cwd });
      expect([exitCode, err.match(/NO_\w+ is not set/g)]).toEqual([2, ["NO_FOLDER is not set", "NO_DAYS is not set"]]);
    });
  });
});
