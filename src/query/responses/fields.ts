// Which fields the records of a scope have, and which values a field has, by how often. Names are those of the search language, so each
// can be pasted into a search. A merged block that lies inside and matches as a whole is answered by its notes, where it has them.

import {
  COUNTED_FLAGS_MAX,
  countedFlags,
  keyTypeCodeIn,
  keyTypeOfCode,
  kindCodeOf,
  kindOf,
  levelCodeOf,
  levelOf,
  sourceOf,
} from "../../block/codec/flags.ts";
import { cutBeginning } from "../../block/codec/text_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import type { CountedValue } from "../../block/stats/value_counts.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { FieldsResponse, ValuesResponse } from "../../core/responses.ts";
import { METADATA_PREFIX, metadataFieldName, unquote } from "../../search/fields.ts";
import { splitsOf } from "../match/metadata_path.ts";
import {
  FIELDS_LISTED_MAX,
  NAME_LENGTH_MAX,
  NAMES_KEPT_MAX,
  VALUE_TEXTS_LENGTH_MAX,
  VALUES_KEPT_MAX,
} from "../scan/limits.ts";
import { Coverage, type ScanContext, type Steps, scanBlocks } from "../scan/scan.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import { beginningOf, COLUMN_FIELDS, type FoundValue, metadataReader, type ReadValues } from "./field_readers.ts";
import { FrequentTexts, type MostFrequent, mostFrequent, type WantedTexts } from "./frequent_texts.ts";
import { readNested } from "./nested_values.ts";
import { compareTexts } from "./text_order.ts";

/** Fields whose values counted flags tell, so that notes can count them. */
const FLAG_FIELDS: Readonly<Record<string, (flags: number) => CountedValue | undefined>> = {
  kind: (flags) => (kindCodeOf(flags) === 0 ? "log" : "timing"),
  level: levelOf,
  source: sourceOf,
  keyType: (flags) => keyTypeOfCode(keyTypeCodeIn(flags)),
  status: (flags) => (kindCodeOf(flags) === 0 ? undefined : kindOf(flags)),
};

/** The values of a field in the scope, most frequent first. */
export function* listValues(
  context: ScanContext,
  scope: Scope,
  field: string,
  limit: number,
): Steps<ValuesResponse | QueryRefusal> {
  const flagValue = Object.hasOwn(FLAG_FIELDS, field) ? FLAG_FIELDS[field] : undefined;
  const name = metadataNameOf(field);
  const read = Object.hasOwn(COLUMN_FIELDS, field)
    ? COLUMN_FIELDS[field]
    : name !== undefined
      ? readerOf(name)
      : undefined;
  if (flagValue === undefined && read === undefined) {
    const known = [...Object.keys(FLAG_FIELDS), ...Object.keys(COLUMN_FIELDS), `${METADATA_PREFIX}<name>`];
    const hint = field.startsWith(METADATA_PREFIX)
      ? `; a name that is empty or has quotes in it is quoted: ${METADATA_PREFIX}""`
      : "";
    return { code: "unknown_field", message: `there is no field "${field}"; there are: ${known.join(", ")}${hint}` };
  }
  const coverage = new Coverage();
  const pass = (counts: ValueCounts) =>
    scanBlocks(context, scope, coverage, function* (opened) {
      if (!addCellValues(opened, field, flagValue, counts.add)) {
        const matches = yield* opened.matches();
        if (matches !== "none" && !(matches === "all" && addNotedValues(opened, field, name, counts.add))) {
          // A block that turns out to be damaged is left out as a whole.
          const values: [CountedValue, number][] = [];
          const found: FoundValue = (value, count) => values.push([value, count]);
          if (read !== undefined) read(yield* opened.view(), matches, found, opened.block.project);
          else if (flagValue !== undefined) readFlags(yield* opened.view(), matches, flagValue, found);
          for (const [value, count] of values) counts.add(value, count);
        }
      }
      context.memory.setCollected(counts.bytes);
    });
  const counts = new ValueCounts();
  yield* pass(counts);
  const { total } = counts;
  const first = counts.mostFrequent(limit);
  let values = counts.values(first);
  if (first.wanted !== undefined) {
    const second = new ValueCounts(first.wanted);
    yield* pass(second);
    values = second.values(second.mostFrequent(limit));
  }
  return { field, values, count: total, more: first.more > 0, ...coverage.gaps() };
}

