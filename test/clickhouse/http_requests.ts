// Random requests to everything that reads over HTTP, and random command lines that ask a server: with parameters of
// every kind, most of them right.

import { BREAKDOWN_VALUES_MAX } from "../../src/core/limits.ts";
import { metadataFieldName } from "../../src/search/fields.ts";
import { integer, pick, type Random } from "../support/random.ts";
import { type HostileRecord, hostileSearch } from "./hostile_records.ts";
import { PROJECTS } from "./http_entries.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A request; ids in it are the node's. */
export interface ReadRequest {
  readonly path: string;
  readonly parameters: readonly (readonly [string, string])[];
  /** The body of a POST. */
  readonly body?: object;
  /** Whether a reader asks who may see some projects only. */
  readonly isReader: boolean;
}

/** What the requests are about. */
export interface RequestContext {
  readonly random: Random;
  /** Unix ms. */
  readonly now: number;
  readonly records: readonly HostileRecord[];
}

const FIELDS = [
  ..."level kind status source keyType apiKey project touchpoint key message pattern".split(" "),
  ..."id time receivedAt startTime endTime duration nowhere".split(" "),
  ...["a", "b", "c", "a.b", "a.b.c", "b.c", ".a", ".", "", "K", "raw", "0", "a[0]", 'a"b', "constructor"].map(
    metadataFieldName,
  ),
];
/** Values of equal counts are in the order of their texts, and ids of the other server have fewer digits. */
const VALUE_FIELDS = FIELDS.filter((name) => name !== "id");

type Parameters = Record<string, string | undefined>;

function search({ random, records }: RequestContext): string | undefined {
  if (random() < 0.2) return undefined;
  const whole =
    random() < 0.1 ? pick(random, ["", " ", "(", "level:eror", "id:x", "a:b", '"', "-", "*", "time:2026-11"]) : "";
  return (whole === "" ? hostileSearch(random, records, 1 + integer(random, 2)) : whole).slice(0, 4_000);
}

function project({ random }: RequestContext): string | undefined {
  return pick(random, [
    undefined,
    undefined,
    undefined,
    ...PROJECTS,
    ...PROJECTS,
    random() < 0.3 ? "nowhere" : undefined,
  ]);
}

function instant({ random, now, records }: RequestContext): string | undefined {
  const at = pick(random, [now - integer(random, 3 * DAY), pick(random, records).record.time, now]);
  const iso = new Date(at).toISOString();
  return pick(random, [
    () => undefined,
    () => String(Math.round(at)),
    () => iso,
    () => iso.slice(0, 16).replace("T", " "),
    () => iso.slice(0, 10),
    () => pick(random, ["1h", "24h", "3d", "90m", "3000d"]),
    () => (random() < 0.2 ? pick(random, ["yesterday", "", "-1", "1e99", "2026-13-01"]) : undefined),
  ])();
}

function scope(context: RequestContext): Parameters {
  const { random } = context;
  return {
    project: project(context),
    q: search(context),
    from: random() < 0.5 ? instant(context) : undefined,
    to: random() < 0.4 ? instant(context) : undefined,
    timeZone: pick(random, [undefined, undefined, "Europe/Berlin", "Asia/Kolkata", random() < 0.2 ? "Mars" : "UTC"]),
  };
}

/** As `scope`, with a range that begins a day or three before now, mostly. */
function boundedScope(context: RequestContext): Parameters {
  const { random, now } = context;
  const from = now - integer(random, 3 * DAY);
  const range = { from: String(from), to: String(from + pick(random, [HOUR, 6 * HOUR, DAY, 3 * DAY])) };
  return { ...scope(context), ...(random() < 0.8 ? range : {}) };
}

const compare = ({ random, now }: RequestContext): Parameters =>
  random() < 0.4
    ? {
        compare: pick(random, [
          "previous",
          "week",
          `${now - 2 * DAY}..${now - DAY}`,
          random() < 0.2 ? "x" : "previous",
        ]),
      }
    : {};
