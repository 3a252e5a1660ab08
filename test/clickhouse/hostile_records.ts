// Records and searches made to be told apart wrongly: any character of Unicode and no character at all, texts that are
// longer than what is shown of them, numbers at the edges of what a double or a 64-bit number holds, and searches put
// together from every rule of docs/searching.md.

import type { JsonObject } from "../../src/core/json.ts";
import { KINDS, LEVELS, type StoredRecord } from "../../src/core/record.ts";
import { MessagePattern } from "../../src/query/match/message_pattern.ts";
import { metadataFieldName, quote } from "../../src/search/fields.ts";
import { integer, pick, type Random } from "../support/random.ts";

/** A record and its project. */
export interface HostileRecord {
  readonly project: string;
  readonly record: StoredRecord;
}

/** Letters with several other cases, marks, what JSON, SQL, regular expressions and glob patterns escape, and halves. */
const UNITS = [
  ...Array.from("kKsSiIaAzZ059"),
  ...Array.from(" \t\r\n\f\v\b\0\u007f\u0085\u00a0\u2028\u2029\u200b\ufeff\ufffd\uffff\ue000"),
  ...Array.from(`'"\`\\/%_*?.,:;=-+()[]{}<>|^$#@!~&`),
  ...Array.from(
    "\u212a\u017f\u0130\u0131\u00df\u1e9e\u212b\u00e5\u2126\u03c9\u03a3\u03c3\u03c2\u0390\u1fd3\u03b0\u1fe3\u0345\u1fbe",
  ),
  ...Array.from(
    "\u01c4\u01c5\u01c6\u0149\ufb05\ufb06\u1c80\u0432\ua64b\u1c88\u13a0\uab70\u13f8\u10d0\u1c90\u00b5\u03bc\u2160\u2170\u24b6\u24d0",
  ),
  ...Array.from("e\u0301\u0308n\u0303\u20dd\u0e01\u0e33\u0627\u0651\u05d0"),
  "\u{10400}",
  "\u{10428}",
  "\u{1e900}",
  "\u{1e922}",
  "\u{10570}",
  "\u{10597}",
  "\u{16e40}",
  "\u{1f600}",
  "\u{10ffff}",
  "👩‍👩‍👧",
  "\ud800",
  "\udfff",
];
const WORDS = [
  ..."timeout TIMEOUT Order order null true false undefined NaN Infinity -0 0 1 12 12.5 12.50 1e3 1E+3 .5 +7".split(
    " ",
  ),
  ..."9007199254740993 18446744073709551615 -9223372036854776000 \\u0041 \\n %s %00 '; -- {p0:String} <num> <uuid>".split(
    " ",
  ),
  ..."2026-11-29T17:49:48.123Z 3f2504e0-4f89-11d3-9a0c-0305e82c3301 10.0.0.1 250ms".split(" "),
];
const NAMES = [
  ..."a b c a.b a.b.c b.c .a a. . .. Ä k K orderId constructor __proto__ toString 0 1 -1 a[0] [0] a=b = * a* \\ { [".split(
    " ",
  ),
  "",
  " ",
  '"',
  'a"b',
  "\0",
  "日本",
  "\ud800",
  "n".repeat(300),
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  12,
  12.5,
  0.1 + 0.2,
  1e3,
  1e21,
  -1e21,
  1e-7,
  5e-324,
  1.7976931348623157e308,
  2 ** 31,
  2 ** 53,
  2 ** 53 - 1,
  -(2 ** 53),
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  -(2 ** 64),
  9223372036854774784,
  -9223372036854774784,
  18446744073709549568,
  123456789012345680000,
  100,
  1000,
  1_700_000_000_000,
];

function text(random: Random, most: number): string {
  const units = Array.from({ length: integer(random, most) }, () => {
    const kind = random();
    if (kind < 0.2) return pick(random, WORDS);
    if (kind < 0.85) return pick(random, UNITS);
    return String.fromCodePoint(
      pick(random, [integer(random, 0x250), integer(random, 0x2fff), integer(random, 0x10fff)]),
    );
  });
  const whole = units.join("");
  // Around what is shown of a text, and what a touchpoint may have.
  return random() < 0.02 ? whole + "x".repeat(pick(random, [500, 512, 990, 1_000, 5_000])) + whole : whole;
}

function scalar(random: Random): unknown {
  return pick(random, [
    () => text(random, 4),
    () => pick(random, WORDS),
    () => pick(random, NUMBERS),
    () => integer(random, 20),
    () => (random() - 0.5) * 10 ** integer(random, 20),
    () => random() < 0.5,
    () => null,
    () => "",
  ])();
}

