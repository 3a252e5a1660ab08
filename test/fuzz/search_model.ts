// Random searches, each with what it means of a shown record, as naively as can be: a text and a function, made
// together. Nothing here knows the parser, the expressions or the columns.

import type { ShownRecord } from "../../src/core/record.ts";
import { MessagePattern } from "../../src/query/match/message_pattern.ts";
import { integer, pick, type Random } from "../support/random.ts";

export interface ModelSearch {
  readonly text: string;
  matches(record: ShownRecord): boolean;
}

/** What records and searches are made of, so that they meet. */
export interface Vocabulary {
  readonly texts: readonly string[];
  readonly names: readonly string[];
  readonly numbers: readonly number[];
  readonly touchpoints: readonly string[];
  readonly apiKeys: readonly string[];
  readonly projects: readonly string[];
  /** Times and ids. */
  readonly wholeNumbers: readonly number[];
}

/** Every value in the metadata with the way to it; elements of arrays are where the array is. */
function paths(value: unknown, path: string): [path: string, value: unknown][] {
  const here: [string, unknown][] = [[path, value]];
  if (Array.isArray(value)) return [...here, ...value.flatMap((element) => paths(element, path))];
  if (value === null || typeof value !== "object") return here;
  return [...here, ...Object.entries(value).flatMap(([name, member]) => paths(member, `${path}.${name}`))];
}

function metadataPaths({ metadata }: ShownRecord): [path: string, value: unknown][] {
  return Object.entries(metadata ?? {}).flatMap(([name, value]) => paths(value, name));
}

function isLeaf(value: unknown): boolean {
  return value === null || typeof value !== "object";
}

function textsOf(record: ShownRecord): string[] {
  const { message, touchpoint, key } = record;
  const leaves = metadataPaths(record).filter(([, value]) => isLeaf(value));
  return [message, touchpoint, key, ...leaves.map(([, value]) => String(value))].filter((text) => text !== undefined);
}

function contains(text: string | undefined, part: string): boolean {
  return text !== undefined && engineFold(part).test(text);
}

const folds = new Map<string, RegExp>();

/** The engine's own case folding: regular expressions fold as Unicode's simple case folding says. */
function engineFold(part: string): RegExp {
  const known = folds.get(part);
  if (known !== undefined) return known;
  const escaped = Array.from(part, (letter) => `\\u{${(letter.codePointAt(0) as number).toString(16)}}`).join("");
  const made = new RegExp(escaped, "iu");
  folds.set(part, made);
  return made;
}

/** Whether some text of the record contains the needle, whatever the case. */
export function hasText(record: ShownRecord, needle: string): boolean {
  return textsOf(record).some((text) => contains(text, needle));
}

function quotedText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Quoted, or bare where that means the same. */
function written(random: Random, text: string): string {
  const isPlain = /^[\p{L}\p{N}_/.]+$/u.test(text) && !/^(AND|OR|NOT)$/.test(text);
  // Two dots between numbers are a range.
  return isPlain && !text.includes("..") && random() < 0.7 ? text : quotedText(text);
}

/** A word's end may have a *, which says nothing more. */
function starred(random: Random, text: string): string {
  return random() < 0.2 ? `${text}*` : text;
}

/** Some part of the text, at least one unit long. */
function part(random: Random, text: string): string {
  const start = integer(random, text.length - 1);
  return text.slice(start, start + 1 + integer(random, text.length - start - 1)).toWellFormed();
}

function otherCase(random: Random, text: string): string {
  const choice = random();
  return choice < 0.3 ? text.toUpperCase() : choice < 0.6 ? text.toLowerCase() : text;
}

function somePart(random: Random, { texts, touchpoints, numbers }: Vocabulary): string {
  const text = otherCase(random, pick(random, [...texts, ...touchpoints, ...numbers.map(String), "true", "null"]));
  return text === "" ? "a" : part(random, text);
}

function word(random: Random, vocabulary: Vocabulary): ModelSearch {
  if (random() < 0.03) return { text: "*", matches: () => true };
  const text = somePart(random, vocabulary);
  return { text: starred(random, written(random, text)), matches: (record) => hasText(record, text) };
}

function message(random: Random, vocabulary: Vocabulary): ModelSearch {
  if (random() < 0.1) return { text: "message:*", matches: (record) => record.message !== undefined };
  const text = somePart(random, vocabulary);
  return {
    text: `message:${starred(random, written(random, text))}`,
    matches: (record) => contains(record.message, text),
  };
}

/** What is masked is the masks' own test; here it is which records are found. */
function messagePattern(random: Random, vocabulary: Vocabulary): ModelSearch {
  const reader = new MessagePattern();
  const wanted = pattern(random, reader.patternOf(pick(random, vocabulary.texts)));
  return {
    text: `pattern:${wanted.text}`,
    matches: ({ message }) => message !== undefined && wanted.matches(reader.patternOf(message)),
  };
}

