// What the statistics of a merged block are computed from. No string is made of a text but of the distinct ones of a
// field with value counts.

import { cutTouchpoint, TOUCHPOINT_BYTES_MAX } from "../../core/touchpoint.ts";
import { METADATA_PREFIX } from "../codec/column_chunks.ts";
import type { DictionaryColumn } from "../codec/dictionary.ts";
import { dictionarySizeMax } from "../codec/dictionary.ts";
import { VALUE_TYPE } from "../codec/value_column.ts";
import type { StatisticsSource } from "../stats/compute_statistics.ts";
import {
  combineCounts,
  distinctMax,
  type FieldValueCounts,
  NumberCounts,
  VALUE_TEXTS_BYTES_MAX,
  type ValueCounts,
} from "../stats/value_counts.ts";
import type { TextBuffer, ValueBuffer } from "./column_buffers.ts";
import type { ArenaDictionary, MergeOutput } from "./merge_output.ts";
import type { StringArena } from "./string_arena.ts";

/** Bytes that hold the beginning of a name up to where it is cut, and one character more. */
const BEGINNING_BYTES = 2 * TOUCHPOINT_BYTES_MAX;

/** What the statistics of a merged block are computed from. */
export function statisticsSource(output: MergeOutput): StatisticsSource {
  const { input: blocks } = output;
  const messages = blocks.message.view();
  let messageCount = 0;
  for (let row = 0; row < messages.length; row++) if (messages[row] !== 0) messageCount++;
  return {
    count: blocks.count,
    time: output.time,
    flags: output.flags,
    keyType: output.keyType,
    touchpoint: dictionaryOf(output.touchpoint),
    duration: output.duration,
    fieldCounts: [
      ["message", messageCount],
      ["key", blocks.key.rows.length],
      ["startTime", blocks.start.rows.length],
      ["endTime", blocks.end.rows.length],
      ["duration", blocks.duration.rows.length],
      ...output.metadataNames.map((name) => [METADATA_PREFIX + name, output.field(name).rows.length] as const),
    ],
    overflow: output.overflow.values,
    valueCounts: () => outputValueCounts(output),
  };
}

/** The touchpoints as statistics list them: of a long name only the beginning, cut. */
function dictionaryOf({ arena, texts, codes }: ArenaDictionary): DictionaryColumn {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const nameOf = (text: number) => {
    const bytes = arena.bytesOf(text);
    if (bytes.length <= BEGINNING_BYTES) return arena.text(text);
    return cutTouchpoint(decoder.decode(bytes.subarray(0, BEGINNING_BYTES)));
  };
  return { dictionary: texts.map(nameOf), codes };
}

/** The value counts of the fields that have few distinct values. */
export function outputValueCounts({ input: blocks, apiKey, metadataNames }: MergeOutput): FieldValueCounts[] {
  const fields: FieldValueCounts[] = [];
  const add = (name: string, texts: TextEntries | undefined, max: number) => {
    const counts = texts === undefined ? undefined : combineCounts(max, texts, undefined, [0, 0, 0]);
    if (counts !== undefined) fields.push({ name, counts });
  };
  const keys = blocks.key.texts;
  add("apiKey", countCoded(apiKey), distinctMax(blocks.count));
  add("message", countRepeated(blocks.message), distinctMax(blocks.count));
  add("key", countTexts(keys, distinctMax(keys.length), distinctMax(keys.length)), distinctMax(keys.length));
  for (const name of metadataNames) {
    const counts = countField(blocks.metadata.get(name) as ValueBuffer);
    if (counts !== undefined) fields.push({ name: METADATA_PREFIX + name, counts });
  }
  return fields;
}

/** Distinct texts, each with its count. */
type TextEntries = readonly (readonly [text: string, count: number])[];

function countField(field: ValueBuffer): ValueCounts | undefined {
  const max = distinctMax(field.rows.length);
  if (field.areAllStrings) {
    const texts = countRepeated(field.texts);
    return texts === undefined ? undefined : combineCounts(max, texts, undefined, [0, 0, 0]);
  }
  const numbers = new NumberCounts(field.numbers.length, max);
  const values = field.numbers.view();
  for (let index = 0; index < values.length; index++) if (!numbers.add(values[index] as number)) return undefined;
  // Strings, and the JSON of objects and arrays, which counts as a string.
  const texts = countTexts(field.texts, max, max);
  if (texts === undefined) return undefined;
  const counts = new Uint32Array(VALUE_TYPE.json + 1);
  const types = field.types.view();
  for (let place = 0; place < types.length; place++) (counts[types[place] as number] as number)++;
  return combineCounts(max, texts, numbers, [
    counts[VALUE_TYPE.true],
    counts[VALUE_TYPE.false],
    counts[VALUE_TYPE.null],
  ] as number[]);
}

/** Counts of texts whose codes are needed anyway, to write them as a dictionary. */
function countRepeated(column: TextBuffer): TextEntries | undefined {
  return countTexts(column, dictionarySizeMax(column.length), distinctMax(column.length));
}

/**
 * Counts of texts. @param codesMax distinct texts up to which codes are computed. @param max distinct texts up to which
 * they are counted.
 */
function countTexts(column: TextBuffer, codesMax: number, max: number): TextEntries | undefined {
  const coded = column.arena.codes(codesMax);
  if (coded === undefined || coded.texts.length > max || areLong(column.arena, coded.texts)) return undefined;
  const { codes, texts } = coded;
  const counts = new Uint32Array(texts.length + 1);
  const places = column.view();
  for (let place = 0; place < places.length; place++) (counts[codes[places[place] as number] as number] as number)++;
  return byText(column.arena, texts, counts);
}

function countCoded({ arena, texts, codes }: ArenaDictionary): TextEntries | undefined {
  if (areLong(arena, texts)) return undefined;
  const counts = new Uint32Array(texts.length + 1);
  for (let row = 0; row < codes.length; row++) (counts[codes[row] as number] as number)++;
  return byText(arena, texts, counts);
}

function areLong(arena: StringArena, texts: readonly number[]): boolean {
  let bytes = 0;
  for (const text of texts) {
    bytes += arena.bytesOf(text).length;
    if (bytes > VALUE_TEXTS_BYTES_MAX) return true;
  }
  return false;
}

/** `counts[n]` is the count of `texts[n - 1]`. */
function byText(arena: StringArena, texts: readonly number[], counts: Uint32Array): TextEntries {
  const named: [string, number][] = [];
  texts.forEach((text, index) => {
    const count = counts[index + 1] as number;
    if (count > 0) named.push([arena.text(text), count]);
  });
  return named;
}
