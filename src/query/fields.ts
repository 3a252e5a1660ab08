// Which fields the records of a scope have, and which values a field has, by how often. Names are those of the search language, so each
// can be pasted into a search.

import type { BlockView, TextColumn } from "../block/block_view.ts";
import { emptySparse } from "../block/columns.ts";
import { kindCodeOf, kindOf, levelCodeOf, levelOf, sourceOf } from "../block/flags.ts";
import type { FieldsAnswer, ValuesAnswer } from "../core/answers.ts";
import type { ReadRefusal } from "../core/reading.ts";
import { isMatch, type Matches, type OpenedBlock } from "./opened.ts";
import { Coverage, type ScanContext, type Steps, scanBlocks } from "./scan.ts";
import type { Scope } from "./scope.ts";

type Value = string | number | boolean | null;
/** Calls `found` for the value of each wanted row that has one; of each wanted row. */
type ReadValues = (view: BlockView, matches: Matches, found: (value: Value, count: number) => void) => void;

/** Different values that one question holds at most; bounds its memory. */
const VALUES_MAX = 100_000;
/** A text that is longer counts by its first so many characters. */
const VALUE_LENGTH_MAX = 1_000;

const METADATA = "metadata.";

/** Fields whose values are told by the flags byte, so that notes can count them. */
const FLAG_FIELDS: Readonly<Record<string, (flags: number) => Value | undefined>> = {
  kind: (flags) => (kindCodeOf(flags) === 0 ? "log" : "timing"),
  level: levelOf,
  source: sourceOf,
  status: (flags) => (kindCodeOf(flags) === 0 ? undefined : kindOf(flags)),
};

const COLUMN_FIELDS: Readonly<Record<string, ReadValues>> = {
  apiKey: (view, matches, found) => readCodes(view.apiKey(), matches, found),
  touchpoint: (view, matches, found) => readCodes(view.touchpoint(), matches, found),
  message: (view, matches, found) => readPlaces(view.message(), undefined, matches, found),
  key: (view, matches, found) => readPlaces(view.key(), view.key()?.rows, matches, found),
  duration: (view, matches, found) => readNumbers(view.duration(), matches, found),
  startTime: (view, matches, found) => readNumbers(view.start(), matches, found),
  endTime: (view, matches, found) => readNumbers(view.end(), matches, found),
};

function readCodes(
  { dictionary, codes }: { readonly dictionary: readonly string[]; readonly codes: Uint32Array },
  matches: Matches,
  found: (value: Value, count: number) => void,
  rowOf?: ArrayLike<number>,
): void {
  const counts = new Float64Array(dictionary.length + 1);
  for (let place = 0; place < codes.length; place++) {
    if (isMatch(matches, rowOf === undefined ? place : (rowOf[place] as number))) {
      (counts[codes[place] as number] as number)++;
    }
  }
  dictionary.forEach((text, index) => {
    if ((counts[index + 1] as number) > 0) found(beginningOf(text), counts[index + 1] as number);
  });
}

function readPlaces(
  column: TextColumn | undefined,
  rowOf: ArrayLike<number> | undefined,
  matches: Matches,
  found: (value: Value, count: number) => void,
): void {
  if (column === undefined) return;
  const coded = column.coded();
  if (coded !== undefined) {
    readCodes(coded, matches, found, rowOf);
    return;
  }
  for (let place = 0; place < column.count; place++) {
    if (!isMatch(matches, rowOf === undefined ? place : (rowOf[place] as number))) continue;
    const text = column.value(place);
    if (text !== undefined) found(beginningOf(text), 1);
  }
}

function readNumbers(
  column: { readonly rows: ArrayLike<number>; readonly values: ArrayLike<number> } | undefined,
  matches: Matches,
  found: (value: Value, count: number) => void,
): void {
  if (column === undefined) return;
  for (let index = 0; index < column.rows.length; index++) {
    if (isMatch(matches, column.rows[index] as number)) found(column.values[index] as number, 1);
  }
}

/** Values of a metadata field; objects and arrays count by their JSON. */
function metadataReader(name: string): ReadValues {
  return (view, matches, found) => {
    const column = view.metadata(name);
    const coded = column?.coded();
    const places = coded === undefined ? (column?.rows ?? []) : [];
    if (coded !== undefined) readCodes(coded, matches, found, column?.rows);
    for (let place = 0; place < places.length; place++) {
      if (isMatch(matches, places[place] as number)) found(asValue(column?.value(place)), 1);
    }
    readRest(view, matches, (object) => {
      if (Object.hasOwn(object, name)) found(asValue(object[name]), 1);
    });
  };
}

function readRest(view: BlockView, matches: Matches, found: (object: Record<string, unknown>) => void): void {
  const rest = view.rest() ?? emptySparse<string>();
  for (let index = 0; index < rest.rows.length; index++) {
    if (!isMatch(matches, rest.rows[index] as number)) continue;
    found(JSON.parse(rest.values[index] as string) as Record<string, unknown>);
  }
}