function choice(random: Random): ModelSearch {
  const [field, values] = pick(random, [
    ["level", ["debug", "info", "warn", "error"]],
    ["source", ["server", "client"]],
    ["keyType", ["server", "client"]],
    ["kind", ["log", "timing"]],
    ["status", ["completed", "started", "unfinished", "orphaned"]],
  ] as const);
  if (random() < 0.1) return { text: `${field}:*`, matches: (record) => record[field] !== undefined };
  const chosen: string[] = Array.from({ length: 1 + integer(random, 2) }, () => pick(random, values));
  return { text: `${field}:${chosen.join(",")}`, matches: (record) => chosen.includes(record[field] ?? "") };
}

interface ModelPattern {
  readonly text: string;
  matches(value: string): boolean;
}

function pattern(random: Random, value: string): ModelPattern {
  if (random() < 0.6) return { text: written(random, value), matches: (seen) => seen === value };
  const beginning = value.slice(0, integer(random, value.length)).toWellFormed();
  return { text: `${quotedText(beginning)}*`, matches: (seen) => seen.startsWith(beginning) };
}

function patterns(random: Random, values: readonly string[]): ModelPattern {
  const list = Array.from({ length: random() < 0.9 ? 1 + integer(random, 2) : 10 }, () =>
    pattern(random, pick(random, values)),
  );
  return {
    text: list.map(({ text }) => text).join(","),
    matches: (seen) => list.some((one) => one.matches(seen)),
  };
}

function exact(random: Random, vocabulary: Vocabulary): ModelSearch {
  const [field, values] = pick(random, [
    ["touchpoint", [...vocabulary.touchpoints, "gone"]],
    ["key", vocabulary.texts],
    ["apiKey", [...vocabulary.apiKeys, "gone"]],
    ["project", vocabulary.projects],
  ] as const);
  if (random() < 0.1) return { text: `${field}:*`, matches: (record) => record[field] !== undefined };
  const asked = patterns(random, values);
  return {
    text: `${field}:${asked.text}`,
    matches: (record) => record[field] !== undefined && asked.matches(record[field]),
  };
}

interface ModelRange {
  readonly text: string;
  matches(value: number): boolean;
}

function range(random: Random, values: readonly number[], write: (value: number) => string): ModelRange {
  const one = pick(random, values);
  const other = pick(random, values);
  const [least, most] = one < other ? [one, other] : [other, one];
  return pick(random, [
    { text: `>${write(one)}`, matches: (value: number) => value > one },
    { text: `>=${write(one)}`, matches: (value: number) => value >= one },
    { text: `<${write(one)}`, matches: (value: number) => value < one },
    { text: `<=${write(one)}`, matches: (value: number) => value <= one },
    { text: `${write(least)}..${write(most)}`, matches: (value: number) => value >= least && value <= most },
    { text: `${write(one)}..`, matches: (value: number) => value >= one },
    { text: `..${write(one)}`, matches: (value: number) => value <= one },
  ]);
}

function numberRange(random: Random, values: readonly number[], write: (value: number) => string): ModelRange {
  if (random() < 0.8) return range(random, values, write);
  const value = pick(random, values);
  return { text: write(value), matches: (seen) => seen === value };
}

const YEAR_MS = 365 * 86_400_000;
const DAY_MS = 86_400_000;

/** A time as ISO 8601, or as it is printed, quoted or not; or as a number, where that would not be 1970. */
function writeTime(random: Random, value: number): string {
  if (!Number.isInteger(value) || (random() < 0.5 && value >= YEAR_MS)) return String(value);
  const iso = new Date(value).toISOString();
  const printed = iso.replace("T", " ");
  return pick(random, [iso, printed, printed.slice(0, -1), quotedText(printed), `${printed.slice(0, -1)} +00:00`]);
}

/**
 * A time in a comparison or a range: instants, but a date for its whole day, and alone what is printed for its whole
 * thousandth.
 */
function timeRange(random: Random, values: readonly number[]): ModelRange {
  if (random() < 0.6) return range(random, values, (value) => writeTime(random, value));
  if (random() < 0.5) {
    const value = pick(random, values);
    const text = writeTime(random, value);
    const isNumber = /^[\d.]+$/.test(text);
    return { text, matches: (seen) => (isNumber ? seen === value : seen >= value && seen < value + 1) };
  }
  const days = [pick(random, values), pick(random, values)].map((value) => Math.floor(value / DAY_MS) * DAY_MS);
  const [first = 0, last = 0] = days.sort((a, b) => a - b);
  const [one, other] = [first, last].map((day) => new Date(day).toISOString().slice(0, 10));
  return pick(random, [
    { text: `${one}`, matches: (seen: number) => seen >= first && seen < first + DAY_MS },
    { text: `${one}..${other}`, matches: (seen: number) => seen >= first && seen < last + DAY_MS },
    { text: `>${one}`, matches: (seen: number) => seen >= first + DAY_MS },
    { text: `>=${one}`, matches: (seen: number) => seen >= first },
    { text: `<${one}`, matches: (seen: number) => seen < first },
    { text: `<=${one}`, matches: (seen: number) => seen < first + DAY_MS },
    { text: `..${one}`, matches: (seen: number) => seen < first + DAY_MS },
  ]);
}

