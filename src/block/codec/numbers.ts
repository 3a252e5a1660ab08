// A column of numbers, one a row. Integers, and decimals that are exact after scaling by a power of ten, are stored as
// differences; any other numbers as doubles.

import { type ByteReader, type ByteWriter, EXACT_INTEGER_MAX } from "./bytes.ts";

const DOUBLES = 255;
/** Decimals at most. Clocks give microseconds at best; more decimals are noise, which scaling does not make smaller. */
const DECIMALS_MAX = 6;

/** The smallest number of decimals that holds all values exactly, or undefined when there is none. */
function decimalsOf(values: ArrayLike<number>): number | undefined {
  let decimals = 0;
  let scale = 1;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    for (;;) {
      const scaled = Math.round(value * scale);
      if (!(Math.abs(scaled) <= EXACT_INTEGER_MAX)) return undefined;
      if (scaled / scale === value) break;
      if (++decimals > DECIMALS_MAX) return undefined;
      scale = 10 ** decimals;
    }
  }
  // An early value may not fit at the scale that a later one needs.
  if (decimals === 0) return 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    const scaled = Math.round(value * scale);
    if (Math.abs(scaled) > EXACT_INTEGER_MAX || scaled / scale !== value) return undefined;
  }
  return decimals;
}

/** An estimate of the bits that the values take when written and compressed; for choosing between forms. */
export function bitsOf(values: ArrayLike<number>): number {
  const decimals = decimalsOf(values);
  const scale = decimals === undefined ? 1 : 10 ** decimals;
  let bits = 0;
  let previous = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    if (value !== previous) {
      const difference = Math.abs(value - previous) * scale;
      bits +=
        decimals === undefined ? 64 : difference < 2 ** 30 ? 33 - Math.clz32(difference) : 2 + Math.log2(difference);
    }
    previous = value;
  }
  return bits;
}

/** Writes finite numbers. Their count is not written. */
export function writeNumbers(writer: ByteWriter, values: ArrayLike<number>): void {
  const decimals = decimalsOf(values);
  writer.byte(decimals ?? DOUBLES);
  if (decimals === undefined) writer.doubles(values);
  else writer.differences(values, 10 ** decimals);
}

/** Reads `count` numbers. Throws RangeError. */
export function readNumbers(reader: ByteReader, count: number): Float64Array {
  const values = new Float64Array(count);
  readNumbersInto(reader, values, 0, count);
  return values;
}

/** As `readNumbers`, into `values` from `from` on. */
export function readNumbersInto(reader: ByteReader, values: Float64Array, from: number, count: number): void {
  const decimals = reader.byte();
  if (decimals === DOUBLES) reader.doublesInto(values, from, count);
  else reader.differencesInto(values, from, count, 10 ** decimals);
}
