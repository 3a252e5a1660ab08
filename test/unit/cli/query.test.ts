import { describe, expect, test } from "bun:test";
import { OperatingError } from "../../../src/core/errors.ts";
import type { ShownRecord } from "../../../src/core/record.ts";
import { FakeSource, NOW, recordOf, runReading } from "./reading.ts";

function page(entries: readonly ShownRecord[], nextCursor: string | null = null): object {
  return { entries, nextCursor };
}

/** Newest first, as a source answers. */
function messages(...texts: string[]): ShownRecord[] {
  return texts.map((message, index) => recordOf({ id: texts.length - index, message }));
}

const LINE = (id: number, rest: string) => `2026-01-31 12:00:00.00${id} ${rest}\n`;

describe("query", () => {
  test("asks for the joined words within the options, and writes the newest last", async () => {
    const source = new FakeSource([page(messages("new", "old"))]);
    const line = [
      "query",
      "level:error",
      "timed out",
      "--project",
      "shop",
      "--from",
      "24h",
      "--to",
      "2000-01-01",
      "--limit",
      "5",
    ];
    const run = await runReading(source, line);
    expect(source.queries).toEqual([
      {
        kind: "entries",
        scope: { project: "shop", q: "level:error timed out", from: NOW - 86_400_000, to: Date.UTC(2000, 0, 2) },
        limit: 5,
        cursor: undefined,
      },
    ]);
    expect(run).toEqual({ out: LINE(1, "      old") + LINE(2, "      new"), err: "", error: undefined, opened: [{}] });
    expect(source.isClosed).toBe(true);
  });

  test("takes negated words as words, and -- as the end of options", async () => {
    const source = new FakeSource([page([]), page([]), page([])]);
    await runReading(source, ["query", "a", "OR", "-client", "--limit", "3", "-(b", "c)"]);
    await runReading(source, ["query", "-Valid"]);
    await runReading(source, ["query", "a", "--", "-b", "--limit"]);
    expect(source.queries.map((query) => ("scope" in query ? query.scope.q : ""))).toEqual([
      "a OR  -client  -(b c)",
      "-Valid",
      "a -b --limit",
    ]);
  });

  test("writes the newest first on request, page by page, until the limit", async () => {
    const source = new FakeSource([page(messages("c", "b"), "next"), page(messages("a"), "more")]);
    const { out } = await runReading(source, ["query", "--reverse", "--limit", "3"]);
    expect(out).toBe(LINE(2, "      c") + LINE(1, "      b") + LINE(1, "      a"));
    expect(source.queries.map((query) => "cursor" in query && [query.limit, query.cursor])).toEqual([
      [3, undefined],
      [1, "next"],
    ]);
  });

  test("writes the oldest first with --order asc, page by page, and turns them round on request", async () => {
    const pages = () => [page(messages("a", "b"), "next"), page(messages("c"), "more")];
    const oldest = new FakeSource(pages());
    const { out } = await runReading(oldest, ["query", "--order", "asc", "--limit", "3"]);
    expect(out).toBe(LINE(2, "      a") + LINE(1, "      b") + LINE(1, "      c"));
    expect(oldest.queries.map((query) => "order" in query && query.order)).toEqual(["asc", "asc"]);
    const reversed = await runReading(new FakeSource(pages()), [
      "query",
      "--order",
      "asc",
      "--reverse",
      "--limit",
      "3",
    ]);
    expect(reversed.out).toBe(LINE(1, "      c") + LINE(1, "      b") + LINE(2, "      a"));
  });

  test("asks for no more than one response can hold at a time", async () => {
    const source = new FakeSource([page(messages("a"), "next"), page([])]);
    await runReading(source, ["query", "--limit", "25000"]);
    expect(source.queries.map((query) => "limit" in query && query.limit)).toEqual([10_000, 10_000]);
  });

  test("writes JSON lines as the records are", async () => {
    const record = recordOf({ id: 7, message: "a\u001b[31m\n", metadata: { n: 1 } });
    const { out } = await runReading(new FakeSource([page([record])]), ["query", "--json"]);
    expect(out).toBe(`${JSON.stringify(record)}\n`);
  });

  test("names projects beside the default one, unless only one is asked for", async () => {
    const records = [recordOf({ id: 2, project: "shop", message: "b" }), recordOf({ id: 1, message: "a" })];
    const { out } = await runReading(new FakeSource([page(records)]), ["query"]);
    expect(out).toBe(LINE(1, "      a") + LINE(2, "      [shop]  b"));
    const { out: one } = await runReading(new FakeSource([page(records)]), ["query", "--project", "shop"]);
    expect(one).toBe(LINE(1, "      a") + LINE(2, "      b"));
  });

  test("says on a terminal that nothing matches, or that there is more; in a pipe it is silent", async () => {
    const empty = await runReading(new FakeSource([page([])]), ["query"], { isTerminal: true });
    expect([empty.out, empty.err]).toEqual(["", "no record matches\n"]);
    const more = await runReading(new FakeSource([page(messages("a"), "next")]), ["query", "--limit", "1"], {
      isTerminal: true,
      env: { NO_COLOR: "1" },
    });
    expect([more.out, more.err]).toEqual([LINE(1, "      a"), "(the newest 1; --limit shows more)\n"]);
    const piped = await runReading(new FakeSource([page([])]), ["query"]);
    expect([piped.out, piped.err]).toEqual(["", ""]);
  });

  test("ends quietly, and sends no more queries, when the reader closes the pipe", async () => {
    const source = new FakeSource([page(messages("b", "a"), "next")]);
    const { error } = await runReading(source, ["query", "--reverse"], { writesMax: 1 });
    expect([error, source.queries.length, source.isClosed]).toEqual([undefined, 1, true]);
  });

  test("continues after a page that stopped early, and reports what the last page left out", async () => {
    const early = { stoppedEarly: "the time limit was reached" };
    const source = new FakeSource([
      { ...page(messages("b"), "x"), ...early },
      { ...page([], "x"), ...early },
    ]);
    const { out, err, error } = await runReading(source, ["query"]);
    expect([out, err, error]).toEqual([
      LINE(1, "      b"),
      "simplelogs: the result is incomplete: the time limit was reached\n",
      undefined,
    ]);
  });

  test("passes the options of the source on", async () => {
    const { opened } = await runReading(new FakeSource([page([])]), [
      "query",
      "--url",
      "http://localhost:7070",
      "--token",
      "a-token",
    ]);
    expect(opened).toEqual([{ url: "http://localhost:7070", token: "a-token" }]);
  });
});

