// The values of one field in the records of a scope, by how many records have them. A merged block is answered from its
// statistics where these decide.

import type { CountedValue } from "../../block/stats/value_counts.ts";
import { VALUE_TEXTS_LENGTH_MAX, VALUES_HELD_MAX } from "../../core/limits.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { ValuesResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { compareTexts } from "../../core/text_order.ts";
import { METADATA_PREFIX, unquote } from "../../search/fields.ts";
import { splitName } from "../match/metadata_path.ts";
import type { CountedAsk } from "../scan/counted.ts";
import { Coverage, type ScanContext, scanRecords, scopeProjects } from "../scan/records.ts";
import type { ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import {
  type FrequentBounds,
  FrequentTexts,
  type MostFrequent,
  mostFrequent,
  type WantedTexts,
} from "./frequent_texts.ts";
import {
  type AddValue,
  beginningOf,
  COLUMN_READERS,
  FLAG_FIELDS,
  type FlagValue,
  flagsReader,
  metadataReader,
  type ReadValues,
} from "./value_readers.ts";

/** How the values of a field are found. */
export interface Field {
  /** Its name in block statistics. */
  readonly counted: string;
  /** Set for a metadata field. */
  readonly metadataName?: string;
  /** Set for a field that counted flags decide. */
  readonly flagValue?: FlagValue;
  readonly read: ReadValues;
}

/** Values of blocks that were read before, by whoever may keep them. */
export interface KeptBlockValues {
  findValues(scanned: ScannedBlock): readonly (readonly [CountedValue, number])[] | undefined;
  keepValues(scanned: ScannedBlock, values: readonly (readonly [CountedValue, number])[]): void;
}

export interface ValuesRequest {
  /** A name of the search language; the name after "metadata." may be unquoted. */
  readonly field: string;
  /** The most values listed. */
  readonly limit: number;
  /** Whether equal values of two projects are counted apart. */
  readonly byProject?: boolean;
}

/** The most frequent values of a field. */
export function* valuesResponse(
  context: ScanContext,
  scope: Scope,
  { field, limit, byProject = false }: ValuesRequest,
  kept?: KeptBlockValues,
): Steps<ValuesResponse | QueryRefusal> {
  const found = fieldOf(field);
  if (found === undefined) return unknownField(field);
  const coverage = new Coverage();
  if (!byProject) {
    const { values, count, more } = yield* frequentValues(context, scope, found, limit, coverage, kept);
    return { field, values, count, more, ...coverage.warnings() };
  }
  let values: ValuesResponse["values"] = [];
  let count = 0;
  let more = false;
  for (const project of yield* scopeProjects(context, scope)) {
    const one = yield* frequentValues(context, { ...scope, project }, found, limit, coverage);
    const all = [...values, ...one.values.map((value) => ({ ...value, project }))].sort((a, b) => b.count - a.count);
    values = all.slice(0, limit);
    count += one.count;
    more ||= one.more || all.length > limit;
  }
  return { field, values, count, more, ...coverage.warnings() };
}

function* frequentValues(
  context: ScanContext,
  scope: Scope,
  found: Field,
  limit: number,
  coverage: Coverage,
  kept?: KeptBlockValues,
): Steps<Pick<ValuesResponse, "values" | "count" | "more">> {
  const scan = (counts: ValueCounter, most: number) => {
    const counted: CountedAsk = {
      kind: "values",
      field: found.counted,
      limit: most,
      known: () => counts.all().map(({ value }) => value),
      add: counts.add,
      addOthers: counts.addOthers,
    };
    const visit = function* (scanned: ScannedBlock): Steps<void> {
      const known = kept?.findValues(scanned);
      // Collected first, so that nothing is counted of a block that turns out to be damaged.
      const values = known ?? (yield* valuesOf(scanned, found));
      for (const [value, count] of values) counts.add(value, count);
      if (known === undefined) kept?.keepValues(scanned, values);
      context.memory.setCollected(counts.bytes);
    };
    return scanRecords(context, scope, coverage, visit, counted);
  };
  const counts = new ValueCounter();
  yield* scan(counts, limit);
  const { total } = counts;
  const first = counts.mostFrequent(limit);
  let values = counts.values(first);
  if (first.wanted !== undefined) {
    const second = new ValueCounter(first.wanted);
    yield* scan(second, Number.POSITIVE_INFINITY);
    values = second.values(second.mostFrequent(limit));
  }
  return { values, count: total, more: first.more > 0 };
}

/** The values of one block. */
function* valuesOf(scanned: ScannedBlock, found: Field): Steps<[CountedValue, number][]> {
  const values: [CountedValue, number][] = [];
  const collect: AddValue = (value, count) => values.push([value, count]);
  if (addFromCells(scanned, found, collect)) return values;
  const matches = yield* scanned.matches();
  if (matches === "none" || (matches === "all" && addFromValueCounts(scanned, found, collect))) return values;
  found.read(yield* scanned.open(), matches, collect, scanned.block.project);
  return values;
}

/** How the values of a field are found; undefined for a name that is none. */
export function fieldOf(field: string): Field | undefined {
  const flagValue = Object.hasOwn(FLAG_FIELDS, field) ? FLAG_FIELDS[field] : undefined;
  if (flagValue !== undefined) return { counted: field, flagValue, read: flagsReader(flagValue) };
  const read = Object.hasOwn(COLUMN_READERS, field) ? COLUMN_READERS[field] : undefined;
  if (read !== undefined) return { counted: field, read };
  const metadataName = metadataNameOf(field);
  if (metadataName === undefined) return undefined;
  return { counted: METADATA_PREFIX + metadataName, metadataName, read: metadataReader(metadataName) };
}

function metadataNameOf(field: string): string | undefined {
  if (!field.startsWith(METADATA_PREFIX)) return undefined;
  const written = field.slice(METADATA_PREFIX.length);
  return written.startsWith('"') ? unquote(written) : written || undefined;
}

function unknownField(field: string): QueryRefusal {
  const known = [...Object.keys(FLAG_FIELDS), ...Object.keys(COLUMN_READERS), `${METADATA_PREFIX}<name>`];
  const hint = field.startsWith(METADATA_PREFIX)
    ? `; a name that is empty or has quotes in it is quoted: ${METADATA_PREFIX}""`
    : "";
  return { code: "unknown_field", message: `there is no field "${field}"; there are: ${known.join(", ")}${hint}` };
}

/** Counts by the cells of the statistics; false, and nothing counted, where they do not decide. */
function addFromCells(scanned: ScannedBlock, { counted, flagValue }: Field, add: AddValue): boolean {
  if (!scanned.isInside || (flagValue === undefined && counted !== "touchpoint")) return false;
  const statistics = scanned.statistics();
  if (statistics === undefined) return false;
  const matches = scanned.cellMatches(statistics);
  if (matches.includes(undefined)) return false;
  statistics.cells.forEach(({ touchpoint, flags, count }, index) => {
    const value = flagValue === undefined ? touchpoint : flagValue(flags);
    if (matches[index] === true && value !== undefined) add(value, count);
  });
  return true;
}

/** Fields that every record has, which block statistics do not list. */
const UNLISTED_FIELDS: ReadonlySet<string> = new Set(["project", "id", "time", "receivedAt"]);

/**
 * Counts by the value counts of a block that matches as a whole; false, and nothing counted, where the field has none.
 */
export function addFromValueCounts(scanned: ScannedBlock, { counted, metadataName }: Field, add: AddValue): boolean {
  if (UNLISTED_FIELDS.has(counted)) return false;
  const statistics = scanned.statistics();
  // A dotted name also means a member of an object, which is not counted.
  const heads = splitName(metadataName ?? "").map(([head]) => METADATA_PREFIX + head);
  if (heads.some((head) => statistics?.fields?.has(head) !== false)) return false;
  const values = statistics?.values.get(counted);
  values?.forEach((value, count) => {
    add(typeof value === "string" ? beginningOf(value) : value, count);
  });
  return values !== undefined || (statistics?.fields !== undefined && !statistics.fields.has(counted));
}

/** Counts values: texts, and all others by their JSON. */
export class ValueCounter {
  readonly #texts: FrequentTexts;
  readonly #others: FrequentTexts;
  #total = 0;
  /** Values that are not held. */
  #left = 0;

  /** @param wanted the only values to count; undefined: all. */
  constructor(
    wanted?: readonly WantedTexts[],
    bounds: FrequentBounds = { textsMax: VALUES_HELD_MAX, lengthMax: VALUE_TEXTS_LENGTH_MAX },
  ) {
    this.#texts = new FrequentTexts(bounds, wanted?.[0]);
    this.#others = new FrequentTexts(bounds, wanted?.[1]);
  }

  get bytes(): number {
    return this.#texts.bytes + this.#others.bytes;
  }

  /** The sum of all counts. */
  get total(): number {
    return this.#total;
  }

  /** How many different values there are; an estimate where they were too many to tell. */
  get distinct(): number {
    return this.#texts.distinct + this.#others.distinct;
  }

  /** The highest count of a value. */
  get topCount(): number {
    let most = 0;
    for (const texts of [this.#texts, this.#others]) {
      for (let number = 0; number < texts.size; number++) most = Math.max(most, texts.countOf(number));
      texts.further?.forEachCount((count) => {
        most = Math.max(most, count);
      });
    }
    return most;
  }

  /** Whether the value is counted at all. */
  wants(value: CountedValue): boolean {
    return typeof value === "string" ? this.#texts.wants(value) : this.#others.wants(String(value));
  }

  /** The held values, most frequent first. */
  all(): ValuesResponse["values"] {
    const numbersOf = (texts: FrequentTexts) => Array.from({ length: texts.size }, (_, number) => number);
    return this.values({ numbers: [numbersOf(this.#texts), numbersOf(this.#others)], more: 0, wanted: undefined });
  }

  readonly add = (value: CountedValue, count: number): void => {
    this.#total += count;
    if (typeof value === "string") this.#texts.add(value, count);
    // String makes −0 the same as 0.
    else this.#others.add(String(value), count);
  };

  /** Counts records with `different` values that are not held, none of which is among the most frequent. */
  readonly addOthers = (count: number, different: number): void => {
    this.#total += count;
    this.#left += different;
  };

  mostFrequent(max: number): MostFrequent {
    const most = mostFrequent([this.#texts, this.#others], max);
    return { ...most, more: most.more + this.#left };
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
