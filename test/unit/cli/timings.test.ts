import { describe, expect, test } from "bun:test";
import type { CategoryTimings, TimingStats, TouchpointTimings } from "../../../src/core/responses.ts";
import { categoriesOf } from "../../../src/core/touchpoint.ts";
import { FakeSource, runReading } from "./reading.ts";

const NONE = { min: null, mean: null, max: null, p50: null, p75: null, p90: null, p95: null, p99: null };

/** `count` timings between 1 and `max` ms. */
function figures(count: number, max: number, mean: number): TimingStats {
  if (count === 0) return { count, ...NONE, running: 0, unfinished: 0 };
  const p = { p50: max / 2, p75: (max * 3) / 4, p90: max * 0.9, p95: max * 0.95, p99: max * 0.99 };
  return { count, min: 1, mean, max, ...p, running: 1, unfinished: 2 };
}

function timing(touchpoint: string, of: TimingStats, registered = true): TouchpointTimings {
  return { project: "shop", touchpoint, registered, ambiguous: 0, ...of };
}

const TOUCHPOINTS = [
  timing("", figures(2, 40, 20), false),
  timing("api/orders/list", figures(1_200, 4_000, 100)),
  timing("api/orders/submit", figures(300, 2_000, 200), false),
  timing("api/users", figures(0, 0, 0)),
  timing("db/query", figures(10, 300_000, 1_500)),
];

