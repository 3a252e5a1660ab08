// Terms about metadata as conditions in SQL. A member's value is stored as the text that JSON.stringify gives, so a
// text, a number, true, false and null are compared as such. Objects are read with ClickHouse's JSON functions as far as
// these are exact; what is in arrays is left to the evaluator, as are whole numbers beyond 64 bits and halves of
// characters, which end those functions.

import { splitName } from "../query/match/metadata_path.ts";
import type { MetadataNumberTerm, MetadataTerm, Pattern } from "../search/expression.ts";
import { ALWAYS, type Condition, exactly, inRange, NEVER, orOf } from "./condition.ts";
import { containsFolded } from "./folded_sql.ts";
import { COMPOUND_BEGINNINGS, METADATA_MARKS, memberMark } from "./schema.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/** Dots in a path below which every way to split it is looked at in SQL: eight ways. */
const SPLIT_DOTS_MAX = 3;

const IS_LIST = "startsWith(v, '[')";
const IS_OBJECT = "startsWith(v, '{')";
/** Objects that the JSON functions read exactly: -9223372036854776000 is beyond 64 bits. */
const IS_PLAIN = `(${IS_OBJECT} AND position(v, '[') = 0 AND position(v, '\\\\ud') = 0 AND NOT match(v, '[0-9]{19}'))`;
/** The text of a value that is no object or array. @param json an expression */
export function scalarText(json: string): string {
  const unquoted = `substring(${json}, 2, length(${json}) - 2)`;
  return `if(startsWith(${json}, '"'), if(position(${json}, '\\\\') > 0, JSONExtractString(${json}), ${unquoted}), ${json})`;
}

/** What the JSON of a text has between its quotes. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A condition over `v`, applied to the value of a member; false where there is no such member. */
function ofMember(name: string, { sure, maybe }: Condition, parameters: SqlParameters): Condition {
  const applied = (condition: string) => {
    if (condition === NEVER) return NEVER;
    return `arrayExists(v -> v != '' AND (${condition}), [${memberSql(name, parameters)}])`;
  };
  return { sure: applied(sure), maybe: sure === maybe ? applied(sure) : applied(maybe) };
}

/** The JSON of a member; '' where there is none. ClickHouse finds no member "" by its name. */
export function memberSql(name: string, parameters: SqlParameters): string {
  if (name !== "") return `metadata[${parameters.text(name)}]`;
  return "arrayFirst((value, name) -> name = '', mapValues(metadata), mapKeys(metadata))";
}

/** Whether there is a member of this name. */
export function hasMemberSql(name: string, parameters: SqlParameters): string {
  return name === "" ? "has(mapKeys(metadata), '')" : `mapContains(metadata, ${parameters.text(name)})`;
}

/**
 * A needle in any value. First it is looked for in all JSON as it is: where it is not there, nothing else is computed,
 * which takes a third off the time of a word.
 */
export function metadataWord(needle: string, parameters: SqlParameters): Condition {
  const inJson = containsFolded("v", escaped(needle), parameters);
  const inScalar = `NOT ${IS_LIST} AND NOT ${IS_OBJECT} AND (${containsFolded(scalarText("v"), needle, parameters)})`;
  const inOther = `(${IS_LIST} OR ${IS_OBJECT}) AND (${inJson})`;
  const some = (condition: string) =>
    `(arrayExists(v -> ${inJson}, metadata.values) AND arrayExists(v -> ${condition}, mapValues(metadata)))`;
  return { sure: some(inScalar), maybe: some(`(${inScalar}) OR (${inOther})`) };
}

