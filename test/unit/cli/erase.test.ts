import { describe, expect, test } from "bun:test";
import { Command } from "commander";
import { createOpenEraser, type Eraser, type EraseScope, registerErase } from "../../../src/cli/erase.ts";
import { LocalSource } from "../../../src/cli/local_source.ts";
import { addSourceOptions, configuredUrl, type SourceOptions } from "../../../src/cli/options.ts";
import { Progress } from "../../../src/cli/output.ts";
import { protectNegations } from "../../../src/cli/search_arguments.ts";
import type { SourceQuery } from "../../../src/cli/source.ts";
import { DEFAULT_PROJECT } from "../../../src/config/settings.ts";
import type { EraseReport } from "../../../src/core/account_responses.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import type { QueryResponses } from "../../../src/core/queries.ts";
import type { HistogramResponse } from "../../../src/core/responses.ts";
import { lockData } from "../../../src/store/lock.ts";
import { failureOf } from "../../support/failure.ts";
import { withDataFile } from "./data_file.ts";
import { FakeSource, NOW } from "./reading.ts";

const HOUR = 3_600_000;
/** Of 1,011 records. */
const TIMES = [NOW + 5, ...Array.from({ length: 1_009 }, (_, index) => NOW + 1_000 + index), NOW + 2 * HOUR + 123];

/** Counts the times, in whole days unless another interval is asked for. */
class CountingSource extends FakeSource {
  readonly #times: readonly number[];

  constructor(times: readonly number[]) {
    super([]);
    this.#times = times;
  }

  override query<Q extends SourceQuery>(query: Q): Promise<QueryResponses[Q["kind"]]> {
    this.queries.push(query);
    if (query.kind !== "histogram") return Promise.reject(new Error(`asked for ${query.kind}`));
    const { scope, intervalMs: interval = 24 * HOUR } = query;
    const counts = new Map<number, number>();
    for (const time of this.#times) {
      if (time < (scope.from ?? 0) || time >= (scope.to ?? Number.POSITIVE_INFINITY)) continue;
      const bucket = Math.floor(time / interval) * interval;
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    const none = { debug: 0, info: 0, warn: 0, error: 0, timing: 0 };
    const buckets = [...counts].map(([time, timing]) => ({ ...none, time, timing }));
    return Promise.resolve({ interval, buckets } satisfies HistogramResponse as never);
  }
}

const REPORT: EraseReport = { records: 1_011, blocks: 3, rejections: 1, waiting: 2 };

interface Run {
  readonly out: string;
  readonly err: string;
  readonly error: OperatingError | undefined;
  readonly asked: readonly string[];
  readonly erased: readonly EraseScope[];
  readonly source: FakeSource;
  readonly openedWith: readonly SourceOptions[];
}

interface Stage {
  /** What is typed; null: nobody can be asked. */
  readonly typed?: string | null | undefined;
  readonly report?: EraseReport;
  readonly counted?: EraseReport | undefined;
  readonly times?: readonly number[];
}

async function run(line: readonly string[], stage: Stage = {}): Promise<Run> {
  const { typed = null, report = REPORT, counted, times = TIMES } = stage;
  let [out, err] = ["", ""];
  const asked: string[] = [];
  const erased: EraseScope[] = [];
  const openedWith: SourceOptions[] = [];
  const source = new CountingSource(times);
  const eraser: Eraser = {
    source: { url: "http://there" },
    count: () => Promise.resolve(counted),
    erase: (scope) => {
      erased.push(scope);
      return Promise.resolve(report);
    },
  };
  const context = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: {},
    cwd: "/",
    isTerminal: false,
    isErrorTerminal: false,
  };
  const tools = {
    context,
    clock: () => NOW,
    signals: { on: () => undefined },
    write: () => Promise.resolve(true),
    openSource: (_: Command, { url }: SourceOptions) => {
      openedWith.push(url === undefined ? {} : { url });
      return Promise.resolve(source);
    },
    openEraser: () => Promise.resolve(eraser),
    prompt:
      typed === null
        ? undefined
        : (question: string) => {
            asked.push(question);
            return Promise.resolve(typed === "(closed)" ? undefined : typed);
          },
  };
  const program = new Command("simplelogs");
  registerErase(program, tools);
  const result = { asked, erased, source, openedWith };
  try {
    await program.parseAsync([...protectNegations(["erase", ...line], program)], { from: "user" });
    return { out, err, error: undefined, ...result };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { out, err, error, ...result };
  }
}

