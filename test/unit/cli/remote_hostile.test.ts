// A server at --url that is nobody's friend: whatever it answers, the command ends with an error that says so, and the
// terminal is safe.

import { describe, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopback } from "../../../src/runtime/proxies.ts";
import { type CommandLineRun, runLine } from "../../support/command_line.ts";

const EVIL = "\u001b[2J\u001b]0;x\u0007\u009b31m\u202e\u2066\u200b\r\n\u0085";
/** What no terminal may get from a server; line breaks are the commands' own. */
const UNSAFE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

async function withHostile(respond: Respond, work: (url: string) => Promise<void>): Promise<void> {
  const listener = createServer(respond);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  } finally {
    listener.closeAllConnections();
    await new Promise((resolve) => listener.close(resolve));
  }
}

function run(url: string, ...line: string[]): Promise<CommandLineRun> {
  return runLine([...line, "--url", url, "--token", "t"], { isTerminal: true, env: { NO_COLOR: "1" } });
}

function expectSafe({ out, err }: CommandLineRun): void {
  const shown = (out + err).replaceAll("\n", "");
  expect([UNSAFE.exec(shown)?.[0], / at .*\.ts:\d/.test(err)]).toEqual([undefined, false]);
}

const RECORD = {
  id: 1,
  project: "shop",
  apiKey: "web",
  kind: "log",
  level: "info",
  time: 1_769_860_800_000,
  receivedAt: 1_769_860_800_000,
  source: "server",
};
const FIGURES = {
  count: 1,
  min: 1,
  mean: 1,
  max: 1,
  p50: 1,
  p75: 1,
  p90: 1,
  p95: 1,
  p99: 1,
  running: 0,
  unfinished: 0,
};
const TIMING = { touchpoint: "a/b", registered: true, ...FIGURES };
const MONTH = {
  project: "p",
  month: "2026-01",
  received: 1,
  stored: 1,
  admitted: 1,
  dropped: {},
  limit: null,
  overage: 0,
  bytes: 1,
};
const STORAGE = { project: "p", records: 1, blocks: 1, bytes: 1, retentionMs: 1, oldest: null, newest: null };

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}

const entry = (fields: object) => JSON.stringify({ entries: [{ ...RECORD, ...fields }], nextCursor: null });
const timings = (fields: object, more: object = {}) =>
  JSON.stringify({ touchpoints: [{ ...TIMING, ...fields }], ...more });
const usage = (month: object, storage: object) =>
  JSON.stringify({ usage: [{ ...MONTH, ...month }], storage: [{ ...STORAGE, ...storage }] });