/** A field with one of some values. */
export function metadataCondition({ name, patterns }: MetadataTerm, parameters: SqlParameters): Condition {
  if (patterns.some(isWildcard)) {
    const own = exactly(hasMemberSql(name, parameters));
    const below = splitName(name).map(([head, path]) => {
      return ofMember(
        head,
        inObject(path, anyText(path, [], parameters), (keys) => `JSONHas(v, ${keys})`, parameters),
        parameters,
      );
    });
    return orOf([own, ...below]);
  }
  const scalar = scalarPatterns(patterns, parameters);
  const mayHave = anyText(undefined, patterns, parameters);
  const own = ofMember(name, { sure: scalar, maybe: `${scalar} OR (${IS_LIST} AND ${mayHave})` }, parameters);
  const below = splitName(name).map(([head, path]) => {
    const inPlain = (keys: string) => plainPatterns(patterns, keys, parameters);
    const unsure = patterns.some(({ text, isPrefix }) => isPrefix && /^[-0-9]/.test(text));
    const condition = inObject(path, anyText(path, patterns, parameters), unsure ? undefined : inPlain, parameters);
    return ofMember(head, condition, parameters);
  });
  return hinted(orOf([own, ...below]), marksOf(name, patterns), parameters);
}

/** What the filter has for members that match, or whose lists and objects may; undefined where it cannot tell. */
function marksOf(name: string, patterns: readonly Pattern[]): string[] | undefined {
  if (patterns.some(({ isPrefix }) => isPrefix)) return undefined;
  const scalars = patterns.flatMap(scalarJson).map((json) => memberMark(name, json));
  const compounds = [name, ...splitName(name).map(([head]) => head)].flatMap((head) => {
    return COMPOUND_BEGINNINGS.map((begin) => memberMark(head, begin));
  });
  return [...new Set([...scalars, ...compounds])];
}

/**
 * The same condition, with what its records have in the filter: ClickHouse looks there and computes nothing of it. Every
 * record that matches has one of the marks, so the condition says the same with a NOT before it.
 */
function hinted({ sure, maybe }: Condition, marks: string[] | undefined, parameters: SqlParameters): Condition {
  if (marks === undefined) return { sure, maybe };
  const hint = `indexHint(hasAny(${METADATA_MARKS}, ${parameters.texts(marks)}))`;
  const withHint = (condition: string) => (condition === NEVER ? NEVER : `(${hint} AND ${condition})`);
  return sure === maybe ? exactly(withHint(sure)) : { sure: withHint(sure), maybe: withHint(maybe) };
}

/** A field with a number in a range. */
export function metadataNumberCondition({ name, range }: MetadataNumberTerm, parameters: SqlParameters): Condition {
  const isNumber = "match(v, '^[-0-9]')";
  const isLong = "match(v, '^-?[0-9]{19}')";
  const inScalar = `(${isNumber} AND NOT ${isLong} AND ${inRange("JSONExtractFloat(v)", range, parameters)})`;
  const own = ofMember(
    name,
    { sure: inScalar, maybe: `${inScalar} OR (${isNumber} AND ${isLong}) OR (${IS_LIST} AND match(v, '[0-9]'))` },
    parameters,
  );
  const below = splitName(name).map(([head, path]) => {
    const inPlain = (keys: string) =>
      `(JSONType(v, ${keys}) IN ('Int64', 'UInt64', 'Double') AND ${inRange(`JSONExtractFloat(v, ${keys})`, range, parameters)})`;
    return ofMember(head, inObject(path, anyText(path, [], parameters), inPlain, parameters), parameters);
  });
  return orOf([own, ...below]);
}

function isWildcard({ text, isPrefix }: Pattern): boolean {
  return isPrefix && text === "";
}

/**
 * A condition over the value at a path below `v`.
 * @param mayHave false for no `v` that has such a value. @param inPlain the exact condition by the keys of a path, for
 * objects that the JSON functions read; undefined: there is none.
 */
function inObject(
  path: string,
  mayHave: string,
  inPlain: ((keys: string) => string) | undefined,
  parameters: SqlParameters,
): Condition {
  const unsure = `((${IS_LIST} OR ${IS_OBJECT}) AND ${mayHave})`;
  const segments = path.split(".");
  if (inPlain === undefined || segments.length - 1 > SPLIT_DOTS_MAX) return { sure: NEVER, maybe: unsure };
  const conditions = waysToSplit(segments).map((keys) => {
    return `(${inPlain(keys.map((key) => parameters.text(key)).join(", "))})`;
  });
  const sure = `(${IS_PLAIN} AND (${conditions.join(" OR ")}))`;
  return { sure, maybe: `(${sure} OR (NOT ${IS_PLAIN} AND ${unsure}))` };
}