const SHOWN =
  'project "shop": 1,011 records matching "-client", the first at 2026-01-31 12:00:00.005, the last at 2026-01-31 14:00:00.123\n';

describe("erase", () => {
  test("shows what would be removed, asks for the project's name, and says what it removed", async () => {
    const { out, err, error, asked, erased, source, openedWith } = await run(
      ["--project", "shop", "-client", "--to", String(NOW + 30 * HOUR)],
      { typed: "shop" },
    );
    expect([err, asked]).toEqual([SHOWN, ["Type the project's name to remove these records for good: "]]);
    const scope = { project: "shop", q: "-client", from: undefined, to: NOW + 30 * HOUR };
    expect(source.queries[0]).toEqual({ kind: "histogram", scope, intervalMs: undefined });
    expect(source.queries.length).toBeLessThan(10);
    expect(erased).toEqual([scope]);
    expect([out, error, source.isClosed]).toEqual([
      "Removed 1,011 records from 3 blocks, 1 dropped entry, 2 open entries\n",
      undefined,
      true,
    ]);
    // What is shown comes from where it will be removed.
    expect(openedWith).toEqual([{ url: "http://there" }]);
  });

  test("does not ask with --yes, and answers in JSON", async () => {
    const { out, asked, erased } = await run(["--project", "shop", "--yes", "--json"]);
    expect([out, asked, erased.length]).toEqual([`${JSON.stringify({ erased: REPORT })}\n`, [], 1]);
  });

  test("removes nothing in a dry run, and prints the counts it knows", async () => {
    const exact = await run(["--project", "shop", "--dry-run"], { counted: REPORT });
    expect([exact.out, exact.erased]).toEqual([
      "Would remove 1,011 records from 3 blocks, 1 dropped entry, 2 open entries\n",
      [],
    ]);
    const remote = await run(["--project", "shop", "--dry-run", "--json"]);
    expect([remote.out, remote.erased]).toEqual([
      `{"wouldErase":{"records":1011,"first":${NOW + 5},"last":${NOW + 2 * HOUR + 123}}}\n`,
      [],
    ]);
  });

  test("shows no times if nothing matches", async () => {
    const { err } = await run(["--project", "shop", "--yes"], { times: [] });
    expect(err).toBe('project "shop": 0 records\n');
    const one = await run(["--project", "shop", "--yes"], { times: [NOW] });
    expect(one.err).toBe('project "shop": 1 record, at 2026-01-31 12:00:00.000\n');
  });
});

describe("erase removes nothing", () => {
  test.each([
    [[], "erase needs --project: it never works on all projects at once"],
    [["--project", "shop"], "erase asks before it removes anything: run it on a terminal, or give --yes"],
    [
      ["--project", "shop", "--yes", "--q", " "],
      "the search is empty: leave it out to remove everything of the project",
    ],
    [["--project", "shop", "--yes", ""], "the search is empty: leave it out to remove everything of the project"],
    [["--project", "shop", "--yes", "--from", "x"], "--from: expected Unix milliseconds"],
  ])("with %j", async (line, message) => {
    const { error, erased, source } = await run(line);
    expect([error?.code, error?.message, erased, source.queries]).toEqual([
      "usage",
      expect.stringContaining(message),
      [],
      [],
    ]);
  });

  test.each(["shp", "", "y", "(closed)"])("when %p is typed", async (typed) => {
    const { error, erased, out } = await run(["--project", "shop"], { typed });
    expect([error?.message, erased, out]).toEqual([
      "nothing was removed: the typed text is not the project's name",
      [],
      "",
    ]);
  });
});

describe("erase fails in the end", () => {
  test("where damaged blocks may hold more", async () => {
    const { out, error } = await run(["--project", "shop", "--yes"], { report: { ...REPORT, damagedBlocks: 2 } });
    expect([out, error?.code, error?.message]).toEqual([
      "Removed 1,011 records from 3 blocks, 1 dropped entry, 2 open entries\n",
      "data_unreadable",
      "damaged blocks that may hold more matching records: 2; `simplelogs doctor` names them",
    ]);
  });
});