const limit = ({ random }: RequestContext, ...most: number[]): string | undefined =>
  pick(random, [
    undefined,
    "1",
    "3",
    ...most.map(String),
    random() < 0.2 ? pick(random, ["0", "-1", "x", "1e3"]) : "7",
  ]);
const interval = ({ random }: RequestContext) =>
  pick(random, [undefined, "1h", "7m", "1d", "90s", "1234567", random() < 0.3 ? pick(random, ["0", "x", "1"]) : "1h"]);
const category = ({ random }: RequestContext, ...values: string[]) =>
  random() < 0.05 ? "something" : pick(random, [undefined, ...values]);

const PATHS: Readonly<
  Record<
    string,
    (context: RequestContext) => Omit<ReadRequest, "parameters" | "isReader"> & { readonly with: Parameters }
  >
> = {
  entries: (context) => ({ path: "entries", with: { ...scope(context), ...page(context) } }),
  entry: ({ random, records, ...rest }) => {
    const { record } = pick(random, records);
    return { path: "entries", with: { q: `id:${record.id}`, project: project({ random, records, ...rest }) } };
  },
  trace: (context) => {
    const { record } = pick(context.random, context.records);
    const around = context.random() < 0.7 ? String(record.time) : instant(context);
    return {
      path: "trace",
      with: {
        ...scope(context),
        q: context.random() < 0.7 ? undefined : search(context),
        key: record.key ?? "k",
        around,
      },
    };
  },
  histogram: (context) => ({
    path: "histogram",
    with: { ...boundedScope(context), ...compare(context), interval: interval(context), ...plain(context) },
  }),
  patterns: (context) => ({
    path: "patterns",
    with: { ...boundedScope(context), ...compare(context), limit: limit(context, 1_000) },
  }),
  markers: (context) => ({ path: "markers", with: { ...scope(context), q: undefined } }),
  breakdown: (context) => ({
    path: "breakdown",
    with: {
      ...scope(context),
      limit: limit(context, BREAKDOWN_VALUES_MAX),
      among: context.random() < 0.5 ? search(context) : undefined,
    },
  }),
  fields: (context) => ({ path: "fields", with: scope(context) }),
  values: (context) => ({
    path: `fields/${encodeURIComponent(pick(context.random, VALUE_FIELDS))}/values`,
    with: { ...scope(context), ...plain(context), limit: limit(context, 1_000), by: category(context, "project") },
  }),
  timings: (context) => ({
    path: "timings",
    with: {
      ...(context.random() < 0.4 ? scope(context) : { ...boundedScope(context), ...compare(context) }),
      limit: limit(context, 10_000),
      by: category(context, "category"),
      sort: category(context, "name", "count", "p95", "total", "worse"),
    },
  }),
  series: (context) => ({
    path: "timings/series",
    with: {
      ...boundedScope(context),
      ...compare(context),
      interval: interval(context),
      by: category(context, "touchpoint", "duration"),
    },
  }),
  running: (context) => ({
    path: "timings/running",
    with: {
      ...scope(context),
      limit: limit(context),
      with: category(context, "p99"),
      order: category(context, "age", "p99"),
    },
  }),
  export: (context) => {
    const { random } = context;
    const columns = FIELDS.filter(() => random() < 0.3).map((name) =>
      name.replaceAll("%", "%25").replaceAll(",", "%2C"),
    );
    return {
      path: "export",
      with: {
        ...scope(context),
        format: category(context, "ndjson", "csv", "csv"),
        csv: category(context, "exact", "spreadsheet"),
        columns: random() < 0.4 ? columns.join(",") : undefined,
      },
    };
  },
  lists: (context) => ({
    path: pick(context.random, ["touchpoints", "rejections", "usage", "views", "alerts", "alerts/history"]),
    with: context.random() < 0.5 ? {} : { project: project(context) },
  }),
  preview: (context) => ({ path: "alerts/preview", with: {}, body: preview(context) }),
};

