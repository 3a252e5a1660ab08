// The columns of a merge in the order of the merged block's rows, and the n-gram filter of their texts.

import { dictionarySizeMax } from "../codec/dictionary.ts";
import { rowsAsTheyLie, sortedRows, sparseOrder } from "../codec/row_order.ts";
import type { SparseColumn } from "../codec/sparse_column.ts";
import { VALUE_TYPE } from "../codec/value_column.ts";
import { addLeaves, FILTER_BITS_LOG2_MAX, type FilterVersion, NgramFilterBuilder } from "../filter/ngram_filter.ts";
import type { TextBuffer, ValueBuffer } from "./column_buffers.ts";
import { type MergeInput, metadataNames, type SparseNumberBuffer } from "./merge_input.ts";
import type { DictionaryCodes, StringArena } from "./string_arena.ts";

/**
 * Dictionary-encoded texts of an arena: `codes[row]` is 0 for none, n for text `texts[n - 1]`. Codes are in the order
 * of their first rows.
 */
export interface ArenaDictionary {
  readonly arena: StringArena;
  readonly texts: readonly number[];
  readonly codes: Uint32Array;
}

/** Renumbers the codes of texts in the order of their first rows. */
export function dictionaryInOrder(
  { arena, ...column }: { readonly arena: StringArena; readonly texts: Uint32Array },
  { codes, texts }: DictionaryCodes,
  rows: Uint32Array,
): ArenaDictionary {
  const newCodes = new Uint32Array(texts.length + 1);
  const used: number[] = [];
  const coded = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    const code = codes[column.texts[rows[row] as number] as number] as number;
    if (code === 0) continue;
    if (newCodes[code] === 0) newCodes[code] = used.push(texts[code - 1] as number);
    coded[row] = newCodes[code] as number;
  }
  return { arena, texts: used, codes: coded };
}

function allCodes({ arena }: TextBuffer): DictionaryCodes {
  const codes = arena.codes(Number.POSITIVE_INFINITY);
  if (codes === undefined) throw new RangeError("texts without a bound always have codes");
  return codes;
}

/** How a merge orders rows: sorted, or as they lie in its blocks, to look at a block that is merged already. */
export type RowOrder = "sorted" | "as they lie";

/** The rows of the merged block. */
export class MergeOutput {
  readonly input: MergeInput;
  /** For each new row the former one, and the other way round. */
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
      dictionaryInOrder({ arena: column.arena, texts: column.view() }, codes, this.rows);
    this.touchpoint = coded(blocks.touchpoint, touchpoints);
    this.apiKey = coded(blocks.apiKey, allCodes(blocks.apiKey));
    this.time = inOrder(blocks.time.view(), this.rows);
    this.flags = bytesInOrder(blocks.flags.view(), this.rows);
    this.keyType = bytesInOrder(blocks.keyType.view(), this.rows);
    this.duration = this.sparseNumbers(blocks.duration);
    const { kept, moved } = metadataNames(blocks);
    this.metadataNames = kept;
    this.overflow = this.#overflowWith(moved);
  }

  sparseNumbers({ rows, numbers }: SparseNumberBuffer): SparseColumn<number> {
    const order = sparseOrder(rows.view(), this.newRows);
    return { rows: order.rows, values: inOrder(numbers.view(), order.places) };
  }

  /** Whether the messages repeat too little for a dictionary. */
  hasPlainMessages(): boolean {
    return repeatedTexts(this.input.message) === undefined;
  }

  /** The n-gram filter of all texts, or of all texts but the messages. */
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

  /** The overflow metadata of all blocks, and the fields that lose their column: JSON objects by new row. */
  #overflowWith(moved: readonly string[]): SparseColumn<string> {
    const { rows, texts } = this.input.overflow;
    const members = new Map<number, string[]>();
    const numbers = texts.view();
    rows.view().forEach((row, place) => {
      const inBraces = texts.arena.text(numbers[place] as number).slice(1, -1);
      members.set(this.newRows[row] as number, inBraces === "" ? [] : [inBraces]);
    });
    // As text: no object is made only to be written again.
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

/** The rank of each row's touchpoint in the order of all touchpoints; none has the rank of "". */
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

/** Calls `visit` with the former row and the JSON of each value. */
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

/** The distinct texts of a column that will be dictionary-encoded, else undefined. */
function repeatedTexts(column: TextBuffer): readonly number[] | undefined {
  return column.arena.codes(dictionarySizeMax(column.length))?.texts;
}

function addField(filter: NgramFilterBuilder, field: ValueBuffer): void {
  if (field.areAllStrings) {
    filter.addEncoded(field.texts.arena.encoded(), repeatedTexts(field.texts));
    return;
  }
  const { arena } = field.texts;
  const numbers = field.texts.view();
  const texts: string[] = [];
  let next = 0;
  for (const type of field.types.view()) {
    if (type === VALUE_TYPE.number) continue;
    if (type === VALUE_TYPE.string) texts.push(arena.text(numbers[next++] as number));
    else if (type === VALUE_TYPE.json) addLeaves(arena.text(numbers[next++] as number), texts);
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