/** Of a field that is written as a search writes it, or as it is behind "metadata.", the name in the metadata; undefined for any other. */
function metadataNameOf(field: string): string | undefined {
  if (!field.startsWith(METADATA_PREFIX)) return undefined;
  const written = field.slice(METADATA_PREFIX.length);
  return written.startsWith('"') ? unquote(written) : written || undefined;
}

function readerOf(name: string): ReadValues {
  if (!name.includes(".")) return metadataReader(name);
  return (view, matches, found) => readNested(name, view, matches, found);
}

/** A field by its name in summaries, as a search writes it. */
function writtenField(name: string): string {
  return name.startsWith(METADATA_PREFIX) ? metadataFieldName(name.slice(METADATA_PREFIX.length)) : name;
}

function readFlags(
  view: OpenBlock,
  matches: Matches,
  valueOf: (flags: number) => CountedValue | undefined,
  found: FoundValue,
): void {
  const flags = view.flags();
  const keyTypes = view.keyType();
  const counts = new Float64Array(COUNTED_FLAGS_MAX);
  for (let row = 0; row < view.count; row++) {
    if (isMatch(matches, row)) (counts[countedFlags(flags[row] as number, keyTypes[row] as number)] as number)++;
  }
  counts.forEach((count, code) => {
    const value = count === 0 ? undefined : valueOf(code);
    if (value !== undefined) found(value, count);
  });
}

/** Counts by the cells of a block that lies inside; false where they do not decide. */
function addCellValues(
  opened: ScannedBlock,
  field: string,
  flagValue: ((flags: number) => CountedValue | undefined) | undefined,
  found: FoundValue,
): boolean {
  if (!opened.isInside || (flagValue === undefined && field !== "touchpoint")) return false;
  const summary = opened.statistics();
  if (summary === undefined) return false;
  const { cells } = summary;
  const verdicts = opened.cellMatches(summary);
  if (verdicts.includes(undefined)) return false;
  cells.forEach(({ touchpoint, flags, count }, index) => {
    const value = flagValue === undefined ? touchpoint : flagValue(flags);
    if (verdicts[index] === true && value !== undefined) found(value, count);
  });
  return true;
}

/** Counts by the values noted of a block that matches as a whole; false where the field's are not. */
function addNotedValues(opened: ScannedBlock, field: string, name: string | undefined, found: FoundValue): boolean {
  const summary = opened.statistics();
  const noted = name === undefined ? field : METADATA_PREFIX + name;
  const heads = splitsOf(name ?? "").map(([head]) => METADATA_PREFIX + head);
  if (heads.some((head) => summary?.fields?.has(head) !== false)) return false;
  const values = summary?.values.get(noted);
  // Texts that begin alike are one value from here on.
  values?.forEach((value, count) => {
    found(typeof value === "string" ? beginningOf(value) : value, count);
  });
  return values !== undefined || (summary?.fields !== undefined && !summary.fields.has(noted));
}

/** Values by how often they come: texts, and all others as they are written. */
class ValueCounts {
  readonly #texts: FrequentTexts;
  readonly #others: FrequentTexts;
  #total = 0;

  /** With `wanted`, others are passed over. */
  constructor(wanted?: readonly WantedTexts[]) {
    const bounds = { textsMax: VALUES_KEPT_MAX, lengthMax: VALUE_TEXTS_LENGTH_MAX };
    this.#texts = new FrequentTexts(bounds, wanted?.[0]);
    this.#others = new FrequentTexts(bounds, wanted?.[1]);
  }

  get bytes(): number {
    return this.#texts.bytes + this.#others.bytes;
  }

  /** Records that have the field. */
  get total(): number {
    return this.#total;
  }

  readonly add = (value: CountedValue, count: number): void => {
    this.#total += count;
    if (typeof value === "string") this.#texts.add(value, count);
    // −0 is 0.
    else this.#others.add(String(value), count);
  };