/** Every way to join neighbouring segments by dots again. */
function waysToSplit(segments: readonly string[]): string[][] {
  const [first = "", ...others] = segments;
  if (others.length === 0) return [[first]];
  return waysToSplit(others).flatMap(([next = "", ...rest]) => [
    [first, next, ...rest],
    [`${first}.${next}`, ...rest],
  ]);
}

/** False for no JSON that has the last key of the path, and a value of one of the patterns. */
function anyText(path: string | undefined, patterns: readonly Pattern[], parameters: SqlParameters): string {
  const texts = patterns.flatMap(({ text, number }) => (number === undefined ? [text] : [text, number]));
  const inJson = texts.map((text) => {
    return text === "" ? ALWAYS : `position(v, ${parameters.text(escaped(text))}) > 0`;
  });
  const key = path?.slice(path.lastIndexOf(".") + 1);
  const hasKey = key === undefined || key === "" ? ALWAYS : `position(v, ${parameters.text(escaped(key))}) > 0`;
  return inJson.length === 0 ? hasKey : `(${hasKey} AND (${inJson.join(" OR ")}))`;
}

/** Some patterns against a value that is no object or array, by its JSON. */
function scalarPatterns(patterns: readonly Pattern[], parameters: SqlParameters): string {
  const whole = patterns.filter(({ isPrefix }) => !isPrefix).flatMap(scalarJson);
  const conditions = patterns
    .filter(({ isPrefix }) => isPrefix)
    .map(({ text }) => {
      const ofText = `startsWith(v, ${parameters.text(JSON.stringify(text).slice(0, -1))})`;
      return /^[-0-9tfn]/.test(text) ? `(${ofText} OR startsWith(v, ${parameters.text(text)}))` : ofText;
    });
  if (whole.length > 0) conditions.push(`v IN ${parameters.texts(whole)}`);
  return `(${conditions.join(" OR ")})`;
}

/** The JSON of the values that are no objects or arrays and match a whole text. */
function scalarJson({ text, number }: Pattern): string[] {
  const others = /^[-0-9tfn]/.test(text) && isScalarJson(text) ? [text] : [];
  return [JSON.stringify(text), ...others, ...(number === undefined ? [] : [number])];
}

function isScalarJson(text: string): boolean {
  return text === "true" || text === "false" || text === "null" || String(Number(text)) === text;
}

/** Some patterns against the value at some keys of an object. Whole texts are listed, however many there are. */
function plainPatterns(patterns: readonly Pattern[], keys: string, parameters: SqlParameters): string {
  const isType = (...types: string[]) => `JSONType(v, ${keys}) IN (${types.map((type) => `'${type}'`).join(", ")})`;
  const whole = patterns.filter(({ isPrefix }) => !isPrefix);
  const texts = whole.map(({ text }) => text);
  const found = patterns
    .filter(({ isPrefix }) => isPrefix)
    .map(({ text }) => `startsWith(JSONExtractString(v, ${keys}), ${parameters.text(text)})`);
  if (texts.length > 0) found.push(`JSONExtractString(v, ${keys}) IN ${parameters.texts(texts)}`);
  const conditions = [`(${isType("String")} AND (${found.join(" OR ")}))`];
  const isWord = (word: string) =>
    patterns.some(({ text, isPrefix }) => (isPrefix ? word.startsWith(text) : word === text));
  if (isWord("true")) conditions.push(`(${isType("Bool")} AND JSONExtractBool(v, ${keys}))`);
  if (isWord("false")) conditions.push(`(${isType("Bool")} AND NOT JSONExtractBool(v, ${keys}))`);
  if (isWord("null")) conditions.push(`(${isType("Null")} AND JSONHas(v, ${keys}))`);
  const numbers = whole
    .flatMap(({ text, number }) => (number === undefined ? [text] : [text, number]))
    .filter((spelled) => String(Number(spelled)) === spelled && Number.isFinite(Number(spelled)))
    .map(Number);
  if (numbers.length > 0) {
    const isEqual = `JSONExtractFloat(v, ${keys}) IN ${parameters.doubles(numbers)}`;
    conditions.push(`(${isType("Int64", "UInt64", "Double")} AND ${isEqual})`);
  }
  return conditions.join(" OR ");
}