/** What a histogram or values are counted from minutes for. */
function plain({ random }: RequestContext): Parameters {
  if (random() < 0.6) return {};
  return {
    q: pick(random, [
      "",
      "level:error",
      "kind:log",
      "-status:completed",
      "level:warn,error source:client",
      "keyType:server",
    ]),
  };
}

function page({ random, records }: RequestContext): Parameters {
  const { time, id } = pick(random, records).record;
  return {
    limit: pick(random, ["1", "3", "20", "100", "10000", undefined, random() < 0.2 ? "0" : "50"]),
    order: pick(random, [undefined, "asc", "desc", random() < 0.1 ? "up" : "asc"]),
    cursor: pick(random, [undefined, undefined, undefined, `${time}:${id}`, random() < 0.2 ? "x" : undefined]),
  };
}

/** A rule of each kind, over the time in which the records were received. */
function preview(context: RequestContext): object {
  const { random, records } = context;
  const kind = pick(random, ["count", "share", "percentile", "silence", "running"]);
  const received = records.reduce((last, { record }) => Math.max(last, record.receivedAt), 0);
  const to = received + integer(random, 10 * MINUTE);
  const side = pick(random, ["above", "below"]);
  const of = kind === "share" && random() < 0.6 ? search(context) : undefined;
  const rule = {
    name: "a rule",
    project: project(context) || undefined,
    q: search(context),
    kind,
    ...(of === undefined ? {} : { of }),
    window: pick(random, ["1m", "5m", "1h", "1d"]),
    every: pick(random, ["1s", "30s", "1m"]),
    ...(kind === "silence" ? {} : { [side]: pick(random, [0.1, 0.5, ...(kind === "share" ? [] : [3, 40])]) }),
    ...(random() < 0.3 ? { group_by: pick(random, ["touchpoint", "source", "metadata.a", "key"]) } : {}),
    ...(kind === "share" || kind === "percentile" ? { min: 1 } : {}),
  };
  return { rule, from: to - pick(random, [MINUTE, 20 * MINUTE, HOUR]), to };
}

export const REQUEST_KINDS = Object.keys(PATHS);

/** A random request of a kind. */
export function requestOf(kind: string, context: RequestContext): ReadRequest {
  const { random } = context;
  const { with: given, ...rest } = (PATHS[kind] as (typeof PATHS)[string])(context);
  const parameters = Object.entries(given).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, text] as const],
  );
  if (random() < 0.02) parameters.push(["unknown", "1"]);
  const [one] = parameters;
  if (one !== undefined && random() < 0.02) parameters.push(one);
  return { ...rest, parameters, isReader: random() < 0.1 };
}

/** A random command line of a command that asks a server. */
export function commandOf(name: string, context: RequestContext): string[] {
  const { random } = context;
  const { project: named, q, from, to } = scope(context);
  const option = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value]);
  const flag = (text: string) => (random() < 0.5 ? [text] : []);
  const range = [...option("--project", named), ...option("--from", from), ...option("--to", to)];
  // No argument of a program has a NUL.
  const words = q === undefined || q.includes("\0") ? [] : ["--", q];
  const line: Readonly<Record<string, () => string[]>> = {
    query: () => [
      ...option("--limit", limit(context, 1_500)),
      ...option("--order", category(context, "asc", "desc")),
      ...flag("--reverse"),
      // A line of text is cut where its metadata is long, which has no order.
      "--json",
      ...range,
      ...words,
    ],
    export: () => [
      ...option("--format", category(context, "ndjson", "csv")),
      ...option("--csv", category(context, "exact", "spreadsheet")),
      ...range,
      ...words,
    ],
    timings: () => [
      ...option("--sort", category(context, "p99", "count", "unfinished")),
      ...flag("--reverse"),
      ...flag("--tree"),
      ...flag("--json"),
      ...option("--compare", compare(context)["compare"]),
      ...range,
      ...words,
    ],
    usage: () => ["--json", ...option("--project", named)],
  };
  return [name, ...(line[name] as () => string[])()];
}