  mostFrequent(max: number): MostFrequent {
    return mostFrequent([this.#texts, this.#others], max);
  }

  values({ numbers: [texts = [], others = []] }: MostFrequent): ValuesResponse["values"] {
    const values = [
      ...texts.map((number) => ({
        value: this.#texts.text(number) as CountedValue,
        count: this.#texts.countOf(number),
      })),
      ...others.map((number) => ({
        value: JSON.parse(this.#others.text(number)) as CountedValue,
        count: this.#others.countOf(number),
      })),
    ];
    return values.sort((a, b) => b.count - a.count || compareValues(a.value, b.value));
  }
}

/** By their texts, then by their types: 1 and "1" differ. */
function compareValues(a: CountedValue, b: CountedValue): number {
  return compareTexts(String(a), String(b)) || compareTexts(typeof a, typeof b);
}

/** How many records of the scope have each field. */
export function* listFields(context: ScanContext, scope: Scope): Steps<FieldsResponse> {
  const coverage = new Coverage();
  const pass = (counts: FrequentTexts) =>
    scanBlocks(context, scope, coverage, function* (opened) {
      const add = (name: string, count: number) => {
        if (count > 0) counts.add(cutBeginning(name, NAME_LENGTH_MAX), count);
      };
      const matches = yield* opened.matches();
      const noted = matches === "all" ? opened.statistics()?.fields : undefined;
      if (noted !== undefined) for (const [name, count] of noted) add(name, count);
      else if (matches !== "none") addFieldsOf(yield* opened.view(), matches, add);
      context.memory.setCollected(counts.bytes);
    });
  const bounds = { textsMax: NAMES_KEPT_MAX, lengthMax: NAMES_KEPT_MAX * NAME_LENGTH_MAX };
  let counts = new FrequentTexts(bounds);
  yield* pass(counts);
  let frequent = mostFrequent([counts], FIELDS_LISTED_MAX);
  const { more } = frequent;
  if (frequent.wanted !== undefined) {
    counts = new FrequentTexts(bounds, frequent.wanted[0]);
    yield* pass(counts);
    frequent = mostFrequent([counts], FIELDS_LISTED_MAX);
  }
  const fields = (frequent.numbers[0] ?? []).map((number) => ({
    name: writtenField(counts.text(number)),
    count: counts.countOf(number),
  }));
  fields.sort((a, b) => b.count - a.count || compareTexts(a.name, b.name));
  return { more, fields, ...coverage.gaps() };
}

/** A block that turns out to be damaged is left out as a whole. */
function addFieldsOf(view: OpenBlock, matches: Matches, add: (name: string, count: number) => void): void {
  const isWanted = (row: number) => isMatch(matches, row);
  const found = countColumns(view, isWanted);
  const rest = view.overflowMembers();
  for (const [name, count] of found) add(name, count);
  rest?.countNames(isWanted).forEach((count, code) => {
    if (count > 0) add(METADATA_PREFIX + rest.name(code), count);
  });
}

function countColumns(view: OpenBlock, isWanted: (row: number) => boolean): [name: string, count: number][] {
  const found: [string, number][] = [];
  const add = (name: string, count: number) => found.push([name, count]);
  const countRows = (of: ArrayLike<number> = []) => {
    let count = 0;
    for (let index = 0; index < of.length; index++) if (isWanted(of[index] as number)) count++;
    return count;
  };
  const flags = view.flags();
  const keyTypes = view.keyType();
  const { codes } = view.touchpoint();
  const message = view.message();
  const counts = { all: 0, keyType: 0, level: 0, status: 0, touchpoint: 0, message: 0 };
  for (let row = 0; row < view.count; row++) {
    if (!isWanted(row)) continue;
    counts.all++;
    if ((keyTypes[row] as number) > 0) counts.keyType++;
    if (levelCodeOf(flags[row] as number) > 0) counts.level++;
    if (kindCodeOf(flags[row] as number) > 0) counts.status++;
    if ((codes[row] as number) > 0) counts.touchpoint++;
    if (message.has(row)) counts.message++;
  }
  for (const name of ["apiKey", "kind", "source"]) add(name, counts.all);
  for (const name of ["keyType", "level", "status", "touchpoint", "message"] as const) add(name, counts[name]);
  add("key", countRows(view.key()?.rows));
  add("startTime", countRows(view.start()?.rows));
  add("endTime", countRows(view.end()?.rows));
  add("duration", countRows(view.duration()?.rows));
  for (const name of view.metadataNames()) add(METADATA_PREFIX + name, countRows(view.metadata(name)?.rows));
  return found;
}
