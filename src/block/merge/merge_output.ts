// The gathered columns of a merge, each in the order of the merged block's rows, with what is told of them beside their bytes: header,
// summary and text filter.

import { dictionarySizeMax } from "../codec/dictionary.ts";
import { rowsAsTheyLie, sortedRows, sparseOrder } from "../codec/row_order.ts";
import type { SparseColumn } from "../codec/sparse_column.ts";
import { VALUE_TYPE } from "../codec/value_column.ts";
import { addLeaves, FILTER_BITS_LOG2_MAX, type FilterVersion, NgramFilterBuilder } from "../filter/ngram_filter.ts";
import type { TextBuffer, ValueBuffer } from "./column_buffers.ts";
import { type MergeInput, metadataNames, type SparseNumberBuffer } from "./merge_input.ts";
import type { DictionaryCodes, StringArena } from "./string_arena.ts";

/** Texts by code: `codes[row]` is 0 for none, n for text `texts[n - 1]` of the pool. Codes are in the order in which they come. */
export interface ArenaDictionary {
  readonly arena: StringArena;
  readonly texts: readonly number[];
  readonly codes: Uint32Array;
}

/** Gives the texts of rows codes in the order in which they come. */
export function dictionaryInOrder(
  { pool, ...gathered }: { readonly pool: StringArena; readonly texts: Uint32Array },
  { codes, texts }: DictionaryCodes,
  rows: Uint32Array,
): ArenaDictionary {
  const newCodes = new Uint32Array(texts.length + 1);
  const used: number[] = [];
  const coded = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    const code = codes[gathered.texts[rows[row] as number] as number] as number;
    if (code === 0) continue;
    if (newCodes[code] === 0) newCodes[code] = used.push(texts[code - 1] as number);
    coded[row] = newCodes[code] as number;
  }
  return { arena: pool, texts: used, codes: coded };
}

function allCodes({ arena: pool }: TextBuffer): DictionaryCodes {
  const codes = pool.codes(Number.POSITIVE_INFINITY);
  if (codes === undefined) throw new RangeError("texts without a bound have codes");
  return codes;
}

/** How a merge puts rows: sorted, or where they are, to look at a block that is merged already. */
export type RowOrder = "sorted" | "as they lie";

export class MergeOutput {
  readonly input: MergeInput;
  /** For each new row the row that it was, and the other way round. */
  readonly rows: Uint32Array;
  readonly newRows: Uint32Array;
  readonly apiKey: ArenaDictionary;
  readonly touchpoint: ArenaDictionary;
  readonly time: Float64Array;
  readonly flags: Uint8Array;
  readonly keyType: Uint8Array;
  readonly duration: SparseColumn<number>;
  /** Names of the fields that have a column of their own. */
  readonly metadataNames: readonly string[];
  readonly overflow: SparseColumn<string>;

  constructor(blocks: MergeInput, order: RowOrder) {
    const touchpoints = allCodes(blocks.touchpoint);
    this.input = blocks;
    this.rows =
      order === "as they lie"
        ? rowsAsTheyLie(blocks.count)
        : sortedRows(ranksOf(blocks.touchpoint, touchpoints), blocks.time.view(), blocks.id.view());
    this.newRows = new Uint32Array(this.rows.length);
    for (let row = 0; row < this.rows.length; row++) this.newRows[this.rows[row] as number] = row;
    const coded = (column: TextBuffer, codes: DictionaryCodes) =>
      dictionaryInOrder({ pool: column.arena, texts: column.view() }, codes, this.rows);
    this.touchpoint = coded(blocks.touchpoint, touchpoints);
    this.apiKey = coded(blocks.apiKey, allCodes(blocks.apiKey));
    this.time = inOrder(blocks.time.view(), this.rows);
    this.flags = bytesInOrder(blocks.flags.view(), this.rows);
    this.keyType = bytesInOrder(blocks.keyType.view(), this.rows);
    this.duration = this.sparseNumbers(blocks.duration);
    const { kept, moved } = metadataNames(blocks);
    this.metadataNames = kept;
    this.overflow = this.#restWith(moved);
  }

  sparseNumbers({ rows, numbers }: SparseNumberBuffer): SparseColumn<number> {
    const order = sparseOrder(rows.view(), this.newRows);
    return { rows: order.rows, values: inOrder(numbers.view(), order.places) };
  }

  /** Whether messages are no dictionary. */
  hasPlainMessages(): boolean {
    return repeatedTexts(this.input.message) === undefined;
  }