describe("a response of an unexpected shape is an error that says so", () => {
  test.each([
    ["query", entry({ level: "fatal" }), ".entries[0].level"],
    ["query", entry({ level: "__proto__" }), ".entries[0].level"],
    ["query", entry({ level: "toString" }), ".entries[0].level"],
    ["query", entry({ kind: EVIL }), ".entries[0].kind"],
    ["query", entry({ status: "done" }), ".entries[0].status"],
    ["query", entry({ keyType: EVIL }), ".entries[0].keyType"],
    ["query", entry({ time: "now" }), ".entries[0].time"],
    ["query", entry({ time: 1e300 }), ".entries[0].time"],
    ["query", entry({ project: undefined }), ".entries[0].project"],
    ["query", entry({ touchpoint: { toString: 1 } }), ".entries[0].touchpoint"],
    ["query", entry({ message: 5 }), ".entries[0].message"],
    ["query", entry({ metadata: "text" }), ".entries[0].metadata"],
    ["query", entry({ duration: "1" }), ".entries[0].duration"],
    ["query", '{"entries":[null],"nextCursor":null}', ".entries[0]"],
    ["query", '{"entries":{},"nextCursor":null}', ".entries"],
    ["query", '{"entries":[],"nextCursor":5}', ".nextCursor"],
    ["query", `{"entries":[],"nextCursor":null,"stoppedEarly":{}}`, ".stoppedEarly"],
    ["query", `[${"1,".repeat(9)}1]`, "response"],
    ["query", `{"entries":[],"nextCursor":null,"more":${nested(20_000)}}`, "nested too deep"],
    ["timings", timings({ touchpoint: null }), ".touchpoints[0].touchpoint"],
    ["timings", timings({ count: -1 }), ".touchpoints[0].count"],
    ["timings", timings({ p99: "5" }), ".touchpoints[0].p99"],
    ["timings", timings({ registered: "yes" }), ".touchpoints[0].registered"],
    ["timings --tree", timings({}), "lacks the figures of a category"],
    ["timings --tree", timings({}, { categories: [{ ...FIGURES, category: 5 }] }), ".categories[0].category"],
    ["usage", usage({ dropped: { [EVIL]: "many" } }, {}), ".usage[0].dropped."],
    ["usage", usage({ limit: "none" }, {}), ".usage[0].limit"],
    ["usage", usage({}, { oldest: 1e99 }), ".storage[0].oldest"],
    ["erase --project p --yes", '{"interval":1,"buckets":[{"time":1}]}', ".buckets[0].debug"],
    ["erase --project p --yes", '{"interval":0,"buckets":[]}', "response.erased"],
    ["erase --project p --yes", '{"interval":1,"buckets":[],"erased":{"records":"all"}}', ".erased.records"],
  ])("%s, %s", async (command, body, place) => {
    await withHostile(
      (_, response) => response.end(body),
      async (url) => {
        const ran = await run(url, ...command.split(" "));
        expectSafe(ran);
        expect([ran.exitCode, ran.err]).toEqual([1, expect.stringContaining(place)]);
      },
    );
  });

  test("ignores other fields, such as those of a later version", async () => {
    await withHostile(
      (_, response) => response.end(entry({ keyType: "client", more: { [EVIL]: EVIL } })),
      async (url) => {
        for (const more of [[], ["--json"]]) {
          const ran = await run(url, "query", ...more);
          expectSafe(ran);
          expect(ran.exitCode).toBe(0);
        }
      },
    );
  });
});

describe("a server's text is shown escaped", () => {
  const evilRecord = entry({ touchpoint: EVIL, message: EVIL, key: EVIL, project: EVIL, metadata: { [EVIL]: [EVIL] } });

  test.each([
    [200, evilRecord, {}],
    [200, `{"entries":[],"nextCursor":null,"stoppedEarly":${JSON.stringify(EVIL)}}`, {}],
    [400, JSON.stringify({ message: EVIL, at: 0, length: 1 }), {}],
    [400, JSON.stringify({ message: EVIL, at: 1e308, length: -5 }), {}],
    [403, JSON.stringify({ message: EVIL.repeat(100_000) }), {}],
    [500, EVIL, {}],
    [200, `${EVIL}<html>`, {}],
    [301, "", { location: "http://evil.example.com/\u009b31m" }],
    [307, "", { location: "//evil.example.com" }],
    [304, "", {}],
  ])("a %d with %j", async (status, body, headers) => {
    await withHostile(
      (_, response) => response.writeHead(status, headers).end(body),
      async (url) => {
        for (const line of [["query"], ["query", "--json"], ["timings"], ["usage"], ["export"], ["tail"]]) {
          const ran = await run(url, ...line);
          expectSafe(ran);
          expect(ran.err.length).toBeLessThan(20_000);
        }
      },
    );
  });

  test("an export too, as NDJSON and as CSV, whatever its chunks are; and it is exact where a program reads it", async () => {
    const lines = `{"a":"\u202e\u009b"}\r\n{"b":"\u001b[31m"}\n\u0007`;
    await withHostile(
      (_, response) => {
        for (const chunk of lines) response.write(chunk);
        response.end();
      },
      async (url) => {
        expect((await run(url, "export")).out).toBe('{"a":"\\u202e\\u009b"}\n{"b":"\\u001b[31m"}\n\\u0007');
        expect((await run(url, "export", "--format", "csv")).out).toBe(
          '{"a":"\\u202e\\x9b"}\n{"b":"\\x1b[31m"}\n\\x07',
        );
        const piped = await runLine(["export", "--url", url, "--token", "t"]);
        expect([piped.exitCode, piped.out]).toEqual([0, lines]);
      },
    );
  });
});

