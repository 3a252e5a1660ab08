// How wide a text is on a terminal, by Unicode's properties (UAX #11 and #29).

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const PLAIN = /^[\x20-\x7e]*$/;
/** Drawn as a picture: two columns. A digit with the sign of a keycap behind it too. */
const PICTURE = /\p{Emoji_Presentation}|\p{RI}\p{RI}|\p{Emoji}\ufe0f/u;
/**
 * Adds nothing by itself: marks, vowels and ends of Korean syllables, and what only steers how its neighbours are
 * drawn.
 */
const WITHOUT_WIDTH = /^(?:\p{Mn}|\p{Me}|\p{Cf}|\p{Default_Ignorable_Code_Point}|[\u1160-\u11ff\ud7b0-\ud7ff])/u;
/** First and last of the ranges whose East_Asian_Width is Wide or Fullwidth, pictures aside. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18df2],
  [0x1aff0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x20000, 0x3fffd],
];

/**
 * Columns: a wide character (CJK, most emoji) takes two, a combining one none. Control characters must be escaped
 * before.
 */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += graphemeWidth(segment);
  return columns;
}

function graphemeWidth(grapheme: string): number {
  if (PICTURE.test(grapheme)) return 2;
  if (WITHOUT_WIDTH.test(grapheme)) return 0;
  const code = grapheme.codePointAt(0) ?? 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
