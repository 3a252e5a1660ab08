// Queries with one response: a scope and a few bounds enter, the reader's JSON text leaves unchanged. Each function
// makes the routes of one subject.

import { type Static, type TObject, type TProperties, type TSchema, Type } from "@sinclair/typebox";
import { RejectionsSchema, UsageSchema } from "../../core/account_responses.ts";
import {
  BREAKDOWN_VALUES_MAX,
  ENTRIES_LIMIT_MAX,
  ROWS_MAX,
  SEARCH_LENGTH_MAX,
  TIME_MS_MAX,
  TOUCHPOINTS_LISTED_MAX,
} from "../../core/limits.ts";
import { type QueryRequest, type QueryScope, TIMINGS_SORTS } from "../../core/queries.ts";
import {
  BreakdownSchema,
  EntriesSchema,
  FieldsSchema,
  HistogramSchema,
  MarkersSchema,
  PatternsSchema,
  RunningSchema,
  SeriesSchema,
  TimingsSchema,
  TraceSchema,
  ValuesSchema,
} from "../../core/responses.ts";
import type { Operation, OperationDocument, Route } from "../base/routes.ts";
import {
  badRequest,
  defineOperation,
  NO_PARAMETERS,
  type ReadDependencies,
  respondWith,
  SEARCH_REFUSALS,
  UNAVAILABLE,
} from "./operation.ts";
import {
  AMONG,
  AROUND,
  COMPARE,
  CURSOR,
  INTERVAL,
  limit,
  ORDER,
  PROJECT,
  readCompared,
  readInstant,
  readInterval,
  readScope,
  SCOPE,
  strictObject,
} from "./parameters.ts";

const WITH_P99 = Type.Optional(
  Type.Literal("p99", {
    expects: '"p99"',
    description: "Tell the usual p99 of each start's touchpoint as well",
  }),
);
const RUNNING_ORDER = Type.Optional(
  Type.Union([Type.Literal("age"), Type.Literal("p99")], {
    expects: '"age" or "p99"',
    description:
      '"age": longest running first; "p99": by how many times the usual p99 of their touchpoint they run, which adds it as well',
  }),
);
const BY_PROJECT = Type.Optional(
  Type.Literal("project", {
    expects: '"project"',
    description: "Count equal values of two projects apart, and tell the project of each",
  }),
);

/** A name that stands in a URL. */
const FIELD_LENGTH_MAX = 1_024;

const KEY = Type.String({
  minLength: 1,
  maxLength: SEARCH_LENGTH_MAX,
  expects: `1 to ${SEARCH_LENGTH_MAX} characters`,
  description: "The key, as it is",
  examples: ["req-abc123"],
});
const TIMINGS_SORT = Type.Optional(
  Type.Union(
    TIMINGS_SORTS.map((sort) => Type.Literal(sort)),
    {
      expects: TIMINGS_SORTS.map((sort) => `"${sort}"`).join(", "),
      description:
        'The order of touchpoints: "name"; or the largest count, p95, total time (count × mean) or, with compare, `change.worse` first: what became worse, times how often. What that cannot judge stands after what became worse, by total time. Absent: "name"',
    },
  ),
);
const TIMINGS_LIMIT = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: TOUCHPOINTS_LISTED_MAX,
    expects: `a whole number from 1 to ${TOUCHPOINTS_LISTED_MAX}`,
    description: "How many touchpoints are listed at most; absent: as many as there can be",
  }),
);
const BY = Type.Optional(
  Type.Union([Type.Literal("touchpoint"), Type.Literal("duration")], {
    expects: '"touchpoint" or "duration"',
    description:
      '"touchpoint": one series a touchpoint, instead of one in all; "duration": each bucket\'s timings by duration as well, for a heat map',
  }),
);
const BY_CATEGORY = Type.Optional(
  Type.Literal("category", {
    expects: '"category"',
    description: 'The figures of categories as well, which are what names have up to each "/"',
  }),
);
const FIELD_PATH = Type.Object({
  name: Type.String({
    minLength: 1,
    maxLength: FIELD_LENGTH_MAX,
    description: "A field as a search writes it, nested ones too, URL-encoded",
    examples: ["level", "metadata.orderId", "metadata.user.name"],
  }),
});

/** What a translation may need beside the parameters. */
interface QueryCall {
  readonly url: string;
  /** Unix ms. */
  readonly now: number;
}

interface QuerySpec<P extends TProperties> extends Pick<OperationDocument, "id" | "summary" | "path"> {
  /** Beside those of the scope. */
  readonly query: P;
  readonly response: TSchema;
  /** The query, or a message about what is wrong with it. */
  readonly toRequest: (scope: QueryScope, query: Static<TObject<P>>, call: QueryCall) => QueryRequest | string;
}