describe("a redirect", () => {
  test("is not followed, so no other server gets the token", async () => {
    const reached: string[] = [];
    await withHostile(
      (request, response) => {
        reached.push(request.headers.authorization ?? "");
        response.end("{}");
      },
      async (elsewhere) => {
        await withHostile(
          (_, response) => response.writeHead(302, { location: `${elsewhere}/api/v1/entries` }).end(),
          async (url) => {
            for (const line of [["query"], ["usage"], ["export"], ["tail"], ["erase", "--project", "p", "--yes"]]) {
              const { exitCode, err } = await run(url, ...line);
              expect([exitCode, err]).toEqual([2, expect.stringContaining(`redirects to ${elsewhere}`)]);
            }
          },
        );
      },
    );
    expect(reached).toEqual([]);
  });
});

describe("a response without an end", () => {
  test("is given up when it is longer than any", async () => {
    const chunk = Buffer.alloc(1024 * 1024, " ");
    await withHostile(
      (_, response) => {
        const more = (): void => {
          while (response.write(chunk));
        };
        response.on("drain", more);
        more();
      },
      async (url) => {
        const ran = await run(url, "query");
        expect([ran.exitCode, ran.err]).toEqual([1, expect.stringMatching(/responds with more than \d+ bytes/)]);
      },
    );
  }, 180_000);

  test("in pages is given up too", async () => {
    let pages = 0;
    await withHostile(
      (_, response) => response.end(JSON.stringify({ entries: [], nextCursor: String(pages++) })),
      async (url) => {
        const { exitCode, err } = await run(url, "query");
        expect([exitCode, err]).toEqual([1, expect.stringContaining("sends empty pages without an end")]);
      },
    );
    expect(pages).toBeLessThan(200);
  });

  test("and one with more records than were asked for, and one that breaks off", async () => {
    const page = JSON.stringify({ entries: [RECORD, RECORD], nextCursor: null });
    await withHostile(
      (_, response) => response.end(page),
      async (url) =>
        expect((await run(url, "query", "--limit", "1")).err).toContain("more records than were requested"),
    );
    await withHostile(
      (_, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write("{");
        setTimeout(() => response.destroy(), 20);
      },
      async (url) => {
        for (const line of [["query"], ["export"]]) {
          const { exitCode, err } = await run(url, ...line);
          expect([exitCode, err]).toEqual([1, expect.stringContaining("the connection was lost")]);
        }
      },
    );
  });
});

describe("malformed events end a tail with an error", () => {
  test.each([
    ["id: 1\nevent: record\ndata: {\n\n", "not JSON"],
    [`id: 1\nevent: record\ndata: ${JSON.stringify({ ...RECORD, level: "fatal" })}\n\n`, "at record.level"],
    ["id: 1\nevent: record\ndata: null\n\n", "at record"],
    ['id: 1\nevent: gap\ndata: {"missed":"\\u001b[31m"}\n\n', "at gap.missed"],
    [`id: 1\nevent: record\ndata: ${nested(5_000)}\n\n`, "nested too deep"],
  ])("%j", async (events, message) => {
    await withHostile(
      (request, response) => {
        const isTail = request.url?.startsWith("/api/v1/tail") === true;
        response.writeHead(200, { "content-type": isTail ? "text/event-stream" : "application/json" });
        response.end(isTail ? events : '{"entries":[],"nextCursor":null}');
      },
      async (url) => {
        const ran = await run(url, "tail");
        expectSafe(ran);
        expect([ran.exitCode, ran.err]).toEqual([1, expect.stringContaining(message)]);
      },
    );
  });
});

describe("this machine itself", () => {
  test.each([
    ["http://127.0.0.1", true],
    ["http://127.1", true],
    ["http://127.255.0.9", true],
    ["http://2130706433", true],
    ["http://localhost", true],
    ["http://LOCALHOST.", true],
    ["http://a.b.localhost", true],
    ["http://[::1]", true],
    ["http://[0:0:0:0:0:0:0:1]", true],
    ["http://[::ffff:127.0.0.1]", true],
    ["http://0.0.0.0", true],
    ["http://[::]", true],
    ["http://127.0.0.1.example.com", false],
    ["http://localhost.example.com", false],
    ["http://notlocalhost", false],
    ["http://128.0.0.1", false],
    ["http://[::2]", false],
    ["http://[::ffff:128.0.0.1]", false],
  ])("is %s: %p", (url, is) => {
    expect(isLoopback(new URL(url).hostname)).toBe(is);
  });
});