function value(random: Random, depth: number): unknown {
  const kind = depth === 0 ? 0 : random();
  if (kind < 0.55) return scalar(random);
  if (kind < 0.75) return Array.from({ length: integer(random, 3) }, () => value(random, depth - 1));
  return object(random, depth - 1);
}

function object(random: Random, depth: number): JsonObject {
  const count = integer(random, 3);
  return Object.fromEntries<JsonObject[string]>(
    Array.from({ length: count }, () => [pick(random, NAMES), value(random, depth)]),
  );
}

/** Every record of a world: names of touchpoints, keys and values repeat, so that searches meet several. */
export function hostileRecords(random: Random, count: number, from: number, spanMs: number): StoredRecord[] {
  const names = Array.from({ length: 6 }, () => text(random, 5));
  const shared = Array.from({ length: 8 }, () => object(random, 3));
  const messages = Array.from({ length: 10 }, () => text(random, 12));
  return Array.from({ length: count }, (_, index) => {
    const kind = pick(random, KINDS);
    const isTiming = kind !== "log";
    const time = from + pick(random, [integer(random, spanMs), random() * spanMs, 0, spanMs]);
    const duration =
      kind === "completed" && random() < 0.95
        ? pick(random, [0, integer(random, 500), random(), 10 ** (random() * 18 - 6), 5e-324, 8.64e15])
        : undefined;
    const maybe = <T>(one: T): T | undefined => (random() < 0.65 ? one : undefined);
    return {
      id: index + 1,
      kind,
      time,
      receivedAt: time + pick(random, [0, integer(random, 1_000), random() * 60_000]),
      source: pick(random, ["server", "client"] as const),
      keyType: pick(random, [undefined, "server", "client"] as const),
      apiKey: pick(random, ["web shop", names[0] || "x", "ſhop"]),
      touchpoint: maybe(pick(random, names)) || undefined,
      key: maybe(random() < 0.5 ? pick(random, names) : text(random, 4)) || undefined,
      level: isTiming ? maybe(pick(random, LEVELS)) : pick(random, LEVELS),
      message: maybe(random() < 0.5 ? pick(random, messages) : text(random, 10)),
      startTime: isTiming ? maybe(time) : undefined,
      endTime: isTiming ? maybe(Math.min(time + (duration ?? 0), 8.64e15)) : undefined,
      duration,
      metadata: maybe(random() < 0.5 ? pick(random, shared) : object(random, 3)),
    };
  });
}

/** Some of a text, in some case. */
function cutOf(random: Random, whole: string): string {
  const units = Array.from(whole);
  const from = integer(random, Math.max(0, units.length - 1));
  const part = units.slice(from, from + 1 + integer(random, 4)).join("");
  return pick(random, [part, part.toUpperCase(), part.toLowerCase(), part.normalize("NFC"), part.normalize("NFD")]);
}

/** As a search writes a text: in quotes, or bare where that is allowed; now and then both beside one another. */
function written(random: Random, whole: string): string {
  const isBare = /^[^\s"():*,<>-][^\s"():*,]*$/.test(whole) && !whole.includes("..");
  if (isBare && random() < 0.5) return whole;
  if (whole.length > 1 && random() < 0.2) return quote(whole.slice(0, 1)) + quote(whole.slice(1));
  return quote(whole);
}

function comparison(random: Random, one: number, spread: number): string {
  const other = one + pick(random, [0, integer(random, 50), random() * spread]);
  const plain = (number: number) => (Object.is(number, -0) ? "-0" : String(number));
  return pick(random, [
    () => plain(one),
    () => `>${plain(one)}`,
    () => `>=${plain(one)}`,
    () => `<${plain(one)}`,
    () => `<=${plain(one)}`,
    () => `${plain(one)}..${plain(other)}`,
    () => `${plain(one)}..`,
    () => `..${plain(one)}`,
    () => "*",
  ])();
}

function durationOf(random: Random, ms: number): string {
  return pick(random, [
    () => comparison(random, ms, 100),
    () => `>=${Math.floor(ms)}ms`,
    () => `<${(ms / 1_000).toFixed(3)}s`,
    () => `${(ms / 60_000).toFixed(4)}m..${(ms / 3_600_000 + 1).toFixed(4)}h`,
  ])();
}

function timeOf(random: Random, time: number): string {
  const iso = new Date(time).toISOString();
  return pick(random, [
    () => comparison(random, time, 10_000),
    () => iso.slice(0, 10),
    () => `>=${iso}`,
    () => `<${iso.slice(0, 16)}`,
    () => iso.slice(0, 19),
    () => `..${iso.slice(0, 10)}`,
    () => `${iso.slice(0, 10)} ${iso.slice(11, 23)}`,
  ])();
}