describe("who erases", () => {
  /** An eraser for the folder's configuration. */
  function open(folder: string, line: readonly string[], env: Record<string, string>, purpose: "count" | "erase") {
    const sink = { write: () => undefined };
    const context = { stdout: sink, stderr: sink, env, cwd: folder, isTerminal: false, isErrorTerminal: false };
    const program = new Command("simplelogs").exitOverride();
    const command = addSourceOptions(program.command("erase")).action(() => undefined);
    program.parse(["erase", ...line], { from: "user" });
    return createOpenEraser(new Progress(context))(command, command.opts(), context, purpose);
  }

  test("is this process if no server runs; only matching records are removed", async () => {
    await withDataFile(async (data, folder) => {
      data.write([{ message: "go" }, { message: "stay" }, { message: "go on" }]);
      data.close();
      const scope = { project: "shop", q: "message:go", from: undefined, to: undefined };
      const eraser = await open(folder, [], {}, "erase");
      const report = { records: 2, blocks: 1, rejections: 0, waiting: 0 };
      expect(await eraser.count(scope)).toEqual(report);
      expect(await eraser.erase(scope)).toEqual(report);
      expect(await eraser.count(scope)).toEqual({ records: 0, blocks: 0, rejections: 0, waiting: 0 });
      const rules = { projects: {}, defaultProject: DEFAULT_PROJECT };
      const source = new LocalSource({
        file: data.file,
        rules,
        clock: () => Date.now(),
        onProgress: () => undefined,
        onDone: () => undefined,
      });
      const all = { project: "shop", q: "", from: undefined, to: undefined };
      const { entries } = await source.query({ kind: "entries", scope: all, limit: 9, cursor: undefined });
      source.close();
      expect(entries.map(({ message }) => message)).toEqual(["stay"]);
    });
  });

  test("is the server that holds the file, if its address and the token are known", async () => {
    await withDataFile(async (data, folder) => {
      const lock = lockData(data.file);
      try {
        const env = { SIMPLELOGS_TOKEN: "a-token" };
        expect((await open(folder, [], env, "erase")).source).toEqual({
          url: "http://127.0.0.1:7070",
          token: "a-token",
        });
        expect((await open(folder, [], env, "count")).source).toEqual({});
        expect(await failureOf(open(folder, [], {}, "erase"))).toMatchObject({
          code: "data_locked",
          message: expect.stringMatching(
            /process \d+ is running on it.*; or let that server do it: set SIMPLELOGS_TOKEN to its admin token$/,
          ),
        });
      } finally {
        lock.release();
      }
      expect((await open(folder, [], {}, "erase")).source).toEqual({});
    });
  });

  test("reports what is known if the server does not respond", async () => {
    const eraser = await open("/", ["--url", "http://127.0.0.1:1", "--token", "t"], {}, "erase");
    expect(await failureOf(eraser.erase({ project: "shop", q: "", from: undefined, to: undefined }))).toMatchObject({
      code: "io",
      message: expect.stringMatching(
        /^cannot reach http:\/\/127\.0\.0\.1:1: .*; the server may have begun anyway: --dry-run shows what is left$/,
      ),
    });
  });

  test("is the server that is named", async () => {
    const eraser = await open("/", ["--url", "http://a.example.com", "--token", "t"], {}, "erase");
    expect(eraser.source).toEqual({ url: "http://a.example.com", token: "t" });
  });
});

describe("a configured server's address", () => {
  const tls = { cert: "c", key: "k" };

  test.each([
    [{ host: "0.0.0.0", port: 80, tls: undefined }, "http://127.0.0.1:80"],
    [{ host: "::", port: 7070, tls }, "https://[::1]:7070"],
    [{ host: "logs.example.com", port: 443, tls }, "https://logs.example.com:443"],
    [{ host: "127.0.0.1", port: 0, tls: undefined }, undefined],
  ])("of %j is %p", (settings, url) => {
    expect(configuredUrl(settings)).toBe(url as string);
  });
});