function asValue(value: unknown): Value {
  if (typeof value === "string") return beginningOf(value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  return beginningOf(JSON.stringify(value));
}

/** Half a surrogate pair at the cut is U+FFFD. */
function beginningOf(text: string): string {
  return text.length <= VALUE_LENGTH_MAX ? text : text.slice(0, VALUE_LENGTH_MAX).toWellFormed();
}

/** The values of a field in the scope, most frequent first. */
export function* listValues(
  context: ScanContext,
  scope: Scope,
  field: string,
  limit: number,
): Steps<ValuesAnswer | ReadRefusal> {
  const flagValue = Object.hasOwn(FLAG_FIELDS, field) ? FLAG_FIELDS[field] : undefined;
  const read = Object.hasOwn(COLUMN_FIELDS, field)
    ? COLUMN_FIELDS[field]
    : field.startsWith(METADATA) && field.length > METADATA.length
      ? metadataReader(field.slice(METADATA.length))
      : undefined;
  if (flagValue === undefined && read === undefined) {
    const known = [...Object.keys(FLAG_FIELDS), ...Object.keys(COLUMN_FIELDS), `${METADATA}<name>`];
    return { code: "unknown_field", message: `there is no field "${field}"; there are: ${known.join(", ")}` };
  }
  const counts = new ValueCounts();
  const coverage = new Coverage();
  yield* scanBlocks(context, scope, coverage, (opened) => {
    if (addNotedValues(opened, field, flagValue, counts.add)) return;
    const matches = opened.matches();
    if (matches === "none") return;
    if (read !== undefined) read(opened.view(), matches, counts.add);
    else if (flagValue !== undefined) readFlags(opened.view(), matches, flagValue, counts.add);
  });
  return { field, ...counts.answer(limit), ...coverage.notes() };
}

function readFlags(
  view: BlockView,
  matches: Matches,
  valueOf: (flags: number) => Value | undefined,
  found: (value: Value, count: number) => void,
): void {
  const flags = view.flags();
  const counts = new Float64Array(256);
  for (let row = 0; row < view.count; row++) {
    if (isMatch(matches, row)) (counts[flags[row] as number] as number)++;
  }
  counts.forEach((count, code) => {
    const value = count === 0 ? undefined : valueOf(code);
    if (value !== undefined) found(value, count);
  });
}

/** Counts by the notes of a block that lies inside; false where they do not decide. */
function addNotedValues(
  opened: OpenedBlock,
  field: string,
  flagValue: ((flags: number) => Value | undefined) | undefined,
  found: (value: Value, count: number) => void,
): boolean {
  if (!opened.isInside || (flagValue === undefined && field !== "touchpoint")) return false;
  const summary = opened.summary();
  if (summary === undefined) return false;
  const { cells } = summary;
  const verdicts = opened.cellVerdicts(summary);
  if (verdicts.includes(undefined)) return false;
  cells.forEach(({ touchpoint, flags, count }, index) => {
    const value = flagValue === undefined ? touchpoint : flagValue(flags);
    if (verdicts[index] === true && value !== undefined) found(value, count);
  });
  return true;
}

class ValueCounts {
  readonly #counts = new Map<Value, number>();
  #total = 0;
  #isFull = false;

  readonly add = (value: Value, count: number): void => {
    this.#total += count;
    const known = this.#counts.get(value);
    if (known === undefined && this.#counts.size === VALUES_MAX) this.#isFull = true;
    else this.#counts.set(value, (known ?? 0) + count);
  };

  answer(limit: number): Pick<ValuesAnswer, "values" | "count" | "more"> {
    const sorted = [...this.#counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (String(a.value) < String(b.value) ? -1 : 1));
    return { values: sorted.slice(0, limit), count: this.#total, more: this.#isFull || sorted.length > limit };
  }
}

/** How many records of the scope have each field. */
export function* listFields(context: ScanContext, scope: Scope): Steps<FieldsAnswer> {
  const counts = new Map<string, number>();
  const add = (name: string, count: number) => {
    if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
  };
  const coverage = new Coverage();
  yield* scanBlocks(context, scope, coverage, (opened) => {
    const matches = opened.matches();
    if (matches === "none") return;
    const noted = matches === "all" ? opened.summary()?.fields : undefined;
    if (noted !== undefined) {
      for (const [name, count] of noted) add(name, count);
      return;
    }
    addFieldsOf(opened.view(), matches, add);
  });
  const fields = [...counts].map(([name, count]) => ({ name, count }));
  fields.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  return { fields, ...coverage.notes() };
}

function addFieldsOf(view: BlockView, matches: Matches, add: (name: string, count: number) => void): void {
  const isWanted = (row: number) => isMatch(matches, row);
  const countRows = (of: ArrayLike<number> = []) => {
    let count = 0;
    for (let index = 0; index < of.length; index++) if (isWanted(of[index] as number)) count++;
    return count;
  };
  const flags = view.flags();
  const { codes } = view.touchpoint();
  const message = view.message();
  const counts = { all: 0, level: 0, status: 0, touchpoint: 0, message: 0 };
  for (let row = 0; row < view.count; row++) {
    if (!isWanted(row)) continue;
    counts.all++;
    if (levelCodeOf(flags[row] as number) > 0) counts.level++;
    if (kindCodeOf(flags[row] as number) > 0) counts.status++;
    if ((codes[row] as number) > 0) counts.touchpoint++;
    if (message.has(row)) counts.message++;
  }
  for (const name of ["apiKey", "kind", "source"]) add(name, counts.all);
  for (const name of ["level", "status", "touchpoint", "message"] as const) add(name, counts[name]);
  add("key", countRows(view.key()?.rows));
  add("startTime", countRows(view.start()?.rows));
  add("endTime", countRows(view.end()?.rows));
  add("duration", countRows(view.duration()?.rows));
  for (const name of view.metadataNames()) add(METADATA + name, countRows(view.metadata(name)?.rows));
  readRest(view, matches, (object) => {
    for (const name of Object.keys(object)) add(METADATA + name, 1);
  });
}
