// Text of clients as it may be shown: characters that cannot be seen, or that turn the direction of what stands around them, become
// escapes, so that no name looks like another. Only what is shown changes; values stay what they are.
// Source: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing

/** A piece of a text: as it is, or an escape in place of a character. */
export interface TextPiece {
  readonly text: string;
  readonly isEscape: boolean;
}

/**
 * Controls but tab and line ends; whatever Unicode lets programs ignore (direction marks and overrides, zero widths, fillers, tags);
 * line and paragraph separators, annotations, the blank Braille pattern. Not joiners and variation selectors among letters and
 * pictures beyond ASCII, which need them.
 */
const HIDDEN =
  /(?!\t|\n|\r\n|(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])|(?<=[^\0-\x7f]|[\d#*])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}])[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\ufff9-\ufffb]/gu;
/** What is written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Nearly every text is plain: one quick look. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;

/** Whether a text has to be kept apart from what stands around it. */
export function needsIsolation(text: string): boolean {
  return !PLAIN.test(text) && (RIGHT_TO_LEFT.test(text) || text.search(HIDDEN) !== -1);
}

/** The text in pieces, in order. */
export function textPieces(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), isEscape: false });
    pieces.push({ text: escapeOf(match[0]), isEscape: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isEscape: false });
  return pieces;
}

/** The text with its escapes in place, where no element can mark them: attributes, titles. */
export function visibleText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(HIDDEN, escapeOf);
}

/** "\u202e", "\u{e0041}". */
function escapeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
}

/** The character that an escape stands for. */
export function characterOf(escape: string): string {
  const code = Number.parseInt(escape.replace(/^\\u\{?/, ""), 16);
  return Number.isNaN(code) ? escape : String.fromCodePoint(code);
}
