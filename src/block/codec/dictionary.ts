// Columns of optional strings, in two forms: plain (lengths, then all text in one piece) and dictionary (the different
// strings once, then a code a row). A length is counted in UTF-16 units and shifted by one, 0 meaning absent, so the text
// decodes in one native call and is cut without looking at it. text_column.ts reads the plain form.

import type { ByteReader, ByteWriter } from "./bytes.ts";
import { TextTable } from "./text_table.ts";

/** Past so many different values a dictionary costs more to build than it saves. */
const DICTIONARY_SIZE_MAX = 4096;

/** And it must be met this often on average to be smaller than the plain form. */
const DICTIONARY_REPEAT_MIN = 4;

/** How many of so many texts may differ where a dictionary is worth it. */
export function dictionarySizeMax(count: number): number {
  return Math.min(DICTIONARY_SIZE_MAX, Math.ceil(count / DICTIONARY_REPEAT_MIN));
}

export type OptionalText = string | undefined;

/** Codes: 0 is absent, n is `dictionary[n - 1]`. */
export interface DictionaryColumn {
  readonly dictionary: readonly string[];
  readonly codes: Uint32Array;
}

/** Bytes of a code. */
export function codeBytes(dictionarySize: number): 1 | 2 | 4 {
  if (dictionarySize < 256) return 1;
  return dictionarySize < 65_536 ? 2 : 4;
}

export function writeDictionary(writer: ByteWriter, column: DictionaryColumn): void {
  writer.unsigned(column.dictionary.length);
  for (const text of column.dictionary) writer.text(text);
  const width = codeBytes(column.dictionary.length);
  for (let plane = 0; plane < width; plane++) writer.lowBytes(column.codes, plane * 8);
}

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

/** The dictionary form of values. */
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

export function fromDictionary(column: DictionaryColumn): OptionalText[] {
  const { dictionary, codes } = column;
  const values = new Array<OptionalText>(codes.length);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number;
    values[row] = code === 0 ? undefined : dictionary[code - 1];
  }
  return values;
}
