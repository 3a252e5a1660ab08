// The order of a block's rows: by touchpoint, then time, then id. Similar lines then lie together, which makes a merged
// block small. A radix sort: it calls no comparison, and leaves alone what is sorted already.

/** Bits of a digit. */
const DIGIT_BITS = 11;

const DIGITS = 1 << DIGIT_BITS;

/** How the values of a sparse column move. */
export interface SparseOrder {
  /** New rows, rising. */
  readonly rows: Uint32Array;
  /** For each new row the former place of its value. */
  readonly places: Uint32Array;
}

/**
 * The rows by touchpoint, then time, then id: for each new row the former one. `ranks` orders the touchpoints. No value
 * is negative.
 */
export function sortedRows(ranks: Uint32Array, times: Float64Array, ids: Float64Array): Uint32Array {
  return sortByWords(sortByNumbers(rowsByNumbers(ids), times), ranks);
}

/** The rows in the order of their numbers, none negative. Equal ones keep their order. */
export function rowsByNumbers(values: ArrayLike<number>): Uint32Array {
  return sortByNumbers(rowsAsTheyLie(values.length), values);
}

/** The rows in the order they have: 0 to `count` − 1. */
export function rowsAsTheyLie(count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}

/** Sorts rows by numbers, none negative. Rows of equal numbers keep their order. */
function sortByNumbers(rows: Uint32Array, values: ArrayLike<number>): Uint32Array {
  let least = Number.POSITIVE_INFINITY;
  let isRising = true;
  let isWhole = true;
  let most = 0;
  let previous = 0;
  for (let index = 0; index < rows.length; index++) {
    const value = values[rows[index] as number] as number;
    if (value < previous) isRising = false;
    if (value < least) least = value;
    if (value > most) most = value;
    if (Math.floor(value) !== value) isWhole = false;
    previous = value;
  }
  if (isRising) return rows;
  const words = new Uint32Array(values.length);
  if (isWhole && most - least <= 0xffffffff) {
    for (let row = 0; row < words.length; row++) words[row] = (values[row] as number) - least;
    return sortByWords(rows, words);
  }
  // Doubles that are not negative have the order of their bits.
  const high = new Uint32Array(values.length);
  const view = new DataView(new ArrayBuffer(8));
  for (let row = 0; row < words.length; row++) {
    // Adding 0 turns −0 into 0.
    view.setFloat64(0, (values[row] as number) + 0);
    high[row] = view.getUint32(0);
    words[row] = view.getUint32(4);
  }
  return sortByWords(sortByWords(rows, words), high);
}

/** As `sortByNumbers`, by whole numbers below 2^32: a radix sort. */
function sortByWords(rows: Uint32Array, words: Uint32Array): Uint32Array {
  let most = 0;
  let isRising = true;
  let previous = 0;
  for (let index = 0; index < rows.length; index++) {
    const word = words[rows[index] as number] as number;
    if (word < previous) isRising = false;
    if (word > most) most = word;
    previous = word;
  }
  if (isRising) return rows;
  let from = rows;
  let to: Uint32Array = new Uint32Array(rows.length);
  for (let shift = 0; shift < 32 && most >>> shift > 0; shift += DIGIT_BITS) {
    const ends = new Uint32Array(DIGITS + 1);
    for (let index = 0; index < from.length; index++) {
      const digit = ((words[from[index] as number] as number) >>> shift) & (DIGITS - 1);
      (ends[digit + 1] as number)++;
    }
    for (let digit = 0; digit < DIGITS; digit++) (ends[digit + 1] as number) += ends[digit] as number;
    for (let index = 0; index < from.length; index++) {
      const row = from[index] as number;
      const digit = ((words[row] as number) >>> shift) & (DIGITS - 1);
      to[(ends[digit] as number)++] = row;
    }
    [from, to] = [to, from === rows ? new Uint32Array(rows.length) : from];
  }
  return from;
}

/** From this share of filled rows on, an array over all rows is cheaper than sorting. */
const DENSE_SHARE = 1 / 16;

/** Where the values of a sparse column go. `newRows[row]` is the new row of each former row. */
export function sparseOrder(rows: Uint32Array, newRows: Uint32Array): SparseOrder {
  const moved = new Uint32Array(rows.length);
  const places = new Uint32Array(rows.length);
  for (let place = 0; place < rows.length; place++) {
    moved[place] = newRows[rows[place] as number] as number;
    places[place] = place;
  }
  if (rows.length < newRows.length * DENSE_SHARE) {
    const sorted = sortByWords(places, moved);
    return { rows: sorted.map((place) => moved[place] as number), places: sorted };
  }
  const placeOf = new Uint32Array(newRows.length);
  for (let place = 0; place < moved.length; place++) placeOf[moved[place] as number] = place + 1;
  let at = 0;
  for (let row = 0; row < placeOf.length; row++) {
    const place = placeOf[row] as number;
    if (place === 0) continue;
    moved[at] = row;
    places[at++] = place - 1;
  }
  return { rows: moved, places };
}
