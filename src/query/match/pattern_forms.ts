// The forms of parts that change from message to message: ids, times, addresses, paths. Each form begins at a given
// place and has a bounded length, or is read once; none is searched for.

/** Kinds of characters, as bits: a run's kinds are joined. Others, those beyond ASCII too, are in no run. */
export const KIND = { digit: 1, hexLetter: 2, otherLetter: 4 } as const;
const KINDS = kindsOfAscii();

function kindsOfAscii(): Uint8Array {
  const kinds = new Uint8Array(128);
  for (let unit = 48; unit < 58; unit++) kinds[unit] = KIND.digit;
  for (let unit = 97; unit < 123; unit++) {
    kinds[unit] = unit < 103 ? KIND.hexLetter : KIND.otherLetter;
    kinds[unit - 32] = kinds[unit] as number;
  }
  return kinds;
}

/** 0 for what is neither a letter nor a digit of ASCII. Languages without spaces would be one run each. */
export function kindOf(unit: number): number {
  return unit < 128 ? (KINDS[unit] as number) : 0;
}

/** A letter or digit; what is beyond ASCII counts as a letter, but for quotes. */
export function isWordUnit(unit: number): boolean {
  return unit < 128 ? KINDS[unit] !== 0 : unit < 0x2018 || unit > 0x201d;
}

/** The UTF-16 unit; 0 past the ends. */
export function unitAt(text: string, at: number): number {
  return at >= 0 && at < text.length ? text.charCodeAt(at) : 0;
}

/** Where the form ends that begins at a place; −1 where it is not that form. */
export function matchEnd(form: RegExp, text: string, at: number): number {
  form.lastIndex = at;
  return form.test(text) ? form.lastIndex : -1;
}

/** Characters of an e-mail address before its @ at most. */
export const MAILBOX_LENGTH_MAX = 64;
/** Characters of an address of IPv6 at most. */
export const ADDRESS_LENGTH_MAX = 39;
export const UUID_LENGTH = 36;

export const UUID_FORM = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])/iy;
export const TIME_FORM =
  /\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?(?![0-9a-z])/iy;
export const CLOCK_FORM = /\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?[AP]M)?(?![0-9a-z:])/iy;
export const ISO_DURATION_FORM =
  /P(?:\d{1,9}(?:\.\d{1,9})?[YMWD]){0,4}(?:T(?:\d{1,9}(?:\.\d{1,9})?[HMS]){1,3})?(?![0-9a-z])/iy;
export const IP4_FORM = /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![0-9a-z]|\.\d)/iy;
export const IP6_FORM =
  /(?:::(?:ffff:)?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|(?=[0-9a-f:]{0,39}\d)(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?))(?![0-9a-z:])(?:%[0-9a-z]{1,16})?/iy;
export const MAC_FORM = /[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})(?![0-9a-z:])/iy;
export const EMAIL_FORM = /[a-z0-9._%+-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?(?:\.[a-z0-9-]{1,63}){0,8}/iy;
/** The parameters of an address, from their question mark. */
export const QUERY_FORM = /(?<=[\w/.~-])\?[\w.~%[\]-]{1,64}=[^\s"'`<>)]*/y;

/** ._%+- */
const MAILBOX_UNITS: ReadonlySet<number> = new Set([46, 95, 37, 43, 45]);
const [SLASH, COLON, MINUS, SPACE] = [47, 58, 45, 32] as const;

/** A part of an address of IPv6. */
export function isInAddress(unit: number): boolean {
  return unit === COLON || (kindOf(unit) & (KIND.digit | KIND.hexLetter)) !== 0;
}

/** A part of an e-mail address before its @: letters, digits and ._%+- */
export function isInMailbox(unit: number): boolean {
  return unit < 128 && (KINDS[unit] !== 0 || MAILBOX_UNITS.has(unit));
}

/** Where a UUID may begin that the run at `from` is a group of; −1 where none can. */
export function uuidStart(text: string, from: number, kept: number): number {
  // Its groups begin at 0, 9, 14, 19 and 24.
  for (const group of [0, 9, 14, 19, 24]) {
    const start = from - group;
    if (start < kept) return -1;
    const isWordStart = start === 0 || kindOf(text.charCodeAt(start - 1)) === 0;
    if (isWordStart && unitAt(text, start + 8) === MINUS && unitAt(text, start + 13) === MINUS) return start;
  }
  return -1;
}

/** What may stand before a path: nothing, white space, and these. */
const PATH_STARTS = "\"'`([{<=,;|:>\u201c\u2018";
const PATH_END = /[\s"'`<>|*?:;,()[\]{}=&\u2018-\u201d]/g;
const FILE_END = /\.[A-Za-z]\w{0,7}$/;
const METHODS: ReadonlySet<string> = new Set("GET POST PUT PATCH DELETE HEAD OPTIONS CONNECT TRACE".split(" "));
const METHOD_LENGTH_MAX = 7;
/** Longer texts are no paths. */
const PATH_LENGTH_MAX = 1_024;

/**
 * Where the path ends that begins at `from` with a slash or with C:\; −1 for none, for the path of a request (GET
 * /orders/12) or of an address, and for a place in code (/app/main.ts:12), whose names say which line it is.
 */
export function pathEnd(text: string, from: number): number {
  const isDrive = text.charCodeAt(from) !== SLASH;
  if (!isDrive && !isPathStart(text, from)) return -1;
  PATH_END.lastIndex = isDrive ? from + 2 : from + 1;
  let end = PATH_END.test(text) ? PATH_END.lastIndex - 1 : text.length;
  if (unitAt(text, end) === COLON && kindOf(unitAt(text, end + 1)) === KIND.digit) return -1;
  // The full stop of a sentence.
  while (unitAt(text, end - 1) === 46) end--;
  if (end - from > PATH_LENGTH_MAX) return -1;
  const path = text.slice(from, end);
  return path.length > 2 && (path.lastIndexOf(isDrive ? "\\" : "/") > 0 || FILE_END.test(path)) ? end : -1;
}

function isPathStart(text: string, from: number): boolean {
  if (unitAt(text, from + 1) === SLASH) return false;
  if (from === 0) return true;
  const before = text.charCodeAt(from - 1);
  if (before !== SPACE) return before < SPACE || PATH_STARTS.includes(text.charAt(from - 1));
  let word = from - 1;
  while (word > 0 && from - 1 - word <= METHOD_LENGTH_MAX && kindOf(text.charCodeAt(word - 1)) !== 0) word--;
  return !METHODS.has(text.slice(word, from - 1));
}
