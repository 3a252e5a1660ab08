// A search as conditions in SQL. In: an expression. Out: two conditions with bound values, one for records that match
// for sure, and one for those that may match. They are the same where SQL can tell. Where it cannot, what lies between
// is fetched and evaluated here, by the evaluator of local blocks: so every answer is exact.
//
// SQL cannot tell: the pattern of a message, and what is in arrays and, for words, in objects of metadata.

import { placeOfId } from "../query/scan/ids.ts";
import type { ChoiceTerm, ExactTerm, Expression, NumberRange, NumberTerm, Pattern } from "../search/expression.ts";
import { patternWords } from "../search/message_patterns.ts";
import { ALWAYS, andOf, type Condition, exactly, inRange, NEVER, orOf } from "./condition.ts";
import { containsFolded } from "./folded_sql.ts";
import { metadataCondition, metadataNumberCondition, metadataWord } from "./metadata_sql.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/** The conditions of a search. Recursion is bounded by SEARCH_DEPTH_MAX. */
export function searchCondition(search: Expression, parameters: SqlParameters): Condition {
  switch (search.kind) {
    case "all":
      return exactly(ALWAYS);
    case "and":
      return andOf(search.members.map((member) => searchCondition(member, parameters)));
    case "or":
      return orOf(search.members.map((member) => searchCondition(member, parameters)));
    case "not": {
      const { sure, maybe } = searchCondition(search.member, parameters);
      return { sure: `NOT (${maybe})`, maybe: `NOT (${sure})` };
    }
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