/** Defines a query about records: SCOPE and a few parameters of its own. */
function defineQuery<P extends TProperties>(
  dependencies: ReadDependencies,
  { query: own, response, toRequest, ...document }: QuerySpec<P>,
): Operation {
  const members: TProperties = { ...SCOPE, ...own };
  const query = strictObject(members);
  return defineOperation(dependencies, {
    ...document,
    access: "reader",
    query,
    responses: { 200: { description: "The answer", schema: response }, ...SEARCH_REFUSALS, ...UNAVAILABLE },
    handle(call) {
      const { request, query: checked, now } = call;
      const scope = readScope(checked, now);
      if (!scope.ok) return badRequest(scope.message);
      const translated = toRequest(scope.value, checked as Static<TObject<P>>, { url: request.url, now });
      return typeof translated === "string" ? badRequest(translated) : respondWith(call, translated);
    },
  });
}

export function recordRoutes(dependencies: ReadDependencies): Route[] {
  const entries = defineQuery(dependencies, {
    id: "listEntries",
    summary: "Records that match, newest or oldest first, page by page",
    query: { limit: limit(ENTRIES_LIMIT_MAX), cursor: CURSOR, order: ORDER },
    response: EntriesSchema,
    toRequest: (scope, { limit, cursor, order }) => ({
      kind: "entries",
      scope,
      limit,
      cursor,
      ...(order === undefined ? {} : { order }),
    }),
  });
  const trace = defineQuery(dependencies, {
    id: "showTrace",
    summary: "The records of one key around a time, oldest first, and what of it still runs",
    query: { key: KEY, around: Type.Optional(AROUND) },
    response: TraceSchema,
    toRequest: (scope, { key, around }, { now }) => {
      const instant = readInstant("around", around, scope.timeZone, now);
      return instant.ok ? { kind: "trace", scope, key, around: instant.value ?? TIME_MS_MAX } : instant.message;
    },
  });
  const histogram = defineQuery(dependencies, {
    id: "countEntries",
    summary: "Counts of the records that match, by interval and level",
    query: { interval: INTERVAL, compare: COMPARE },
    response: HistogramSchema,
    toRequest: (scope, query, { now }) => {
      const interval = readInterval(query.interval);
      if (!interval.ok) return interval.message;
      const compared = readCompared(query.compare, scope, now);
      return compared.ok
        ? { kind: "histogram", scope, intervalMs: interval.value, ...compared.value }
        : compared.message;
    },
  });
  const fields = defineQuery(dependencies, {
    id: "listFields",
    summary: "Which fields the records that match have",
    query: {},
    response: FieldsSchema,
    toRequest: (scope) => ({ kind: "fields", scope }),
  });
  const values = defineQuery(dependencies, {
    id: "listValues",
    summary: "A field's values among the records that match, most frequent first",
    path: FIELD_PATH,
    query: { limit: limit(ROWS_MAX), by: BY_PROJECT },
    response: ValuesSchema,
    toRequest(scope, { limit, by }, { url }) {
      const field = fieldName(url);
      return field === undefined
        ? `name: expected a field's name, URL-encoded, of at most ${FIELD_LENGTH_MAX} characters`
        : { kind: "values", scope, field, limit, ...(by === undefined ? {} : { byProject: true }) };
    },
  });
  const patterns = defineQuery(dependencies, {
    id: "listPatterns",
    summary: "Patterns of the messages that match, most frequent first",
    query: { limit: limit(ROWS_MAX), compare: COMPARE },
    response: PatternsSchema,
    toRequest: (scope, { limit, compare }, { now }) => {
      const compared = readCompared(compare, scope, now);
      return compared.ok ? { kind: "patterns", scope, limit, ...compared.value } : compared.message;
    },
  });
  const breakdown = defineQuery(dependencies, {
    id: "showBreakdown",
    summary: "What sets the records that match apart: values of all fields, against everything else of the range",
    query: { limit: limit(BREAKDOWN_VALUES_MAX), among: AMONG },
    response: BreakdownSchema,
    toRequest: (scope, { limit, among }) => ({
      kind: "breakdown",
      scope,
      limit,
      ...(among === undefined ? {} : { among }),
    }),
  });
  const { q: _search, ...timesOnly } = SCOPE;
  const markers = defineOperation(dependencies, {
    id: "listMarkers",
    summary: "The records that the configuration calls markers, such as deploys, newest first",
    access: "reader",
    query: strictObject(timesOnly),
    responses: { 200: { description: "The answer", schema: MarkersSchema }, ...SEARCH_REFUSALS, ...UNAVAILABLE },
    handle(call) {
      const scope = readScope(call.query, call.now);
      return scope.ok ? respondWith(call, { kind: "markers", scope: scope.value }) : badRequest(scope.message);
    },
  });
  return [
    { path: "/api/v1/entries", operations: { GET: entries } },
    { path: "/api/v1/trace", operations: { GET: trace } },
    { path: "/api/v1/histogram", operations: { GET: histogram } },
    { path: "/api/v1/patterns", operations: { GET: patterns } },
    { path: "/api/v1/markers", operations: { GET: markers } },
    { path: "/api/v1/breakdown", operations: { GET: breakdown } },
    { path: "/api/v1/fields", operations: { GET: fields } },
    { path: "/api/v1/fields/{name}/values", operations: { GET: values } },
  ];
}

