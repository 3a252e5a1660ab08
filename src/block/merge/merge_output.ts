// The gathered columns of a merge, each in the order of the merged block's rows, with what is told of them beside their bytes: header,
// summary and text filter.

import { dictionarySizeMax } from "../codec/dictionary.ts";
import { rowsAsTheyLie, sortedRows, sparseOrder } from "../codec/row_order.ts";
import type { SparseColumn } from "../codec/sparse_column.ts";
import { TYPE } from "../codec/value_column.ts";
import { addLeaves, FILTER_BITS_LOG2_MAX, type FilterVersion, TextFilterBuilder } from "../filter/ngram_filter.ts";
import type { GatheredTexts, GatheredValues } from "./column_buffers.ts";
import { type GatheredBlocks, type GatheredSparseNumbers, metadataNames } from "./merge_input.ts";
import type { TextCodes, TextPool } from "./string_arena.ts";

/** Texts by code: `codes[row]` is 0 for none, n for text `texts[n - 1]` of the pool. Codes are in the order in which they come. */
export interface CodedTexts {
  readonly pool: TextPool;
  readonly texts: readonly number[];
  readonly codes: Uint32Array;
}

/** Gives the texts of rows codes in the order in which they come. */
export function codedTexts(
  { pool, ...gathered }: { readonly pool: TextPool; readonly texts: Uint32Array },
  { codes, texts }: TextCodes,
  rows: Uint32Array,
): CodedTexts {
  const newCodes = new Uint32Array(texts.length + 1);
  const used: number[] = [];
  const coded = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    const code = codes[gathered.texts[rows[row] as number] as number] as number;
    if (code === 0) continue;
    if (newCodes[code] === 0) newCodes[code] = used.push(texts[code - 1] as number);
    coded[row] = newCodes[code] as number;
  }
  return { pool, texts: used, codes: coded };
}

function allCodes({ pool }: GatheredTexts): TextCodes {
  const codes = pool.codes(Number.POSITIVE_INFINITY);
  if (codes === undefined) throw new RangeError("texts without a bound have codes");
  return codes;
}

/** How a merge puts rows: sorted, or where they are, to look at a block that is merged already. */
export type RowOrder = "sorted" | "as they lie";

export class MergedRows {
  readonly blocks: GatheredBlocks;
  /** For each new row the row that it was, and the other way round. */
  readonly rows: Uint32Array;
  readonly newRows: Uint32Array;
  readonly apiKey: CodedTexts;
  readonly touchpoint: CodedTexts;
  readonly time: Float64Array;
  readonly flags: Uint8Array;
  readonly keyType: Uint8Array;
  readonly duration: SparseColumn<number>;
  /** Names of the fields that have a column of their own. */
  readonly metadataNames: readonly string[];
  readonly rest: SparseColumn<string>;

  constructor(blocks: GatheredBlocks, order: RowOrder) {
    const touchpoints = allCodes(blocks.touchpoint);
    this.blocks = blocks;
    this.rows =
      order === "as they lie"
        ? rowsAsTheyLie(blocks.count)
        : sortedRows(ranksOf(blocks.touchpoint, touchpoints), blocks.time.view(), blocks.id.view());
    this.newRows = new Uint32Array(this.rows.length);
    for (let row = 0; row < this.rows.length; row++) this.newRows[this.rows[row] as number] = row;
    const coded = (column: GatheredTexts, codes: TextCodes) =>
      codedTexts({ pool: column.pool, texts: column.view() }, codes, this.rows);
    this.touchpoint = coded(blocks.touchpoint, touchpoints);
    this.apiKey = coded(blocks.apiKey, allCodes(blocks.apiKey));
    this.time = inOrder(blocks.time.view(), this.rows);
    this.flags = bytesInOrder(blocks.flags.view(), this.rows);
    this.keyType = bytesInOrder(blocks.keyType.view(), this.rows);
    this.duration = this.sparseNumbers(blocks.duration);
    const { kept, moved } = metadataNames(blocks);
    this.metadataNames = kept;
    this.rest = this.#restWith(moved);
  }

  sparseNumbers({ rows, numbers }: GatheredSparseNumbers): SparseColumn<number> {
    const order = sparseOrder(rows.view(), this.newRows);
    return { rows: order.rows, values: inOrder(numbers.view(), order.places) };
  }

  /** Whether messages are no dictionary. */
  hasPlainMessages(): boolean {
    return repeatedTexts(this.blocks.message) === undefined;
  }

  /** Of all texts, or of all but messages. */
  textFilter(withMessages: boolean, version?: FilterVersion): TextFilterBuilder {
    const { blocks } = this;
    const filter = new TextFilterBuilder(FILTER_BITS_LOG2_MAX, version);
    filter.addEncoded(blocks.touchpoint.pool.encoded(), this.touchpoint.texts);
    if (withMessages) filter.addEncoded(blocks.message.pool.encoded(), repeatedTexts(blocks.message));
    filter.addEncoded(blocks.key.texts.pool.encoded(), undefined);
    for (const name of this.metadataNames) addField(filter, this.field(name));
    filter.addObjects(this.rest.values);
    return filter;
  }

  field(name: string): GatheredValues {
    return this.blocks.metadata.get(name) as GatheredValues;
  }

  /** The rests of all blocks, and the fields that lose their column: JSON objects by new row. */
  #restWith(moved: readonly string[]): SparseColumn<string> {
    const { rows, texts } = this.blocks.rest;
    const members = new Map<number, string[]>();
    const numbers = texts.view();
    rows.view().forEach((row, place) => {
      const inBraces = texts.pool.text(numbers[place] as number).slice(1, -1);
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
function ranksOf(column: GatheredTexts, { codes, texts }: TextCodes): Uint32Array {
  const names = texts.map((text) => column.pool.text(text));
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
function forEachJson(
  { rows, types, texts, numbers }: GatheredValues,
  visit: (row: number, json: string) => void,
): void {
  const kinds = types.view();
  let [number, text] = [0, 0];
  rows.view().forEach((row, place) => {
    const type = kinds[place];
    if (type === TYPE.number) visit(row, JSON.stringify(numbers.view()[number++]));
    else if (type === TYPE.string) visit(row, JSON.stringify(texts.pool.text(texts.view()[text++] as number)));
    else if (type === TYPE.json) visit(row, texts.pool.text(texts.view()[text++] as number));
    else visit(row, type === TYPE.null ? "null" : String(type === TYPE.true));
  });
}

/** The different texts of a column that will be a dictionary, or undefined. */
function repeatedTexts(column: GatheredTexts): readonly number[] | undefined {
  return column.pool.codes(dictionarySizeMax(column.length))?.texts;
}

function addField(filter: TextFilterBuilder, field: GatheredValues): void {
  if (field.areAllStrings) {
    filter.addEncoded(field.texts.pool.encoded(), repeatedTexts(field.texts));
    return;
  }
  const { pool } = field.texts;
  const numbers = field.texts.view();
  const texts: string[] = [];
  let next = 0;
  for (const type of field.types.view()) {
    if (type === TYPE.number) continue;
    if (type === TYPE.string) texts.push(pool.text(numbers[next++] as number));
    else if (type === TYPE.json) addLeaves(pool.text(numbers[next++] as number), texts);
    else texts.push(type === TYPE.null ? "null" : String(type === TYPE.true));
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
