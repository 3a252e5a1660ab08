// One block looked at from end to end: whether its bytes are what was written, and whether its header and its notes say what its
// records are. In: a header row and its pieces. Out: what is wrong, in words; nothing when all is well.

import type { Columns } from "../block/columns.ts";
import { decodeColumns } from "../block/decode.ts";
import { type BlockPiece, pieceOf } from "../block/encode.ts";
import { headerOf } from "../block/header.ts";
import { inflate } from "../block/inflate.ts";
import { summarise } from "../block/summarise.ts";
import { type BlockSummary, readSummary, SUMMARY } from "../block/summary.ts";
import { FILTER } from "../block/text_filter.ts";
import { buildTextFilter } from "../block/text_filter_builder.ts";
import { DAY_MS } from "../core/limits.ts";

/** The values of a row of `blocks`, in the order of HEADER_COLUMNS. */
export type HeaderValues = readonly number[];

/** Places of a header's values in HEADER_COLUMNS. */
export const HEADER = {
  id: 0,
  project: 1,
  day: 2,
  records: 3,
  idMin: 4,
  idMax: 5,
  timeMin: 6,
  timeMax: 7,
  bytes: 18,
} as const;

/** What is wrong with a block, each a sentence without its subject; and its columns. Throws BlockDamagedError. */
export function verifyBlock(
  header: HeaderValues,
  pieces: readonly BlockPiece[],
): { readonly wrong: readonly string[]; readonly columns: Columns } {
  const wrong: string[] = [];
  const bytes = pieces.reduce((sum, piece) => sum + piece.data.length, 0);
  if (bytes !== header[HEADER.bytes]) wrong.push(`it has ${bytes} bytes, its header says ${header[HEADER.bytes]}`);
  const columns = decodeColumns(pieces, header[HEADER.records] as number);
  if (!saysSame(header, columns)) wrong.push("its header does not say what its records are");
  const day = header[HEADER.day] as number;
  for (const time of [header[HEADER.timeMin], header[HEADER.timeMax]] as number[]) {
    if (Math.floor(time / DAY_MS) === day) continue;
    wrong.push("it has records of another day than its header says");
    break;
  }
  for (const piece of pieces) {
    if (piece.name === SUMMARY && !isSummaryOf(piece, columns))
      wrong.push("its summary does not say what its records are");
    if (piece.name === FILTER && !isFilterOf(piece, columns)) wrong.push("its text filter is not that of its records");
  }
  return { wrong, columns };
}

function saysSame(header: HeaderValues, columns: Columns): boolean {
  const { records, idMin, idMax, timeMin, timeMax, receivedMin, receivedMax, levels, statuses } = headerOf(columns);
  const computed = [records, idMin, idMax, timeMin, timeMax, receivedMin, receivedMax, ...levels, ...statuses];
  return computed.every((value, index) => value === header[HEADER.records + index]);
}

function isFilterOf(piece: BlockPiece, columns: Columns): boolean {
  const filter = buildTextFilter(columns);
  return filter !== undefined && Buffer.compare(filter.view(), inflate(piece)) === 0;
}

function isSummaryOf(piece: BlockPiece, columns: Columns): boolean {
  const computed = summarise(columns);
  if (computed === undefined) return false;
  if (Buffer.compare(computed.view(), inflate(piece)) === 0) return true;
  // Another machine's logarithm may put a duration that lies between two buckets of a sketch into the other one.
  return factsOf(readSummary(piece)) === factsOf(readSummary(pieceOf(SUMMARY, computed.view())));
}

/** All that a summary says but into which bucket a duration fell. */
function factsOf({ cells, sketches, slots, fields }: BlockSummary): string {
  const durations = [...sketches].map(([touchpoint, sketch]) => {
    let bucketed = sketch.zeros;
    sketch.forEachBucket((_index, count) => {
      bucketed += count;
    });
    return [touchpoint, sketch.count, bucketed, sketch.zeros, sketch.min, sketch.max];
  });
  const { widthMs, times, flags, counts } = slots;
  return JSON.stringify([cells, durations, widthMs, [...times], [...flags], [...counts], fields && [...fields]]);
}
