// What the compactor hands over for a merged block: its columns, and before them what lets readers do without.

import type { Columns } from "./columns.ts";
import { type BlockEncoder, type BlockPiece, type EncodedBlock, finish, hasPlainMessages, pieceOf } from "./encode.ts";
import { summarise } from "./summarise.ts";
import { NOTES_RECORDS_MIN, SUMMARY } from "./summary.ts";
import { FILTER } from "./text_filter.ts";
import { buildTextFilter } from "./text_filter_builder.ts";
import { PART_TEXTS } from "./text_parts.ts";

/** Encodes a merged block with its summary and its text filters. `rawBytes` counts the columns alone: no merge inflates the others. */
export function encodeMerged(
  encoder: BlockEncoder,
  columns: Columns,
  notesRecordsMin = NOTES_RECORDS_MIN,
  partTexts = PART_TEXTS,
): EncodedBlock {
  return finish(encodeMergedSteps(encoder, columns, notesRecordsMin, partTexts));
}

/** As `encodeMerged`, in steps, for whoever has other work between them. */
export function* encodeMergedSteps(
  encoder: BlockEncoder,
  columns: Columns,
  notesRecordsMin = NOTES_RECORDS_MIN,
  partTexts = PART_TEXTS,
): Generator<void, EncodedBlock> {
  const notes: BlockPiece[] = [];
  const summary = summarise(columns, notesRecordsMin);
  if (summary !== undefined) notes.push(pieceOf(SUMMARY, summary.view()));
  yield;
  const isLarge = columns.count >= notesRecordsMin;
  const areParted = isLarge && hasPlainMessages(columns);
  const filter = isLarge ? buildTextFilter(columns, !areParted) : undefined;
  if (filter !== undefined) notes.push(pieceOf(FILTER, filter.view()));
  yield;
  const { pieces, rawBytes } = yield* encoder.columnarSteps(columns, areParted ? partTexts : undefined);
  return { pieces: [...notes, ...pieces], rawBytes };
}
