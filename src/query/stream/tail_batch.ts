// What was found for a tail, as the events of one batch: the first of them, as many as a client should hold at once. Records are made a
// few at a time, since nobody knows how long one is before it is made.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import type { TailEvent } from "../../core/queries.ts";
import { type StoredRecord, showRecord } from "../../core/record.ts";
import { textLengthOf } from "../scan/text_length.ts";

/** Records in one batch. */
const BATCH_RECORDS_MAX = 500;
/** Characters of the texts of a batch past which it ends. */
const BATCH_LENGTH_MAX = 1024 * 1024;
/** Records that are made first, to see how long they are. */
const FIRST_RECORDS = 4;

/** A record that matches, in a block. */
export interface Found {
  readonly id: number;
  readonly row: number;
  readonly view: OpenBlock;
  readonly project: string;
}

export interface TailBatch {
  /** In the order of ids. */
  readonly events: TailEvent[];
  /** Characters of their texts, about. */
  readonly length: number;
  /** Where the tail goes on; undefined: nothing is left of what was found. */
  readonly nextId: number | undefined;
}

/** The first of what was found, which is in the order of ids. */
export function takeBatch(found: readonly Found[]): TailBatch {
  const events: TailEvent[] = [];
  const count = Math.min(found.length, BATCH_RECORDS_MAX);
  let length = 0;
  let next = 0;
  for (let step = FIRST_RECORDS; next < count; ) {
    for (const { project, record } of recordsOf(found.slice(next, Math.min(next + step, count)))) {
      const shown = showRecord(project, record);
      events.push({ kind: "record", id: record.id, record: shown });
      length += textLengthOf(shown);
      if (length > BATCH_LENGTH_MAX) return { events, length, nextId: record.id + 1 };
    }
    next += step;
    const fitting = Math.floor(((BATCH_LENGTH_MAX - length) * next) / Math.max(1, length)) + 1;
    step = Math.min(2 * step, fitting);
  }
  return { events, length, nextId: found[count]?.id };
}

interface Made {
  readonly project: string;
  readonly record: StoredRecord;
}

/** Their records, in the order of ids. */
function recordsOf(found: readonly Found[]): Made[] {
  const byView = new Map<OpenBlock, Found[]>();
  for (const one of found) {
    const others = byView.get(one.view);
    if (others === undefined) byView.set(one.view, [one]);
    else others.push(one);
  }
  const made: Made[] = [];
  for (const [view, all] of byView) {
    const rows = all.map(({ row }) => row).sort((a, b) => a - b);
    const project = all[0]?.project ?? "";
    for (const record of readable(view, rows)) made.push({ project, record });
  }
  return made.sort((a, b) => a.record.id - b.record.id);
}

/** The records of these rows; none where a column of theirs is damaged. */
function readable(view: OpenBlock, rows: readonly number[]): StoredRecord[] {
  try {
    return view.records(rows);
  } catch (error) {
    if (error instanceof BlockDamagedError) return [];
    throw error;
  }
}