describe("timings", () => {
  test("cut a name of any length, leave its mark, and show it whole as JSON, escaped on a terminal alone", async () => {
    const name = `ui/\u202e\u009b${"n".repeat(1_500_000)}`;
    const touchpoints = [timing(name, figures(1, 1, 1), false)];
    for (const more of [[], ["--tree"]]) {
      const categories = [{ project: "shop", category: "ui/", ...figures(1, 1, 1) }];
      const { out } = await runReading(new FakeSource([{ touchpoints, categories }]), ["timings", ...more]);
      expect([out.length < 1_000, out.includes("… *"), /[\u202e\u009b]/.test(out)]).toEqual([true, true, false]);
    }
    for (const isTerminal of [true, false]) {
      const { out } = await runReading(new FakeSource([{ touchpoints }]), ["timings", "--json"], { isTerminal });
      expect(/[\u202e\u009b]/.test(out)).toBe(!isTerminal);
      expect((JSON.parse(out) as { touchpoints: unknown }).touchpoints).toEqual(touchpoints as unknown);
    }
  });

  test("are compared with another range, in the order of the source, and say what is kept of it", async () => {
    const change = { state: "compared" as const, count: -3, p50: 20, p95: 40, total: 1, worse: 48_000 };
    const touchpoints = [
      { ...timing("db/slow", figures(1_200, 200, 100)), change },
      { ...timing("api/new", figures(0, 0, 0)), change: { ...change, state: "new" as const, p50: null, worse: null } },
    ];
    const previous = { from: Date.UTC(2026, 0, 30), to: Date.UTC(2026, 0, 31), kept: "part" as const, keptFrom: null };
    const source = new FakeSource([{ touchpoints, previous }]);
    const { out, error } = await runReading(source, ["timings", "--compare", "2026-01-30T00:00Z..2026-01-31T00:00Z"]);
    expect(error).toBeUndefined();
    expect(out.split("\n").slice(0, 3)).toEqual([
      "TOUCHPOINT     COUNT  +/-     P50     +/-     P95     +/-  TOTAL  WORSE",
      "db/slow        1,200   -3  100 ms  +20 ms  190 ms  +40 ms    2 m  +48 s",
      "api/new (new)      0   -3       -       -       -  +40 ms      -      -",
    ]);
    expect(out).toContain(", of which only a part is kept; WORSE is (P95 now - before) x COUNT");
    const scope = { project: undefined, q: "", from: undefined, to: undefined };
    const compared = { from: previous.from, to: previous.to };
    expect(source.queries).toMatchObject([{ kind: "timings", scope, compared, sort: "worse" }]);
  });

  test("are not compared without a beginning, nor as a tree", async () => {
    const refusalOf = async (...options: string[]) => {
      return (await runReading(new FakeSource([]), ["timings", ...options])).error?.message ?? "";
    };
    expect(await refusalOf("--compare", "previous")).toEndWith(
      'got "previous": previous needs --from: the range has no beginning',
    );
    expect(await refusalOf("--compare", "month", "--from", "1h")).toEndWith('got "month"');
    expect(await refusalOf("--compare", "week", "--tree", "--from", "1h")).toBe(
      "--tree and --compare exclude each other",
    );
    expect(await refusalOf("--sort", "worse")).toStartWith("--sort: expected touchpoint");
  });

  test("are an aligned table by name, unregistered touchpoints marked", async () => {
    const source = new FakeSource([{ touchpoints: TOUCHPOINTS }]);
    const { out, err, error } = await runReading(source, ["timings", "level:info", "--project", "shop"]);
    expect([err, error]).toEqual(["", undefined]);
    expect(out.split("\n")).toEqual([
      "TOUCHPOINT           COUNT    MEAN       P50       P75       P90       P95       P99    MAX  RUNNING  UNFINISHED",
      "(none)                   2   20 ms     20 ms     30 ms     36 ms     38 ms   39.6 ms  40 ms        1           2",
      "api/orders/list      1,200  100 ms       2 s       3 s     3.6 s     3.8 s    3.96 s    4 s        1           2",
      "api/orders/submit *    300  200 ms       1 s     1.5 s     1.8 s     1.9 s    1.98 s    2 s        1           2",
      "api/users                0       -         -         -         -         -         -      -        0           0",
      "db/query                10   1.5 s  2 m 30 s  3 m 45 s  4 m 30 s  4 m 45 s  4 m 57 s    5 m        1           2",
      "",
      "* not registered",
      "",
    ]);
    expect(source.queries).toEqual([
      { kind: "timings", scope: { project: "shop", q: "level:info", from: undefined, to: undefined } },
    ]);
  });

  test.each([
    [
      ["--sort", "p99"],
      ["db/query", "api/orders/list", "api/orders/submit", "", "api/users"],
    ],
    [
      ["--sort", "COUNT", "--reverse"],
      ["api/users", "", "db/query", "api/orders/submit", "api/orders/list"],
    ],
    [["--reverse"], ["db/query", "api/users", "api/orders/submit", "api/orders/list", ""]],
    [
      ["--sort", "mean", "--reverse"],
      ["", "api/orders/list", "api/orders/submit", "db/query", "api/users"],
    ],
    [
      ["--sort", "running"],
      ["", "api/orders/list", "api/orders/submit", "db/query", "api/users"],
    ],
  ])("sorted by %j, what has no such figure last", async (line, names) => {
    const source = new FakeSource([{ touchpoints: TOUCHPOINTS }]);
    const { out } = await runReading(source, ["timings", "--json", ...line]);
    const { touchpoints } = JSON.parse(out) as { touchpoints: readonly TouchpointTimings[] };
    expect(touchpoints.map(({ touchpoint }) => touchpoint)).toEqual(names);
  });

  test("are JSON with every figure as it is", async () => {
    const { out } = await runReading(new FakeSource([{ touchpoints: TOUCHPOINTS }]), ["timings", "--json"]);
    expect(JSON.parse(out)).toEqual({ touchpoints: TOUCHPOINTS });
  });

  test("that stopped early say so", async () => {
    const source = new FakeSource([{ touchpoints: [], stoppedEarly: "the time limit was reached" }]);
    const { out, err } = await runReading(source, ["timings"]);
    expect(out).toBe("TOUCHPOINT  COUNT  MEAN  P50  P75  P90  P95  P99  MAX  RUNNING  UNFINISHED\n");
    expect(err).toBe("simplelogs: the result is incomplete: the time limit was reached\n");
  });
});

