// The values of a field as a block's summary notes them: each with how many records have it. Kept as the bytes that they are, and
// decoded when they are asked for: those of all fields of a block are thousands of texts, of which a question wants one field's.

import { ByteReader } from "../codec/bytes.ts";
import { readNumbers } from "../codec/numbers.ts";
import { orDamaged } from "../damage.ts";

/** A field's value as it is counted: objects and arrays by their JSON, and 0 for −0. */
export type NotedValue = string | number | boolean | null;

/** Those that are no texts and no numbers, in the order in which their counts are written. */
export const NOTED_CONSTANTS = [true, false, null] as const;

export class NotedValues {
  readonly #bytes: Uint8Array;

  /** Takes all of the bytes that `writeNotedValues` wrote. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Calls `visit` with each value and the number of records that have it. Throws BlockDamagedError. */
  forEach(visit: (value: NotedValue, count: number) => void): void {
    const { texts, textCounts, numbers, numberCounts, constantCounts } = orDamaged(() => read(this.#bytes));
    for (let index = 0; index < texts.length; index++) visit(texts[index] as string, textCounts[index] as number);
    for (let index = 0; index < numbers.length; index++) visit(numbers[index] as number, numberCounts[index] as number);
    NOTED_CONSTANTS.forEach((constant, index) => {
      const count = constantCounts[index] as number;
      if (count > 0) visit(constant, count);
    });
  }
}

function read(bytes: Uint8Array) {
  const reader = new ByteReader(bytes);
  const texts = readTexts(reader);
  const textCounts = reader.unsignedAll(texts.length);
  const numbers = readNumbers(reader, reader.unsigned());
  const numberCounts = reader.unsignedAll(numbers.length);
  const constantCounts = reader.unsignedAll(NOTED_CONSTANTS.length);
  if (reader.left > 0) throw new RangeError("noted values are longer than they say");
  return { texts, textCounts, numbers, numberCounts, constantCounts };
}

/** Lengths in UTF-16 units, then all text in one piece, so that it decodes in one native call. */
function readTexts(reader: ByteReader): string[] {
  const lengths = reader.unsignedAll(reader.unsigned());
  const all = reader.text();
  const texts: string[] = [];
  let end = 0;
  for (const length of lengths) texts.push(all.slice(end, (end += length)));
  if (end !== all.length) throw new RangeError("noted texts do not end where their text does");
  return texts;
}
