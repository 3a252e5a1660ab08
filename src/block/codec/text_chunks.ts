// A long column of plain texts, cut into parts of some thousand texts: a piece each, with a text filter each. Rows lie in the order of
// touchpoints, so the texts of a part are of a kind, and a search inflates the few parts that may contain its needle. The column's own
// piece is the head, which holds the filters; those of the block then leave this column out.
//
// Measured on 65,536 real lines with redrawn digits (4.6 MB, 980 KB compressed): parts of 4,096 texts are 1.8 % larger than the whole and
// their filters 10 KB, 0.37 bytes a record in all; of 2,048 texts 3.2 % and 13 KB, of 16,384 texts 1 % and 7 KB.

import type { NamedColumn } from "../columns.ts";
import { type FilterVersion, TextFilterBuilder } from "../filter/ngram_filter_builder.ts";
import type { ByteWriter } from "./bytes.ts";
import { FORM } from "./values.ts";

/** Texts of a part; the last one may have less. */
export const PART_TEXTS = 4_096;

/** Most bits of a part's bitmap, as a power of two: 4 KiB. */
const PART_FILTER_BITS_LOG2_MAX = 15;

/** The column that may lie in parts. */
export const PARTED_COLUMN = "message";

/** Name of a part's piece. */
export function partName(part: number): string {
  return `${PARTED_COLUMN}#${part}`;
}

/** The number of a part by its piece's name, or undefined where it is none. */
export function partOf(name: string): number | undefined {
  const prefix = `${PARTED_COLUMN}#`;
  return name.startsWith(prefix) ? Number(name.slice(prefix.length)) : undefined;
}

/** Texts on their way into parts, one behind the other: text n lies from `ends[n]` to `ends[n + 1]`. */
export interface PartedSource {
  /** UTF-16 units of each plus one, 0 for none. */
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** The head, and the parts in the plain form. */
export function partedColumns(source: PartedSource, partTexts: number): NamedColumn[] {
  const { lengths, bytes, ends } = source;
  const columns: NamedColumn[] = [[PARTED_COLUMN, (writer) => writeHead(writer, source, partTexts)]];
  for (let from = 0, part = 0; from < lengths.length; from += partTexts, part++) {
    const to = Math.min(lengths.length, from + partTexts);
    columns.push([
      partName(part),
      (writer) => {
        writer.unsignedAll(lengths.subarray(from, to));
        writer.raw(bytes.subarray(ends[from], ends[to]));
      },
    ]);
  }
  return columns;
}

/** The form, the texts of a part, and each part's filter behind its size; one of 0 bytes is none. */
export function writeHead(
  writer: ByteWriter,
  { lengths, bytes, ends }: PartedSource,
  partTexts: number,
  version?: FilterVersion,
): void {
  writer.byte(FORM.parts);
  writer.unsigned(partTexts);
  const builder = new TextFilterBuilder(PART_FILTER_BITS_LOG2_MAX, version);
  for (let from = 0; from < lengths.length; from += partTexts) {
    builder.clear();
    builder.addTexts(bytes, ends, from, Math.min(lengths.length, from + partTexts));
    const filter = builder.encode();
    writer.unsigned(filter?.length ?? 0);
    if (filter !== undefined) writer.raw(filter.view());
  }
}