export function timingRoutes(dependencies: ReadDependencies): Route[] {
  const timings = defineQuery(dependencies, {
    id: "listTimings",
    summary: "Durations by touchpoint: counts, percentiles, what runs now",
    query: { by: BY_CATEGORY, compare: COMPARE, sort: TIMINGS_SORT, limit: TIMINGS_LIMIT },
    response: TimingsSchema,
    toRequest: (scope, { by, compare, sort, limit }, { now }) => {
      const compared = readCompared(compare, scope, now);
      if (!compared.ok) return compared.message;
      if (sort === "worse" && compare === undefined) return 'sort: "worse" needs compare';
      return {
        kind: "timings",
        scope,
        ...(by === undefined ? {} : { byCategory: true }),
        ...(sort === undefined ? {} : { sort }),
        ...(limit === undefined ? {} : { limit }),
        ...compared.value,
      };
    },
  });
  const series = defineQuery(dependencies, {
    id: "listTimingSeries",
    summary: "The same figures by interval",
    query: { interval: INTERVAL, by: BY, compare: COMPARE },
    response: SeriesSchema,
    toRequest: (scope, { interval: text, by, compare }, { now }) => {
      const interval = readInterval(text);
      if (!interval.ok) return interval.message;
      const compared = readCompared(compare, scope, now);
      if (!compared.ok) return compared.message;
      const byTouchpoint = by === "touchpoint";
      const request = { kind: "series", scope, intervalMs: interval.value, byTouchpoint, ...compared.value } as const;
      return by === "duration" ? { ...request, byDuration: true } : request;
    },
  });
  const running = defineQuery(dependencies, {
    id: "listRunning",
    summary: "Starts that wait for their end now, longest running first; those that began before `from` as well",
    query: { limit: limit(ROWS_MAX), with: WITH_P99, order: RUNNING_ORDER },
    response: RunningSchema,
    toRequest: (scope, { limit, with: added, order }) => ({
      kind: "running",
      scope,
      limit,
      ...(added === undefined ? {} : { withP99: true }),
      ...(order === "p99" ? { isByP99: true } : {}),
    }),
  });
  return [
    { path: "/api/v1/timings", operations: { GET: timings } },
    { path: "/api/v1/timings/series", operations: { GET: series } },
    { path: "/api/v1/timings/running", operations: { GET: running } },
  ];
}

export function accountRoutes(dependencies: ReadDependencies): Route[] {
  const usage = defineOperation(dependencies, {
    id: "listUsage",
    summary: "Entries by project and month against the limit, and what is on disk",
    access: "reader",
    query: NO_PARAMETERS,
    responses: { 200: { description: "The answer", schema: UsageSchema }, ...UNAVAILABLE },
    handle: (call) => respondWith(call, { kind: "usage" }),
  });
  const rejections = defineOperation(dependencies, {
    id: "listRejections",
    summary: "The latest dropped entries, each with its reason and a hint",
    access: "reader",
    query: strictObject({ project: Type.Optional(PROJECT), limit: limit(ROWS_MAX) }),
    responses: { 200: { description: "The answer", schema: RejectionsSchema }, ...SEARCH_REFUSALS, ...UNAVAILABLE },
    handle: (call) => respondWith(call, { kind: "rejections", project: call.query.project, limit: call.query.limit }),
  });
  return [
    { path: "/api/v1/usage", operations: { GET: usage } },
    { path: "/api/v1/rejections", operations: { GET: rejections } },
  ];
}

function fieldName(url: string): string | undefined {
  const [, encoded = ""] = /\/fields\/([^/?]+)\/values/.exec(url) ?? [];
  try {
    const name = decodeURIComponent(encoded);
    return name !== "" && name.length <= FIELD_LENGTH_MAX ? name : undefined;
  } catch {
    return undefined;
  }
}
