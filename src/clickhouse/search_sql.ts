// A search as conditions in SQL. In: an expression. Out: two conditions with bound values, one for records that match
// for sure, and one for those that may match. They are the same where SQL can tell. Where it cannot, what lies between
// is fetched and evaluated here, by the evaluator of local blocks: so every answer is exact.
//
// SQL cannot tell: the pattern of a message, and what is in arrays and, for words, in objects of metadata. Nor do terms
// become SQL past a bound, beyond which a server takes seconds to understand a statement, or refuses it.

import { placeOfId } from "../query/scan/ids.ts";
import type {
  ChoiceTerm,
  ExactTerm,
  Expression,
  NumberRange,
  NumberTerm,
  Pattern,
  Term,
} from "../search/expression.ts";
import { patternWords } from "../search/message_patterns.ts";
import { ALWAYS, andOf, type Condition, exactly, inRange, NEVER, orOf, UNDECIDED } from "./condition.ts";
import { containsFolded } from "./folded_sql.ts";
import { metadataCondition, metadataNumberCondition, metadataWord } from "./metadata_sql.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/**
 * Characters of all terms of a statement. Measured with 26.7 on an empty table: 5 ms of a server's processor for each
 * 1,000 of them up to here, and 10 ms beyond; from 256 KiB on statements are refused.
 */
const TERMS_LENGTH_MAX = 64 * 1024;

/** The conditions of a search; the same ones for the same search in one statement. Recursion is bounded by SEARCH_DEPTH_MAX. */
export function searchCondition(search: Expression, parameters: SqlParameters): Condition {
  if (search.kind === "all") return exactly(ALWAYS);
  if (search.kind === "and") return andOf(search.members.map((member) => searchCondition(member, parameters)));
  if (search.kind === "or") return orOf(search.members.map((member) => searchCondition(member, parameters)));
  if (search.kind !== "not") return boundedTerm(search, parameters);
  const { sure, maybe } = searchCondition(search.member, parameters);
  return { sure: `NOT (${maybe})`, maybe: `NOT (${sure})` };
}

/** Of every statement what its terms have become, and their length. */
const TERMS = new WeakMap<SqlParameters, { readonly known: Map<Term, Condition>; length: number }>();

function boundedTerm(term: Term, parameters: SqlParameters): Condition {
  const terms = TERMS.get(parameters) ?? { known: new Map<Term, Condition>(), length: 0 };
  TERMS.set(parameters, terms);
  const known = terms.known.get(term);
  if (known !== undefined) return known;
  let condition = termCondition(term, parameters);
  const length = condition.sure.length + condition.maybe.length;
  if (terms.length + length > TERMS_LENGTH_MAX) condition = UNDECIDED;
  else terms.length += length;
  terms.known.set(term, condition);
  return condition;
}

function termCondition(search: Term, parameters: SqlParameters): Condition {
  switch (search.kind) {
    case "word": {
      const { needle } = search;
      const inColumns = ["touchpoint", "message", "key"].map((column) => containsFolded(column, needle, parameters));
      return orOf([...inColumns.map(exactly), metadataWord(needle, parameters)]);
    }
    case "message":
      return exactly(
        search.needle === "" ? "has_message" : `(${containsFolded("message", search.needle, parameters)})`,
      );
    case "choice":
      return exactly(choice(search));
    case "exact":
      return exact(search, parameters);
    case "number":
      return exactly(numbers(search, parameters));
    case "metadata":
      return metadataCondition(search, parameters);
    case "metadataNumber":
    default:
      return metadataNumberCondition(search, parameters);
  }
}

/** The values are of closed lists, checked by the parser. */
function choice(term: ChoiceTerm): string {
  if (term.values.length === 0) return NEVER;
  const listed = (values: readonly string[]) =>
    values.map((value) => `'${value.replaceAll(/[^a-z]/g, "")}'`).join(", ");
  switch (term.field) {
    case "kind":
      return `(${term.values.map((kind) => (kind === "log" ? "kind = 'log'" : "kind != 'log'")).join(" OR ")})`;
    case "status":
      return `kind IN (${listed(term.values)})`;
    case "keyType":
      return `key_type IN (${listed(term.values)})`;
    case "level":
      return `level IN (${listed(term.values)})`;
    case "source":
    default:
      return `source IN (${listed(term.values)})`;
  }
}

function exact({ field, patterns }: ExactTerm, parameters: SqlParameters): Condition {
  if (field === "pattern") return orOf(patterns.map((pattern) => messagePattern(pattern, parameters)));
  const column = field === "apiKey" ? "api_key" : field;
  const matching = textPatterns(column, patterns, parameters);
  return exactly(field === "touchpoint" || field === "key" ? `(${column} != '' AND ${matching})` : matching);
}

function textPatterns(column: string, patterns: readonly Pattern[], parameters: SqlParameters): string {
  const whole = patterns.filter(({ isPrefix }) => !isPrefix).map(({ text }) => text);
  const conditions = patterns
    .filter(({ isPrefix }) => isPrefix)
    .map(({ text }) => (text === "" ? ALWAYS : `startsWith(${column}, ${parameters.text(text)})`));
  const [first] = whole;
  if (first !== undefined && whole.length === 1) conditions.push(`${column} = ${parameters.text(first)}`);
  else if (whole.length > 0) conditions.push(`${column} IN ${parameters.texts(whole)}`);
  return `(${conditions.join(" OR ")})`;
}

/** A message has all words of its pattern. */
function messagePattern({ text, isPrefix }: Pattern, parameters: SqlParameters): Condition {
  const words = patternWords(text, isPrefix).map((word) => `position(message, ${parameters.text(word)}) > 0`);
  return { sure: NEVER, maybe: `(${["has_message", ...words].join(" AND ")})` };
}

const NUMBER_COLUMNS = {
  time: "time",
  receivedAt: "received_at",
  startTime: "start_time",
  endTime: "end_time",
  duration: "duration",
} as const;

function numbers({ field, ranges }: NumberTerm, parameters: SqlParameters): string {
  if (field === "id") return `(${ranges.map((range) => idRange(range, parameters)).join(" OR ")})`;
  const column = NUMBER_COLUMNS[field];
  const isNullable = field !== "time" && field !== "receivedAt";
  const value = isNullable ? `assumeNotNull(${column})` : column;
  const inRanges = ranges.map((range) => inRange(value, range, parameters)).join(" OR ");
  return isNullable ? `(isNotNull(${column}) AND (${inRanges}))` : `(${inRanges})`;
}

/** Ids as they are shown, from whole numbers, so that the index on id can be used. */
function idRange({ min, max, isMinIncluded, isMaxIncluded }: NumberRange, parameters: SqlParameters): string {
  const first = Math.max(0, isMinIncluded ? Math.ceil(min) : Math.floor(min) + 1);
  const last = Math.min(Number.MAX_SAFE_INTEGER, isMaxIncluded ? Math.floor(max) : Math.ceil(max) - 1);
  if (!(first <= last)) return NEVER;
  const [from, to] = [placeOfId(first), placeOfId(last)];
  const at = (value: number) => parameters.unsigned(value);
  if (from.node === to.node) {
    return `(node = ${at(from.node)} AND id >= ${at(from.id)} AND id <= ${at(to.id)})`;
  }
  const bounds = [`(node, id) >= (${at(from.node)}, ${at(from.id)})`];
  if (last < Number.MAX_SAFE_INTEGER) bounds.push(`(node, id) <= (${at(to.node)}, ${at(to.id)})`);
  return `(${bounds.join(" AND ")})`;
}
