// What sets the found records apart: for each of their fields the most frequent values, with their share here and their
// share in everything else of the range. Two scans: one of what is found, which picks fields and values; one of the
// whole range, which counts these values. The rest is the difference.

import {
  BREAKDOWN_FIELDS_MAX,
  BREAKDOWN_NAMES_HELD_MAX,
  BREAKDOWN_TEXTS_LENGTH_MAX,
  BREAKDOWN_VALUES_HELD_MAX,
} from "../../core/limits.ts";
import type { BreakdownField, BreakdownResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { metadataFieldName } from "../../search/fields.ts";
import { Coverage, type ScanContext, scanBlocks } from "../scan/scan.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import { addFromValueCounts, type Field, fieldOf, ValueCounter } from "./field_values.ts";
import type { WantedTexts } from "./frequent_texts.ts";
import { compareTexts } from "./text_order.ts";
import type { AddValue } from "./value_readers.ts";

/** The fields that are always looked at; metadata fields follow. */
const FIXED_FIELDS = ["level", "touchpoint", "apiKey", "source", "keyType", "kind", "status"] as const;

/** A field, and what is counted of it. */
interface CountedField {
  readonly name: string;
  readonly field: Field;
  readonly counter: ValueCounter;
}

/** @param limit the most values listed of each field. */
export function* breakdownResponse(context: ScanContext, scope: Scope, limit: number): Steps<BreakdownResponse> {
  const coverage = new Coverage();
  const found = new FoundFields(scope.project === undefined);
  yield* scanFields(context, scope, coverage, found);
  const picked = found.frequent();
  const listed = picked.map(({ name, counter }) => ({ name, counter, values: counter.top(limit) }));
  const all = new WantedFields(listed.map(({ name, values }) => countedField(name, wantedOf(values))));
  const rangeCoverage = new Coverage();
  yield* scanFields(context, { ...scope, search: { kind: "all" } }, rangeCoverage, all, found.bytes);
  // The range has the damaged blocks that the found records have, and others.
  coverage.damagedBlocks = Math.max(coverage.damagedBlocks, rangeCoverage.damagedBlocks);
  coverage.stoppedEarly ??= rangeCoverage.stoppedEarly;
  const others = Math.max(0, all.records - found.records);
  const fields = listed.map(({ name, counter, values }, index): BreakdownField => {
    const everywhere = new Map(
      (all.fields[index] as CountedField).counter.all().map(({ value, count }) => [value, count]),
    );
    const shown = values.map(({ value, count }) => {
      const otherCount = Math.max(0, (everywhere.get(value) ?? 0) - count);
      return {
        value,
        count,
        share: shareOf(count, found.records),
        otherCount,
        otherShare: shareOf(otherCount, others),
      };
    });
    shown.sort(
      (a, b) =>
        differenceOf(b) - differenceOf(a) || b.count - a.count || compareTexts(String(a.value), String(b.value)),
    );
    return { field: name, count: counter.total, more: counter.distinct - values.length, values: shown };
  });
  const mostOf = ({ values }: BreakdownField) => differenceOf(values[0]);
  fields.sort((a, b) => mostOf(b) - mostOf(a) || compareTexts(a.field, b.field));
  return { found: found.records, others, more: found.names - fields.length, fields, ...coverage.warnings() };
}

function shareOf(count: number, total: number): number {
  return total === 0 ? 0 : count / total;
}

function differenceOf(value: { readonly share: number; readonly otherShare: number } | undefined): number {
  return value === undefined ? 0 : value.share - value.otherShare;
}

function countedField(name: string, wanted?: readonly WantedTexts[]): CountedField {
  const bounds = { textsMax: BREAKDOWN_VALUES_HELD_MAX, lengthMax: BREAKDOWN_TEXTS_LENGTH_MAX, hashesMax: HASHES_MAX };
  return { name, field: fieldOf(name) as Field, counter: new ValueCounter(wanted, bounds) };
}

/** Further values of a field that are counted by hash, to know how many there are. A power of two. */
const HASHES_MAX = 4_096;

/** Texts, and the JSON of other values, as ValueCounter divides them. */
function wantedOf(values: readonly { readonly value: unknown }[]): readonly WantedTexts[] {
  const texts = values.filter(({ value }) => typeof value === "string").map(({ value }) => value as string);
  const others = values.filter(({ value }) => typeof value !== "string").map(({ value }) => String(value));
  return [new Set(texts), new Set(others)];
}

/** What a scan counts. */
interface FieldSink {
  /** Records that matched. */
  records: number;
  /** The fields to count in a block. */
  fieldsOf(scanned: ScannedBlock, metadataNames: readonly string[]): readonly CountedField[];
  readonly bytes: number;
}

/** Counts each field of the matching records. Of a damaged block nothing is counted: its values are collected first. */
function* scanFields(
  context: ScanContext,
  scope: Scope,
  coverage: Coverage,
  sink: FieldSink,
  heldBytes = 0,
): Steps<void> {
  yield* scanBlocks(context, scope, coverage, function* (scanned) {
    const matches = yield* scanned.matches();
    if (matches === "none") return;
    const block = yield* scanned.open();
    const collected: [ValueCounter, Parameters<AddValue>[0], number][] = [];
    for (const { field, counter } of sink.fieldsOf(scanned, block.metadataNames())) {
      const add: AddValue = (value, count) => {
        if (counter.wants(value)) collected.push([counter, value, count]);
      };
      if (matches !== "all" || !addFromValueCounts(scanned, field, add)) {
        field.read(block, matches, add, scanned.block.project);
      }
      yield undefined;
    }
    sink.records += countOf(matches, block.count);
    for (const [counter, value, count] of collected) counter.add(value, count);
    context.memory.setCollected(heldBytes + sink.bytes);
  });
}

function countOf(matches: Matches, records: number): number {
  if (matches === "all") return records;
  let count = 0;
  for (let row = 0; row < records; row++) if (isMatch(matches, row)) count++;
  return count;
}

/** The fields that the found records have. Of metadata the first names that come are held, so memory is bounded. */
class FoundFields implements FieldSink {
  records = 0;
  readonly #fixed: readonly CountedField[];
  readonly #metadata = new Map<string, CountedField>();
  /** Names beyond the bound; each block's are counted, those of two blocks twice. */
  #further = 0;

  constructor(hasProjects: boolean) {
    this.#fixed = [...FIXED_FIELDS, ...(hasProjects ? ["project"] : [])].map((name) => countedField(name));
  }

  get bytes(): number {
    return this.#all().reduce((sum, { counter }) => sum + counter.bytes, 0);
  }

  /** How many fields the records have. */
  get names(): number {
    return this.#all().filter(({ counter }) => counter.total > 0).length + this.#further;
  }

  fieldsOf(_scanned: ScannedBlock, metadataNames: readonly string[]): readonly CountedField[] {
    const fields = [...this.#fixed];
    let further = 0;
    for (const name of metadataNames) {
      const searched = metadataFieldName(name);
      let field = this.#metadata.get(searched);
      if (field === undefined && this.#metadata.size < BREAKDOWN_NAMES_HELD_MAX) {
        field = countedField(searched);
        this.#metadata.set(searched, field);
      }
      if (field === undefined) further++;
      else fields.push(field);
    }
    this.#further = Math.max(this.#further, further);
    return fields;
  }

  /** The fields to list: those that the most records have, and in which a value repeats where there are several. */
  frequent(): CountedField[] {
    const tells = ({ counter }: CountedField) => counter.total > 0 && (this.records < 2 || counter.topCount > 1);
    return this.#all()
      .filter(tells)
      .sort((a, b) => b.counter.total - a.counter.total || compareTexts(a.name, b.name))
      .slice(0, BREAKDOWN_FIELDS_MAX);
  }

  #all(): CountedField[] {
    return [...this.#fixed, ...this.#metadata.values()];
  }
}

/** Some fields, whatever a block has. */
class WantedFields implements FieldSink {
  records = 0;
  readonly fields: readonly CountedField[];

  constructor(fields: readonly CountedField[]) {
    this.fields = fields;
  }

  get bytes(): number {
    return this.fields.reduce((sum, { counter }) => sum + counter.bytes, 0);
  }

  fieldsOf(): readonly CountedField[] {
    return this.fields;
  }
}