describe("timings by category", () => {
  const category = (name: string, of: TimingStats): CategoryTimings => ({ project: "shop", category: name, ...of });
  const CATEGORIES = [
    category("api/", figures(1_500, 3_900, 120)),
    category("api/orders/", figures(1_500, 4_000, 120)),
    category("db/", figures(10, 300_000, 1_500)),
  ];
  const ANSWER = { touchpoints: TOUCHPOINTS, categories: CATEGORIES };

  test("are one query, and a tree with the figures of each category", async () => {
    const source = new FakeSource([ANSWER]);
    const { out } = await runReading(source, ["timings", "--tree", "a", "OR", "b"]);
    expect(out.split("\n").map((line) => line.slice(0, 41))).toEqual([
      "TOUCHPOINT    COUNT    MEAN       P50    ",
      "(none)            2   20 ms     20 ms    ",
      "api/          1,500  120 ms    1.95 s    ",
      "  orders/     1,500  120 ms       2 s    ",
      "    list      1,200  100 ms       2 s    ",
      "    submit *    300  200 ms       1 s    ",
      "  users           0       -         -    ",
      "db/              10   1.5 s  2 m 30 s  3 ",
      "  query          10   1.5 s  2 m 30 s  3 ",
      "",
      "* not registered",
      "",
    ]);
    expect(source.queries).toEqual([
      {
        kind: "timings",
        scope: { project: undefined, q: "a OR b", from: undefined, to: undefined },
        byCategory: true,
      },
    ]);
  });

  test("are sorted by the figures of categories too", async () => {
    const { out } = await runReading(new FakeSource([ANSWER]), ["timings", "--tree", "--sort", "max"]);
    expect(out.split("\n").map((line) => line.slice(0, 12).trimEnd())).toEqual([
      "TOUCHPOINT",
      "db/",
      "  query",
      "api/",
      "  orders/",
      "    list",
      "    submit *",
      "  users",
      "(none)",
      "",
      "* not regist",
      "",
    ]);
  });

  test("come as JSON beside the touchpoints, in the order of the tree", async () => {
    const json = async (answer: object, ...line: string[]) =>
      JSON.parse((await runReading(new FakeSource([answer]), ["timings", "--tree", "--json", ...line])).out) as unknown;
    expect(await json(ANSWER)).toEqual(ANSWER);
    const [api, orders, db] = CATEGORIES;
    expect(await json(ANSWER, "--sort", "max")).toMatchObject({ categories: [db, api, orders] });
    expect(await json({ touchpoints: [], categories: [] })).toEqual({ touchpoints: [], categories: [] });
  });

  test("accept odd names, and end at a depth", async () => {
    const names = ["/", "a/", "a//b", '"q"/x', '"q"/y', "z/".repeat(18)];
    const touchpoints = names.map((name) => timing(name, figures(1, 2, 1)));
    const categories = [...new Set(names.flatMap((name) => [...categoriesOf(name)]))].map((name) =>
      category(name, figures(1, 2, 1)),
    );
    const { out } = await runReading(new FakeSource([{ touchpoints, categories }]), ["timings", "--tree"]);
    const labels = out
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/ +1 .*$/, ""));
    const deep = Array.from({ length: 16 }, (_, level) => `${"  ".repeat(level)}z/`);
    expect(labels).toEqual([
      '"q"/',
      "  x",
      "  y",
      "/",
      "  (itself)",
      "a/",
      "  (itself)",
      "  /",
      "    b",
      ...deep,
      `${"  ".repeat(16)}z/z/`,
      "",
    ]);
  });
});

test("a long name is cut in the table, so the figures stay visible, and whole in JSON", async () => {
  const long = "n".repeat(513);
  const touchpoints = [timing(long, figures(1, 2, 1)), timing("short", figures(1, 2, 1))];
  const { out } = await runReading(new FakeSource([{ touchpoints }]), ["timings"]);
  expect(Math.max(...out.split("\n").map(({ length }) => length))).toBeLessThan(220);
  expect(out).toContain(`${"n".repeat(99)}…`);
  const json = await runReading(new FakeSource([{ touchpoints }]), ["timings", "--json"]);
  expect(json.out).toContain(long);
});

describe("timings fail", () => {
  test("at an unknown column", async () => {
    const { error } = await runReading(new FakeSource([]), ["timings", "--sort", "p42"]);
    expect([error?.code, error?.message]).toEqual([
      "usage",
      '--sort: expected touchpoint, count, mean, p50, p75, p90, p95, p99, max, running, unfinished, got "p42"',
    ]);
  });

  test("at damaged blocks, after the table", async () => {
    const { out, error } = await runReading(new FakeSource([{ touchpoints: [], damagedBlocks: 1 }]), ["timings"]);
    expect([out.length > 0, error?.code]).toEqual([true, "data_unreadable"]);
  });
});
