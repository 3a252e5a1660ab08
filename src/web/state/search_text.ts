// Searches as text that buttons change: terms are made with the quotes they need, added, excluded and taken away again, and what
// somebody wrote stays as it was. Mirrors how the server cuts a search into terms; what a term means is the server's business.

/** A term, or a group in parentheses, that all records must match. */
export interface SearchItem {
  /** As written, with its "-" or NOT. */
  readonly text: string;
  /** The field's name as written; undefined for words and groups. */
  readonly field: string | undefined;
  readonly isNegated: boolean;
}

/** A piece of a search, flat: parentheses and joining words are pieces too. */
export interface SearchToken {
  readonly kind: "sign" | "word" | "field";
  readonly at: number;
  readonly end: number;
  /** As written; undefined unless it is a field. */
  readonly field: string | undefined;
  /** Where a field's value begins, behind the colon. */
  readonly valueAt: number;
}

/** Longest value of which a term is made, in UTF-16 units; a longer one is found by how it begins. */
const VALUE_LENGTH_MAX = 500;

const RAW = /[^\s"()]+/y;
/** As RAW, of fields of times: a printed time has a space in it. */
const RAW_TIME = /(?:\d{4}-\d{2}-\d{2} \d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: (?=[+-]\d{2}:?\d{2}))?|[^\s"()])+/y;
const TIME_FIELDS: ReadonlySet<string> = new Set(["time", "receivedAt", "startTime", "endTime"]);
/** Ends at the closing quote, or with the text. */
const QUOTED = /"(?:\\["\\]|[^"])*"?/y;
const FIELD = /metadata\."(?:\\["\\]|[^"])*":|metadata\.[^\s"():]*:|[A-Za-z_][A-Za-z0-9_.-]*:/y;
/** No sign in it means anything to the search language. */
const PLAIN_VALUE = /^[A-Za-z0-9_/][A-Za-z0-9_/@:.-]*$/;
const PLAIN_NAME = /^[^\s"():]+$/;
const LINE_END = /[\r\n\u2028\u2029]/;

export function tokensOf(text: string): SearchToken[] {
  const tokens: SearchToken[] = [];
  let at = 0;
  while (at < text.length) {
    const sign = text[at] ?? "";
    if (/\s/.test(sign)) {
      at++;
      continue;
    }
    const start = at;
    let field: string | undefined;
    let kind: SearchToken["kind"] = "word";
    let valueAt = at;
    if (sign === "(" || sign === ")" || sign === "-") {
      kind = "sign";
      at++;
    } else if (sign === '"') {
      at = endOf(QUOTED, text, at);
    } else {
      const nameEnd = endOf(FIELD, text, at);
      if (nameEnd > at) {
        kind = "field";
        field = text.slice(at, nameEnd - 1);
        valueAt = nameEnd;
        at = endOfValue(text, nameEnd, TIME_FIELDS.has(field) ? RAW_TIME : RAW);
      } else at = Math.max(endOf(RAW, text, at), at + 1);
      if (kind === "word" && /^(?:AND|OR|NOT)$/.test(text.slice(start, at))) kind = "sign";
    }
    tokens.push({ kind, at: start, end: at, field, valueAt });
  }
  return tokens;
}

/** What all records must match, one after the other; undefined where that cannot be told apart: with an OR, or unfinished. */
export function itemsOf(text: string): SearchItem[] | undefined {
  const items: SearchItem[] = [];
  let depth = 0;
  let start: number | undefined;
  let isNegated = false;
  for (const { kind, at, end, field } of tokensOf(text)) {
    const typed = text.slice(at, end);
    start ??= at;
    if (kind === "sign" && typed === "(") depth++;
    else if (kind === "sign" && typed === ")") depth--;
    if (depth < 0) return undefined;
    if (kind === "sign" && depth === 0) {
      if (typed === "OR") return undefined;
      if (typed === "AND") start = undefined;
      else if (typed === "-" || typed === "NOT") isNegated = !isNegated;
    }
    if (depth > 0 || start === undefined || (kind === "sign" && (typed === "-" || typed === "NOT"))) continue;
    items.push({ text: text.slice(start, end), field: typed === ")" ? undefined : field, isNegated });
    start = undefined;
    isNegated = false;
  }
  return depth === 0 && start === undefined ? items : undefined;
}

/** The search with a term that all records must match, or must not. Taking a term in removes its opposite. */
export function withTerm(search: string, term: string, isExcluded = false): string {
  const wanted = isExcluded ? `-${term}` : term;
  const opposite = isExcluded ? term : `-${term}`;
  const items = itemsOf(search);
  if (items === undefined) return `${grouped(search)} ${wanted}`.trim();
  const kept = items.filter(({ text }) => withDash(text) !== wanted && withDash(text) !== opposite);
  return joined([...kept.map(({ text }) => text), wanted]);
}

/** "NOT a" as "-a". */
function withDash(text: string): string {
  return text.replace(/^NOT\s+/, "-");
}

/** Whether all records must match the term, as it is written. */
export function hasTerm(search: string, term: string): boolean {
  return itemsOf(search)?.some(({ text }) => text === term) === true;
}

export function withoutTerm(search: string, term: string): string {
  return joined((itemsOf(search) ?? [{ text: search }]).map(({ text }) => text).filter((text) => text !== term));
}

/** The search without what it asks of a field directly; as it is where that cannot be told. */
export function withoutField(search: string, field: string): string {
  const items = itemsOf(search);
  if (items === undefined) return search;
  return joined(items.filter((item) => item.field !== field || item.isNegated).map(({ text }) => text));
}

/**
 * A field and its value as a term, quoted where needed. Undefined for what a one-line search cannot hold.
 * @param name "level", or "metadata." and the metadata field as `metadataField` writes it.
 */
export function termOf(name: string, value: string | number | boolean | null): string | undefined {
  const text = String(value).toWellFormed();
  const line = text.slice(0, VALUE_LENGTH_MAX).split(LINE_END, 1)[0]?.toWellFormed() ?? "";
  if (line === text) return `${name}:${quotedValue(text)}`;
  if (line === "") return undefined;
  // A message is found by any part of it.
  return name === "message" ? `${name}:${quoted(line)}` : prefixTerm(name, line);
}

/** All values that begin so. */
export function prefixTerm(name: string, prefix: string): string {
  return `${name}:${PLAIN_VALUE.test(prefix) ? prefix : quoted(prefix)}*`;
}

/** A metadata field by the names on the way to it: metadata.a.b, metadata."odd name". */
export function metadataField(path: readonly string[]): string {
  const name = path.join(".").toWellFormed();
  return `metadata.${PLAIN_NAME.test(name) ? name : quoted(name)}`;
}

export function quotedValue(text: string): string {
  return PLAIN_VALUE.test(text) && !text.includes("..") ? text : quoted(text);
}

/** The text that a value as typed so far stands for. */
export function unquoted(typed: string): string {
  return typed.replaceAll(/\\(["\\])|"/g, "$1");
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function grouped(search: string): string {
  return tokensOf(search).some(({ kind, at, end }) => kind === "sign" && search.slice(at, end) === "OR")
    ? `(${search})`
    : search;
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join(" ");
}

/** Where the sticky expression's match ends; `at` itself where there is none. */
function endOf(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return at + (expression.exec(text)?.[0].length ?? 0);
}

function endOfValue(text: string, valueAt: number, raw: RegExp): number {
  let at = valueAt;
  for (;;) {
    const end = text[at] === '"' ? endOf(QUOTED, text, at) : endOf(raw, text, at);
    if (end === at) return at;
    at = end;
  }
}
