// Dictionary encoding of texts: the distinct texts once, and a code a row.

import type { ByteReader, ByteWriter } from "./bytes.ts";
import { TextTable } from "./text_table.ts";

/** Distinct texts of a dictionary at most: a larger one costs more to build than it saves. */
const DICTIONARY_SIZE_MAX = 4096;

/** Times that a distinct text must come on average: else the plain form is as small. */
const DICTIONARY_REPEAT_MIN = 4;

/** How many of `count` texts may be distinct for a dictionary to be worth it. */
export function dictionarySizeMax(count: number): number {
  return Math.min(DICTIONARY_SIZE_MAX, Math.ceil(count / DICTIONARY_REPEAT_MIN));
}

/** A text, or undefined in a row that has none. */
export type OptionalText = string | undefined;

/** Dictionary-encoded texts: `codes[row]` is 0 for no text, n for `dictionary[n - 1]`. */
export interface DictionaryColumn {
  readonly dictionary: readonly string[];
  readonly codes: Uint32Array;
}

/** Bytes of a code in a dictionary of this size. */
export function codeBytes(dictionarySize: number): 1 | 2 | 4 {
  if (dictionarySize < 256) return 1;
  return dictionarySize < 65_536 ? 2 : 4;
}

/** Writes the dictionary, and then the codes in planes of a byte each. */
export function writeDictionary(writer: ByteWriter, column: DictionaryColumn): void {
  writer.unsigned(column.dictionary.length);
  for (const text of column.dictionary) writer.text(text);
  const width = codeBytes(column.dictionary.length);
  for (let plane = 0; plane < width; plane++) writer.lowBytes(column.codes, plane * 8);
}

/** Reads a dictionary-encoded column of `count` rows. Throws RangeError. */
export function readDictionary(reader: ByteReader, count: number): DictionaryColumn {
  const size = reader.unsigned();
  const dictionary: string[] = [];
  for (let code = 0; code < size; code++) dictionary.push(reader.text());
  const codes = new Uint32Array(count);
  const width = codeBytes(size);
  for (let plane = 0; plane < width; plane++) {
    const bytes = reader.raw(count);
    const shift = plane * 8;
    for (let row = 0; row < count; row++) codes[row] = (codes[row] as number) | ((bytes[row] as number) << shift);
  }
  for (let row = 0; row < count; row++) {
    if ((codes[row] as number) > size) throw new RangeError("dictionary code out of range");
  }
  return { dictionary, codes };
}

/** Encodes texts; the dictionary is in the order of their first rows. */
export function toDictionary(values: ArrayLike<OptionalText>): DictionaryColumn {
  const known = new TextTable();
  const codes = new Uint32Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value === undefined) continue;
    codes[row] = known.add(value) + 1;
  }
  return { dictionary: known.texts, codes };
}

/** Decodes texts, one a row. */
export function fromDictionary(column: DictionaryColumn): OptionalText[] {
  const { dictionary, codes } = column;
  const values = new Array<OptionalText>(codes.length);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number;
    values[row] = code === 0 ? undefined : dictionary[code - 1];
  }
  return values;
}