  /** Of all texts, or of all but messages. */
  ngramFilter(withMessages: boolean, version?: FilterVersion): NgramFilterBuilder {
    const { input: blocks } = this;
    const filter = new NgramFilterBuilder(FILTER_BITS_LOG2_MAX, version);
    filter.addEncoded(blocks.touchpoint.arena.encoded(), this.touchpoint.texts);
    if (withMessages) filter.addEncoded(blocks.message.arena.encoded(), repeatedTexts(blocks.message));
    filter.addEncoded(blocks.key.texts.arena.encoded(), undefined);
    for (const name of this.metadataNames) addField(filter, this.field(name));
    filter.addObjects(this.overflow.values);
    return filter;
  }

  field(name: string): ValueBuffer {
    return this.input.metadata.get(name) as ValueBuffer;
  }

  /** The rests of all blocks, and the fields that lose their column: JSON objects by new row. */
  #restWith(moved: readonly string[]): SparseColumn<string> {
    const { rows, texts } = this.input.overflow;
    const members = new Map<number, string[]>();
    const numbers = texts.view();
    rows.view().forEach((row, place) => {
      const inBraces = texts.arena.text(numbers[place] as number).slice(1, -1);
      members.set(this.newRows[row] as number, inBraces === "" ? [] : [inBraces]);
    });
    // As text: objects of so many names would be made only to be written again.
    for (const name of moved) {
      const before = `${JSON.stringify(name)}:`;
      forEachJson(this.field(name), (row, json) => {
        const newRow = this.newRows[row] as number;
        const member = before + json;
        const others = members.get(newRow);
        if (others === undefined) members.set(newRow, [member]);
        else others.push(member);
      });
    }
    const filled = [...members.keys()].sort((a, b) => a - b);
    return { rows: filled, values: filled.map((row) => `{${members.get(row)?.join(",")}}`) };
  }
}

/** Each row's touchpoint by its place in the order of all touchpoints; none is where "" is. */
function ranksOf(column: TextBuffer, { codes, texts }: DictionaryCodes): Uint32Array {
  const names = texts.map((text) => column.arena.text(text));
  const sorted = [...names.keys()].sort((a, b) => ((names[a] as string) < (names[b] as string) ? -1 : 1));
  const ranks = new Uint32Array(names.length + 1);
  sorted.forEach((index, rank) => {
    ranks[index + 1] = names[index] === "" ? 0 : rank + 1;
  });
  const rows = column.view();
  const rankOfRows = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) rankOfRows[row] = ranks[codes[rows[row] as number] as number] as number;
  return rankOfRows;
}

/** Calls `visit` with the JSON of each value and the row that it had. */
function forEachJson({ rows, types, texts, numbers }: ValueBuffer, visit: (row: number, json: string) => void): void {
  const kinds = types.view();
  let [number, text] = [0, 0];
  rows.view().forEach((row, place) => {
    const type = kinds[place];
    if (type === VALUE_TYPE.number) visit(row, JSON.stringify(numbers.view()[number++]));
    else if (type === VALUE_TYPE.string) visit(row, JSON.stringify(texts.arena.text(texts.view()[text++] as number)));
    else if (type === VALUE_TYPE.json) visit(row, texts.arena.text(texts.view()[text++] as number));
    else visit(row, type === VALUE_TYPE.null ? "null" : String(type === VALUE_TYPE.true));
  });
}

/** The different texts of a column that will be a dictionary, or undefined. */
function repeatedTexts(column: TextBuffer): readonly number[] | undefined {
  return column.arena.codes(dictionarySizeMax(column.length))?.texts;
}

function addField(filter: NgramFilterBuilder, field: ValueBuffer): void {
  if (field.areAllStrings) {
    filter.addEncoded(field.texts.arena.encoded(), repeatedTexts(field.texts));
    return;
  }
  const { arena: pool } = field.texts;
  const numbers = field.texts.view();
  const texts: string[] = [];
  let next = 0;
  for (const type of field.types.view()) {
    if (type === VALUE_TYPE.number) continue;
    if (type === VALUE_TYPE.string) texts.push(pool.text(numbers[next++] as number));
    else if (type === VALUE_TYPE.json) addLeaves(pool.text(numbers[next++] as number), texts);
    else texts.push(type === VALUE_TYPE.null ? "null" : String(type === VALUE_TYPE.true));
  }
  filter.addAll(texts);
}

export function inOrder(values: Float64Array, order: Uint32Array): Float64Array {
  const moved = new Float64Array(order.length);
  for (let row = 0; row < moved.length; row++) moved[row] = values[order[row] as number] as number;
  return moved;
}

export function bytesInOrder(values: Uint8Array, order: Uint32Array): Uint8Array {
  const moved = new Uint8Array(order.length);
  for (let row = 0; row < moved.length; row++) moved[row] = values[order[row] as number] as number;
  return moved;
}
