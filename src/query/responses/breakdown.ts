// What sets the found records apart: for each of their fields the most frequent values, with their share here and their
// share in everything else of the range. A first scan, of what is found, picks fields and values. A second one counts
// these values in what is found and in all, block by block: the counts fit each other, whatever is written meanwhile and
// wherever the time limit ends it. Where it ends the first one, at half of the time, the choice is made of a part.

import type { OpenBlock } from "../../block/open_block.ts";
import type { CountedValue } from "../../block/stats/value_counts.ts";
import {
  BREAKDOWN_FIELDS_MAX,
  BREAKDOWN_NAMES_HELD_MAX,
  BREAKDOWN_TEXTS_LENGTH_MAX,
  BREAKDOWN_VALUES_HELD_MAX,
} from "../../core/limits.ts";
import type { BreakdownField, BreakdownResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { compareTexts } from "../../core/text_order.ts";
import { allOf, type Expression, shareEqualTerms } from "../../search/expression.ts";
import { METADATA_PREFIX, metadataFieldName } from "../../search/fields.ts";
import type { CountedAsk, ReadField } from "../scan/counted.ts";
import { Coverage, type ScanContext, scanRecords } from "../scan/records.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import { addFromValueCounts, type Field, fieldOf, ValueCounter } from "./field_values.ts";
import type { FrequentBounds, WantedTexts } from "./frequent_texts.ts";
import { addLeaves, LeafFields, readLeaves } from "./value_readers.ts";

/** The fields that are always looked at; metadata fields follow. */
const FIXED_FIELDS = ["level", "touchpoint", "apiKey", "source", "keyType", "kind", "status"] as const;

export interface BreakdownOptions {
  /** What is compared with: the scope with another search. */
  readonly base: Scope;
  /** The most values listed of each field. */
  readonly limit: number;
}

export function* breakdownResponse(
  context: ScanContext,
  scope: Scope,
  { base, limit }: BreakdownOptions,
): Steps<BreakdownResponse> {
  const foundScope = { ...scope, search: shareEqualTerms(allOf([base.search, scope.search])) };
  const fixed = [...FIXED_FIELDS, ...(scope.project === undefined ? ["project"] : [])];
  const now = context.clock();
  const halfTime = { ...context, deadline: now + (context.deadline - now) / 2 };
  const chosenFrom = new Coverage();
  const candidates = new Candidates(fixed);
  const addFound = function* (scanned: ScannedBlock): Steps<void> {
    const matches = yield* scanned.matches();
    if (matches === "none") return;
    candidates.addRecords(countOf(matches, scanned.block.records));
    yield* visitValues(scanned, matches, { fixed, heads: undefined }, candidates.add);
    context.memory.setCollected(candidates.bytes);
  };
  yield* scanRecords(halfTime, foundScope, chosenFrom, addFound, candidates.asked(fixed));
  const coverage = new Coverage();
  const counts = new Counts(candidates.frequent(limit));
  const compare = function* (scanned: ScannedBlock): Steps<void> {
    const all = yield* scanned.matches();
    if (all === "none") return;
    // Of what this scan gives, which may be less than the scope.
    const found = narrowed(yield* scanned.within(foundScope)?.matches() ?? noMatches(), all);
    // Counted first, so that nothing is counted of a block that turns out to be damaged.
    const allValues = yield* counts.valuesOf(scanned, all);
    const foundValues = found === all ? allValues : yield* counts.valuesOf(scanned, found);
    counts.add(countOf(all, scanned.block.records), allValues, countOf(found, scanned.block.records), foundValues);
    context.memory.setCollected(candidates.bytes + counts.bytes);
  };
  yield* scanRecords(context, base, coverage, compare, counts.asked(scope.search));
  coverage.stoppedEarly ??= chosenFrom.stoppedEarly;
  const fields = counts.fields(limit);
  return { ...counts.records, more: candidates.names - fields.length, fields, ...coverage.warnings() };
}

/** The found records among those of the scan. */
function narrowed(found: Matches, all: Matches): Matches {
  if (found === "none" || all === "all" || all === "none") return all === "none" ? "none" : found;
  return all.map((match, row) => (match === 1 && isMatch(found, row) ? 1 : 0));
}

// oxlint-disable-next-line require-yield
function* noMatches(): Steps<Matches> {
  return "none";
}

/** Called with a value, and how many records have it. */
type VisitValue = (field: ReadField, value: CountedValue, count: number) => void;

interface ReadFields {
  readonly fixed: readonly string[];
  /** Top-level metadata fields. Undefined: all. */
  readonly heads: ReadonlySet<string> | undefined;
}

/** Visits the values of some fields in the matching records of a block. */
function* visitValues(
  scanned: ScannedBlock,
  matches: Matches,
  { fixed, heads }: ReadFields,
  visit: VisitValue,
): Steps<void> {
  if (matches === "none" || (fixed.length === 0 && heads?.size === 0)) return;
  const block = yield* scanned.open();
  for (const name of fixed) {
    const field = fieldOf(name) as Field;
    const read: ReadField = { name, head: undefined };
    const add = (value: CountedValue, count: number) => visit(read, value, count);
    if (matches !== "all" || !addFromValueCounts(scanned, field, add)) {
      field.read(block, matches, add, scanned.block.project);
    }
    yield undefined;
  }
  for (const head of block.metadataNames()) {
    if (heads?.has(head) === false) continue;
    const counted = matches === "all" ? countedValues(scanned, head) : undefined;
    if (counted !== undefined) {
      const read: ReadField = { name: metadataFieldName(head), head };
      for (const [value, count] of counted) visit(read, value, count);
    } else {
      const leaves = new LeafFields(head);
      readLeaves(head, block, matches, (leaf, value, count) => visit(leaves.field(leaf), value, count));
    }
    yield undefined;
  }
  yield* visitOverflow(block, matches, heads, visit);
}

/** Objects of metadata between two yields. */
const OVERFLOW_STEP = 1_024;

/** Visits the values of the metadata fields that have no column in a block, in one pass: there may be any number. */
function* visitOverflow(
  block: OpenBlock,
  matches: Matches,
  heads: ReadFields["heads"],
  visit: VisitValue,
): Steps<void> {
  const overflow = block.overflowMembers();
  if (overflow === undefined) return;
  const columns = new Set(block.metadataNames());
  const isWanted = Array.from({ length: overflow.nameCount }, (_, code) => {
    const head = overflow.name(code);
    return !columns.has(head) && heads?.has(head) !== false;
  });
  for (let place = 0; place < overflow.rows.length; place++) {
    if (isMatch(matches, overflow.rows[place] as number)) {
      overflow.forEachAt(place, (member, code) => {
        if (isWanted[code] !== true) return;
        const head = overflow.name(code);
        const add = (leaf: string, value: CountedValue, count: number) =>
          visit({ name: metadataFieldName(leaf), head }, value, count);
        addLeaves(head, overflow.value(member), add);
      });
    }
    if (place % OVERFLOW_STEP === 0) yield undefined;
  }
}

/** The value counts of a block that matches as a whole. Undefined where there are none, or a text may be an object's JSON. */
function countedValues(scanned: ScannedBlock, head: string): [CountedValue, number][] | undefined {
  const counted: [CountedValue, number][] = [];
  const field = fieldOf(METADATA_PREFIX + head);
  if (field === undefined || field.metadataName !== head) return undefined;
  const hasCounts = addFromValueCounts(scanned, field, (value, count) => counted.push([value, count]));
  const isPlain = counted.every(([value]) => typeof value !== "string" || !/^[[{]/.test(value));
  return hasCounts && isPlain ? counted : undefined;
}

function countOf(matches: Matches, records: number): number {
  if (matches === "all") return records;
  let count = 0;
  for (let row = 0; row < records; row++) if (isMatch(matches, row)) count++;
  return count;
}

/** Further values of a field that are counted by hash. A power of two. */
const HASHES_MAX = 4_096;

const BOUNDS: FrequentBounds = {
  textsMax: BREAKDOWN_VALUES_HELD_MAX,
  lengthMax: BREAKDOWN_TEXTS_LENGTH_MAX,
  hashesMax: HASHES_MAX,
};

/** Names beyond the bound that are counted. */
const FURTHER_MAX = 10_000;

interface Candidate {
  readonly name: string;
  /** The top-level metadata fields that have its values. */
  readonly heads: Set<string>;
  readonly counter: ValueCounter;
}

/** A field to list, and its values. */
interface Choice {
  readonly name: string;
  readonly heads: ReadonlySet<string>;
  readonly wanted: readonly WantedTexts[];
  /** The same values as a list, where they are known. */
  readonly values: readonly CountedValue[] | undefined;
  /** Different values that are not listed. */
  readonly more: number;
}

/** The fields that the found records have. Of metadata the first names that come are held, so memory is bounded. */
class Candidates {
  #records = 0;
  readonly #fixed: number;
  readonly #all = new Map<string, Candidate>();
  /** Names beyond the bound. */
  readonly #further = new Set<string>();

  constructor(fixed: readonly string[]) {
    this.#fixed = fixed.length;
    for (const name of fixed) this.#all.set(name, newCandidate(name));
  }

  get bytes(): number {
    let sum = 0;
    for (const { counter } of this.#all.values()) sum += counter.bytes;
    return sum;
  }

  /** How many fields the records have. */
  get names(): number {
    return [...this.#all.values()].filter(({ counter }) => counter.total > 0).length + this.#further.size;
  }

  /** Adds matching records. */
  addRecords(count: number): void {
    this.#records += count;
  }

  readonly add: VisitValue = (field, value, count) => this.#counterOf(field)?.add(value, count);

  /** What a store may count by itself. */
  asked(fixed: readonly string[]): CountedAsk {
    return {
      kind: "candidates",
      fixed,
      valuesMax: BREAKDOWN_VALUES_HELD_MAX + HASHES_MAX,
      addRecords: (count) => this.addRecords(count),
      add: this.add,
      addOthers: (field, count, different) => this.#counterOf(field)?.addOthers(count, different),
    };
  }

  /** Undefined past the bound of names. */
  #counterOf({ name, head }: ReadField): ValueCounter | undefined {
    let candidate = this.#all.get(name);
    if (candidate === undefined && this.#all.size - this.#fixed < BREAKDOWN_NAMES_HELD_MAX) {
      candidate = newCandidate(name);
      this.#all.set(name, candidate);
    }
    if (candidate !== undefined && head !== undefined) candidate.heads.add(head);
    else if (candidate === undefined && this.#further.size < FURTHER_MAX) this.#further.add(name);
    return candidate?.counter;
  }

  /** The fields to list: those that the most records have, and in which a value repeats where there are several. */
  frequent(limit: number): Choice[] {
    const tells = ({ counter }: Candidate) => counter.total > 0 && (this.#records < 2 || counter.topCount > 1);
    return [...this.#all.values()]
      .filter(tells)
      .sort((a, b) => b.counter.total - a.counter.total || compareTexts(a.name, b.name))
      .slice(0, BREAKDOWN_FIELDS_MAX)
      .map(({ name, heads, counter }) => {
        const most = counter.mostFrequent(limit);
        const listed = counter.values(most);
        const values = most.wanted === undefined ? listed.map(({ value }) => value) : undefined;
        return { name, heads, wanted: most.wanted ?? wantedOf(listed), values, more: most.more };
      });
  }
}

function newCandidate(name: string): Candidate {
  return { name, heads: new Set(), counter: new ValueCounter(undefined, BOUNDS) };
}

/** Texts, and the JSON of other values, as ValueCounter divides them. */
function wantedOf(values: readonly { readonly value: unknown }[]): readonly WantedTexts[] {
  const texts = values.filter(({ value }) => typeof value === "string").map(({ value }) => value as string);
  const others = values.filter(({ value }) => typeof value !== "string").map(({ value }) => String(value));
  return [new Set(texts), new Set(others)];
}

interface Counted {
  readonly choice: Choice;
  readonly found: ValueCounter;
  readonly all: ValueCounter;
  /** Found records that have the field. */
  total: number;
}

/** By field, what some records of a block have: how many have it, and how many each of the chosen values. */
type BlockValues = Map<string, { total: number; readonly counts: Map<CountedValue, number> }>;

/** The counts of the chosen values, in what is found and in all. */
class Counts {
  readonly #counted: ReadonlyMap<string, Counted>;
  readonly #read: ReadFields;
  #found = 0;
  #all = 0;

  constructor(choices: readonly Choice[]) {
    this.#counted = new Map(
      choices.map((choice) => {
        const counter = () => new ValueCounter(choice.wanted, BOUNDS);
        return [choice.name, { choice, found: counter(), all: counter(), total: 0 }];
      }),
    );
    this.#read = {
      fixed: choices.map(({ name }) => name).filter((name) => !name.startsWith(METADATA_PREFIX)),
      heads: new Set(choices.flatMap(({ heads }) => [...heads])),
    };
  }

  get bytes(): number {
    let sum = 0;
    for (const { found, all } of this.#counted.values()) sum += found.bytes + all.bytes;
    return sum;
  }

  get records(): { readonly found: number; readonly others: number } {
    return { found: this.#found, others: this.#all - this.#found };
  }

  /** Counts the chosen values in some records of a block. */
  *valuesOf(scanned: ScannedBlock, matches: Matches): Steps<BlockValues> {
    const values: BlockValues = new Map();
    yield* visitValues(scanned, matches, this.#read, (field, value, count) => this.#note(values, field, value, count));
    return values;
  }

  /** What a store may count by itself. @param found what the found records match beside the scope */
  asked(found: Expression): CountedAsk {
    const [all, own]: [BlockValues, BlockValues] = [new Map(), new Map()];
    return {
      kind: "compared",
      found,
      fixed: this.#read.fixed,
      heads: this.#read.heads ?? new Set(),
      values: [...this.#counted.values()].map(({ choice }) => choice),
      add: (field, value, count, foundCount) => {
        this.#note(all, field, value, count);
        if (foundCount > 0) this.#note(own, field, value, foundCount);
      },
      end: (count, foundCount) => this.add(count, all, foundCount, own),
    };
  }

  /** @param value undefined: one that is not chosen */
  #note(values: BlockValues, { name }: ReadField, value: CountedValue | undefined, count: number): void {
    const counted = this.#counted.get(name);
    if (counted === undefined) return;
    let own = values.get(name);
    if (own === undefined) values.set(name, (own = { total: 0, counts: new Map() }));
    own.total += count;
    if (value !== undefined && counted.all.wants(value)) own.counts.set(value, (own.counts.get(value) ?? 0) + count);
  }

  /** Adds a block: its records, and those of them that are found. */
  add(all: number, allValues: BlockValues, found: number, foundValues: BlockValues): void {
    this.#all += all;
    this.#found += found;
    for (const [name, counted] of this.#counted) {
      for (const [value, count] of allValues.get(name)?.counts ?? []) counted.all.add(value, count);
      const own = foundValues.get(name);
      counted.total += own?.total ?? 0;
      for (const [value, count] of own?.counts ?? []) counted.found.add(value, count);
    }
  }

  /** By the largest difference of a value, and so are the values of each. */
  fields(limit: number): BreakdownField[] {
    const { found, others } = this.records;
    const fields = [...this.#counted.values()].map((counted): BreakdownField => {
      const { name, more } = counted.choice;
      const everywhere = new Map(counted.all.all().map(({ value, count }) => [value, count]));
      const shown = counted.found.all().slice(0, limit);
      const values = shown.map(({ value, count }) => {
        const otherCount = (everywhere.get(value) ?? 0) - count;
        return { value, count, share: shareOf(count, found), otherCount, otherShare: shareOf(otherCount, others) };
      });
      values.sort(
        (a, b) =>
          differenceOf(b) - differenceOf(a) || b.count - a.count || compareTexts(String(a.value), String(b.value)),
      );
      return { field: name, count: counted.total, more, values };
    });
    const mostOf = ({ values }: BreakdownField) => differenceOf(values[0]);
    return fields
      .filter(({ values }) => values.length > 0)
      .sort((a, b) => mostOf(b) - mostOf(a) || compareTexts(a.field, b.field));
  }
}

function shareOf(count: number, total: number): number {
  return total === 0 ? 0 : count / total;
}

function differenceOf(value: { readonly share: number; readonly otherShare: number } | undefined): number {
  return value === undefined ? 0 : value.share - value.otherShare;
}