/** Every path of an object, also of its lists, and what stands there. */
function placesIn(whole: JsonObject, before = ""): [string, unknown][] {
  return Object.entries(whole).flatMap(([name, one]): [string, unknown][] => {
    const path = before + name;
    const inside = (Array.isArray(one) ? one.flat(3) : [one]).flatMap((member): [string, unknown][] =>
      member !== null && typeof member === "object" ? placesIn(member as JsonObject, `${path}.`) : [[path, member]],
    );
    return [[path, one], ...inside];
  });
}

function ofMetadata(random: Random, { metadata = {} }: StoredRecord): string {
  const [path, found] = pick(random, [...placesIn(metadata), [pick(random, NAMES), scalar(random)] as const]);
  const field = metadataFieldName(path.slice(0, 1_500));
  const shown = typeof found === "string" ? found : JSON.stringify(found);
  const star = random() < 0.3 ? "*" : "";
  if (typeof found === "number" && random() < 0.6) return `${field}:${comparison(random, found, 10)}`;
  return pick(random, [
    () => `${field}:*`,
    () => `${field}:${written(random, shown.slice(0, 1_200))}${star}`,
    () => `${field}:${written(random, cutOf(random, shown))}${star}`,
    () => `${field}:${written(random, shown.slice(0, 300))},${written(random, String(scalar(random)).slice(0, 100))}`,
    () =>
      `${field}:${pick(random, ["12.50", "+12.5", "1e3", "1000", "0.0", "-0", "1E21", "true", "null", '""', "12345678901234567890"])}`,
  ])();
}

function term(random: Random, { project, record }: HostileRecord, others: readonly HostileRecord[]): string {
  const star = () => (random() < 0.35 ? "*" : "");
  const text = (whole: string | undefined) => {
    const chosen = pick(random, [whole ?? "", cutOf(random, whole ?? "x"), (whole ?? "").slice(0, 3)]);
    return written(random, chosen.slice(0, 1_500));
  };
  const texts = [record.message, record.touchpoint, record.key].filter((one) => one !== undefined);
  const leaves = placesIn(record.metadata ?? {}).map(([, one]) =>
    typeof one === "string" ? one : JSON.stringify(one),
  );
  const other = pick(random, others).record;
  return pick(random, [
    () => written(random, cutOf(random, pick(random, [...texts, "k"])) || "S"),
    () => written(random, cutOf(random, pick(random, [...leaves, "1"])) || "K"),
    () => written(random, pick(random, WORDS)) + star(),
    () => `message:${text(record.message)}${star()}`,
    () => `message:${quote(cutOf(random, record.message ?? "ς") || "a")}`,
    () => `level:${pick(random, ["error", "WARN", "warn,error", "debug,info,warn", "*"])}`,
    () => `source:${pick(random, ["client", "Server", "*"])}`,
    () => `keyType:${pick(random, ["client", "server", "client,server", "*"])}`,
    () => `kind:${pick(random, ["log", "timing", "log,timing", "*"])}`,
    () => `status:${pick(random, ["completed", "started,unfinished", "orphaned", "*"])}`,
    () => `touchpoint:${text(record.touchpoint)}${star()}`,
    () => `touchpoint:${text(record.touchpoint)},${text(other.touchpoint)}`,
    () => `key:${text(record.key)}${star()}`,
    () => `key:${pick(random, ["*", '""', '""*'])}`,
    () => `apiKey:${text(record.apiKey)}${star()}`,
    () => `project:${pick(random, [quote(project), `${project.slice(0, 1)}*`, "nobody", `${quote(project)},x`, "*"])}`,
    () => `pattern:${quote(new MessagePattern().patternOf(record.message ?? "a"))}${star()}`,
    () => `pattern:${quote(new MessagePattern().patternOf(record.message ?? "a").slice(0, 3))}*`,
    () => `id:${comparison(random, record.id, 100)}`,
    () => `id:${record.id},${other.id}`,
    () => `time:${timeOf(random, record.time)}`,
    () => `receivedAt:${timeOf(random, record.receivedAt)}`,
    () => `startTime:${timeOf(random, record.startTime ?? record.time)}`,
    () => `endTime:${timeOf(random, record.endTime ?? record.time)}`,
    () => `duration:${durationOf(random, record.duration ?? 100)}`,
    ...Array.from({ length: 9 }, () => () => ofMetadata(random, record)),
  ])();
}

/** A search of any depth, near to one of the records. Not every one can be parsed. */
export function hostileSearch(random: Random, records: readonly HostileRecord[], depth = 3): string {
  const negated = random() < 0.25 ? pick(random, ["-", "NOT "]) : "";
  if (depth === 0 || random() < 0.45) return negated + term(random, pick(random, records), records);
  const members = Array.from({ length: 2 + integer(random, 2) }, () => hostileSearch(random, records, depth - 1));
  return `${negated}(${members.join(pick(random, [" ", " AND ", " OR ", " OR "]))})`;
}
