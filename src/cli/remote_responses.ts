// Checks a server's responses before a command shows them: any program may answer at an address. Parsed JSON enters;
// the same leaves, or an error that names the first wrong member. Unknown members are ignored, so newer servers pass.

import { OperatingError } from "../core/errors.ts";
import { TIME_MS_MAX } from "../core/limits.ts";
import { KINDS, LEVELS, SOURCES } from "../core/record.ts";
import { escapeControls } from "../core/terminal.ts";
import type { SourceQuery } from "./source.ts";

/** The path of the first wrong member (".entries[3].level"); undefined if all are right. */
type Check = (value: unknown) => string | undefined;

/** Levels of nesting: metadata has 100 at most, and a response some around it. */
const DEPTH_MAX = 200;
/** Characters of a place that are shown. */
const PLACE_LENGTH_MAX = 100;

const wrong = "";

function when(isRight: (value: unknown) => boolean): Check {
  return (value) => (isRight(value) ? undefined : wrong);
}

const text = when((value) => typeof value === "string");
const number = when((value) => Number.isFinite(value));
const count = when((value) => Number.isSafeInteger(value) && (value as number) >= 0);
const time = when((value) => Number.isFinite(value) && Math.abs(value as number) <= TIME_MS_MAX);
const truth = when((value) => typeof value === "boolean");

function optional(check: Check): Check {
  return (value) => (value === undefined ? undefined : check(value));
}

function nullable(check: Check): Check {
  return (value) => (value === null ? undefined : check(value));
}

function oneOf(values: readonly string[]): Check {
  return when((value) => typeof value === "string" && values.includes(value));
}

function list(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return wrong;
    for (const [index, item] of value.entries()) {
      const place = check(item);
      if (place !== undefined) return `[${index}]${place}`;
    }
    return undefined;
  };
}

function object(members: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(members);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong;
    for (const [name, check] of checks) {
      const place = check(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined);
      if (place !== undefined) return `.${name}${place}`;
    }
    return undefined;
  };
}

/** An object whose members all have one type. */
function record(check: Check): Check {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong;
    for (const [name, item] of Object.entries(value)) {
      const place = check(item);
      if (place !== undefined) return `.${name}${place}`;
    }
    return undefined;
  };
}

const NOTES = { stoppedEarly: optional(text), damagedBlocks: optional(count) };
const RECORD = object({
  id: count,
  project: text,
  apiKey: text,
  kind: oneOf(["log", "timing"]),
  status: optional(oneOf(KINDS.filter((kind) => kind !== "log"))),
  time,
  receivedAt: time,
  source: oneOf(SOURCES),
  keyType: optional(oneOf(SOURCES)),
  touchpoint: optional(text),
  key: optional(text),
  level: optional(oneOf(LEVELS)),
  message: optional(text),
  startTime: optional(time),
  endTime: optional(time),
  duration: optional(number),
  metadata: optional(object({})),
});
const FIGURES = {
  count,
  ...Object.fromEntries(
    ["min", "mean", "max", "p50", "p75", "p90", "p95", "p99"].map((name) => [name, nullable(number)]),
  ),
  running: count,
  unfinished: count,
};
const BUCKETS = list(object({ time, ...FIGURES }));

const CHANGE = object({
  state: text,
  count: number,
  p50: nullable(number),
  p95: nullable(number),
  worse: nullable(number),
});

const RESPONSES: Readonly<Record<SourceQuery["kind"], Check>> = {
  entries: object({ entries: list(RECORD), nextCursor: nullable(text), ...NOTES }),
  histogram: object({
    interval: number,
    buckets: list(object({ time, debug: count, info: count, warn: count, error: count, timing: count })),
    ...NOTES,
  }),
  timings: object({
    touchpoints: list(
      object({ project: optional(text), touchpoint: text, registered: truth, change: optional(CHANGE), ...FIGURES }),
    ),
    categories: optional(list(object({ project: optional(text), category: text, ...FIGURES }))),
    registering: optional(list(text)),
    previous: optional(object({ from: time, to: time, kept: text })),
    ...NOTES,
  }),
  series: object({
    interval: number,
    buckets: optional(BUCKETS),
    touchpoints: optional(list(object({ touchpoint: text, buckets: BUCKETS }))),
    ...NOTES,
  }),
  usage: object({
    usage: list(
      object({
        project: text,
        month: text,
        received: count,
        stored: count,
        admitted: count,
        dropped: record(count),
        limit: nullable(count),
        overage: count,
        bytes: number,
      }),
    ),
    storage: list(
      object({
        project: text,
        records: count,
        blocks: count,
        bytes: number,
        retentionMs: nullable(number),
        oldest: nullable(time),
        newest: nullable(time),
      }),
    ),
  }),
};
const ERASED = object({
  erased: object({
    records: count,
    blocks: count,
    rejections: count,
    waiting: count,
    shipped: optional(count),
    damagedBlocks: optional(count),
  }),
});
const SHIPPING = object({ batches: count, records: count, failures: count, problem: nullable(text) });
const SHIPPING_STATUS = object({ startedAt: time, shipping: optional(SHIPPING) });
const GAP = object({ missed: count });

/** Throws OperatingError("io") if the response has not the shape that belongs to the query's kind. */
export function checkResponse(kind: SourceQuery["kind"], response: unknown): void {
  check(RESPONSES[kind], response, "response");
}

/** As checkResponse, for an erasure. */
export function checkErased(response: unknown): void {
  check(ERASED, response, "response");
}

/** As checkResponse, for what the status says of shipping. */
export function checkShippingStatus(response: unknown): void {
  check(SHIPPING_STATUS, response, "response");
}

/** As checkResponse, for a tail's event. */
export function checkEvent(event: "record" | "gap", data: unknown): void {
  check(event === "record" ? RECORD : GAP, data, event);
}

function check(isRight: Check, value: unknown, what: string): void {
  const place = depthExceeds(value, DEPTH_MAX) ? " (nested too deep)" : isRight(value);
  if (place === undefined) return;
  const shown = escapeControls(place.slice(0, PLACE_LENGTH_MAX));
  throw new OperatingError(
    "io",
    `the server's ${what} has an unexpected shape at ${what}${shown}: is it a SimpleLogs server of this version?`,
  );
}

/**
 * Whether arrays and objects lie in one another deeper than so many levels; without recursion, which such a value would
 * exhaust.
 */
function depthExceeds(value: unknown, depthMax: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) return true;
    const below: unknown[] = [];
    for (const one of level) {
      if (typeof one !== "object" || one === null) continue;
      for (const member of Object.values(one)) if (typeof member === "object" && member !== null) below.push(member);
    }
    level = below;
  }
  return false;
}
