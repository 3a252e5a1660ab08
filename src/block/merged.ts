// What the compactor hands over for a merged block: its columns, and before them what lets readers do without.

import { BLOCK_RECORDS_MAX } from "../core/limits.ts";
import type { Columns } from "./columns.ts";
import { type BlockEncoder, type BlockPiece, type EncodedBlock, finish, pieceOf } from "./encode.ts";
import { summarise } from "./summarise.ts";
import { SUMMARY } from "./summary.ts";
import { FILTER } from "./text_filter.ts";
import { buildTextFilter } from "./text_filter_builder.ts";

/** Records from which on a block has a text filter: a smaller one is searched as fast as it is passed over. */
export const FILTER_RECORDS_MIN = BLOCK_RECORDS_MAX / 8;

/** Encodes a merged block with its summary and its text filter. `rawBytes` counts the columns alone: no merge inflates the others. */
export function encodeMerged(
  encoder: BlockEncoder,
  columns: Columns,
  filterRecordsMin = FILTER_RECORDS_MIN,
): EncodedBlock {
  return finish(encodeMergedSteps(encoder, columns, filterRecordsMin));
}

/** As `encodeMerged`, in steps, for whoever has other work between them. */
export function* encodeMergedSteps(
  encoder: BlockEncoder,
  columns: Columns,
  filterRecordsMin = FILTER_RECORDS_MIN,
): Generator<void, EncodedBlock> {
  const notes: BlockPiece[] = [];
  const summary = summarise(columns);
  if (summary !== undefined) notes.push(pieceOf(SUMMARY, summary.view()));
  yield;
  const filter = columns.count < filterRecordsMin ? undefined : buildTextFilter(columns);
  if (filter !== undefined) notes.push(pieceOf(FILTER, filter.view()));
  yield;
  const { pieces, rawBytes } = yield* encoder.columnarSteps(columns);
  return { pieces: [...notes, ...pieces], rawBytes };
}