describe("query on a terminal", () => {
  test("is coloured, unless NO_COLOR, a dumb terminal or --color never forbids it", async () => {
    const record = recordOf({ id: 1, message: "a", level: "error", touchpoint: "api" });
    const outOf = async (line: string[], env: Record<string, string>, isTerminal: boolean) =>
      (await runReading(new FakeSource([page([record])]), ["query", ...line], { isTerminal, env })).out;
    const colored =
      "\u001b[2m2026-01-31 12:00:00.001\u001b[22m \u001b[31m\u001b[1mERROR\u001b[22m\u001b[39m \u001b[36mapi\u001b[39m  a\n";
    const plain = LINE(1, "ERROR api  a");
    expect(await outOf([], {}, true)).toBe(colored);
    expect(await outOf(["--color", "always"], { NO_COLOR: "1" }, false)).toBe(colored);
    expect(await outOf([], { NO_COLOR: "" }, true)).toBe(colored);
    expect(await outOf([], { NO_COLOR: "1" }, true)).toBe(plain);
    expect(await outOf([], { TERM: "dumb" }, true)).toBe(plain);
    expect(await outOf(["--color", "never"], {}, true)).toBe(plain);
    expect(await outOf([], {}, false)).toBe(plain);
  });
});

describe("query fails", () => {
  test.each([
    [["--limit", "0"], '--limit: expected a whole number of 1 or more, got "0"'],
    [["--limit", "1.5"], '--limit: expected a whole number of 1 or more, got "1.5"'],
    [["--from", "soon"], "--from: expected Unix milliseconds"],
    [["--color", "blue"], '--color: expected auto, always or never, got "blue"'],
    [["--follow", "--to", "1h"], "--follow and --to exclude each other"],
    [["--order", "oldest"], '--order: expected "desc" or "asc", got "oldest"'],
    [["--follow", "--order", "asc"], "--follow and --order asc exclude each other"],
    [["--follow", "--reverse"], "--follow and --reverse exclude each other"],
  ])("at %j before it asks anything", async (line, message) => {
    const source = new FakeSource([]);
    const { error, opened } = await runReading(source, ["query", ...line]);
    expect([error?.code, error?.message, opened]).toEqual(["usage", expect.stringContaining(message), []]);
  });

  test("with the source's refusal", async () => {
    const refused = new OperatingError("usage", "there is no project");
    const source = new FakeSource([refused]);
    expect((await runReading(source, ["query"])).error).toBe(refused);
    expect(source.isClosed).toBe(true);
  });

  test("at damaged blocks, after it has shown all other records", async () => {
    const { out, error } = await runReading(new FakeSource([{ ...page(messages("a")), damagedBlocks: 2 }]), ["query"]);
    expect([out, error?.code, error?.message]).toEqual([
      LINE(1, "      a"),
      "data_unreadable",
      "the result is incomplete: damaged blocks left out: 2; `simplelogs doctor` names them",
    ]);
  });
});