function writeDuration(random: Random, value: number): string {
  return Number.isInteger(value) && value < 1e15 && random() < 0.5 ? `${value}ms` : String(value);
}

function number(random: Random, { numbers, wholeNumbers }: Vocabulary): ModelSearch {
  const field = pick(random, ["id", "time", "receivedAt", "startTime", "endTime", "duration"] as const);
  if (random() < 0.1) return { text: `${field}:*`, matches: (record) => record[field] !== undefined };
  const asked =
    field === "id"
      ? numberRange(random, wholeNumbers, String)
      : field === "duration"
        ? numberRange(
            random,
            numbers.filter((value) => value >= 0),
            (value) => writeDuration(random, value),
          )
        : timeRange(random, wholeNumbers);
  return {
    text: `${field}:${asked.text}`,
    matches(record) {
      const value = record[field];
      return value !== undefined && asked.matches(value);
    },
  };
}

function metadata(random: Random, { names, texts, numbers }: Vocabulary): ModelSearch {
  const name = Array.from({ length: random() < 0.6 ? 1 : 1 + integer(random, 3) }, () => pick(random, names)).join(".");
  const isBare = /^[A-Za-z0-9_.-]+$/.test(name) && random() < 0.7;
  const field = `metadata.${isBare ? name : quotedText(name)}`;
  const some = (record: ShownRecord, test: (value: unknown) => boolean) =>
    metadataPaths(record).some(([path, value]) => path === name && test(value));
  const form = random();
  if (form < 0.15) return { text: `${field}:*`, matches: (record) => some(record, () => true) };
  if (form < 0.4) {
    const asked = range(random, numbers, String);
    return {
      text: `${field}:${asked.text}`,
      matches: (record) => some(record, (value) => typeof value === "number" && asked.matches(value)),
    };
  }
  if (form < 0.55) {
    // A number in another spelling: equal as a number, and not as a text.
    const value = pick(random, numbers);
    const [mantissa = "", exponent = "0"] = value.toExponential(17).split("e");
    const spelled = pick(random, [`${mantissa}00e${exponent}`, `${mantissa}E${exponent}`, value.toExponential()]);
    return {
      text: `${field}:${random() < 0.5 ? spelled : quotedText(spelled)}`,
      matches: (record) => some(record, (seen) => seen === value || seen === spelled),
    };
  }
  const asked = patterns(random, [...texts, ...numbers.map(String), "true", "false", "null"]);
  // A prefix of nothing asks for any value, a list or an object included.
  const isAny = /(^|,)""\*(,|$)/.test(asked.text);
  return {
    text: `${field}:${asked.text}`,
    matches: (record) => some(record, (value) => isAny || (isLeaf(value) && asked.matches(String(value)))),
  };
}

/** A random search; `depth` bounds its groups. */
export function randomSearch(random: Random, vocabulary: Vocabulary, depth = 3): ModelSearch {
  const kind = random();
  if (depth > 0 && kind < 0.2) {
    const members = Array.from({ length: 2 + integer(random, 2) }, () => randomSearch(random, vocabulary, depth - 1));
    return {
      text: members.map(({ text }) => `(${text})`).join(pick(random, [" ", "", " AND "])),
      matches: (record) => members.every((member) => member.matches(record)),
    };
  }
  if (depth > 0 && kind < 0.4) {
    const members = Array.from({ length: 2 + integer(random, 2) }, () => randomSearch(random, vocabulary, depth - 1));
    // Without parentheses AND must bind first.
    const texts = members.map(({ text }) => (random() < 0.5 ? text : `(${text})`));
    return { text: texts.join(" OR "), matches: (record) => members.some((member) => member.matches(record)) };
  }
  if (depth > 0 && kind < 0.5) {
    const member = randomSearch(random, vocabulary, depth - 1);
    return {
      text: pick(random, [`-(${member.text})`, `NOT (${member.text})`, `NOT(${member.text})`]),
      matches: (record) => !member.matches(record),
    };
  }
  const term = pick(random, [
    word,
    word,
    message,
    messagePattern,
    choice,
    choice,
    exact,
    exact,
    number,
    metadata,
    metadata,
  ])(random, vocabulary);
  const negation = pick(random, ["-", "NOT ", "NOT -NOT ", "-NOT\t-"]);
  return random() < 0.8 ? term : { text: `${negation}${term.text}`, matches: (record) => !term.matches(record) };
}