describe("query --follow", () => {
  const events = [
    [{ kind: "record" as const, id: 2, record: recordOf({ id: 2, message: "both" }) }],
    [
      { kind: "gap" as const, id: 9, missed: 7 },
      { kind: "record" as const, id: 10, record: recordOf({ id: 10, message: "live" }) },
    ],
  ];

  test("shows the newest records, then new ones, each once, until Ctrl-C", async () => {
    const source = new FakeSource(
      [page([recordOf({ id: 2, message: "both" }), recordOf({ id: 1, message: "a" })])],
      events,
    );
    const { out, err, error } = await runReading(source, ["query", "--follow", "level:info", "--limit", "2"], {
      interruptWhen: (text) => text.includes("live"),
    });
    expect(out).toBe(`${LINE(1, "      a")}${LINE(2, "      both")}2026-01-31 12:00:00.010       live\n`);
    expect([err, error]).toEqual([
      "simplelogs: 7 records skipped: they came faster than this command read them; `simplelogs query` shows them\n",
      undefined,
    ]);
    expect(source.tails).toEqual([{ project: undefined, q: "level:info", after: undefined }]);
    expect(source.isClosed).toBe(true);
  });

  test("ends quietly when the reader closes the pipe", async () => {
    const source = new FakeSource([], events);
    const { error } = await runReading(source, ["tail"], { writesMax: 2 });
    expect([error, source.isClosed]).toEqual([undefined, true]);
  });
});

describe("tail", () => {
  test("begins with nothing, or with the last so many", async () => {
    const event = { kind: "record" as const, id: 5, record: recordOf({ id: 5, message: "live" }) };
    const none = new FakeSource([], [[event]]);
    const { out } = await runReading(none, ["tail", "--project", "shop", "-debug", "--json"], {
      interruptWhen: (text) => text.includes("live"),
    });
    expect(out).toBe(`${JSON.stringify(event.record)}\n`);
    expect([none.queries, none.tails]).toEqual([[], [{ project: "shop", q: "-debug", after: undefined }]]);
    const some = new FakeSource([page(messages("a"))], [[event]]);
    await runReading(some, ["tail", "--last", "1"], { interruptWhen: (text) => text.includes("live") });
    expect(some.queries.map((query) => "limit" in query && query.limit)).toEqual([1]);
  });

  test("refuses a text that is no number", async () => {
    const { error } = await runReading(new FakeSource([]), ["tail", "--last", "many"]);
    expect(error?.message).toBe('--last: expected a whole number of 0 or more, got "many"');
  });
});
