// A merged block's columns into its summary. Runs on the compactor's thread.

import type { JsonObject } from "../core/json.ts";
import { TOUCHPOINTS_MAX } from "../core/limits.ts";
import { KINDS } from "../core/record.ts";
import { ByteWriter } from "./bytes.ts";
import type { Columns } from "./columns.ts";
import { METADATA_PREFIX } from "./encode.ts";
import { kindCodeOf, levelCodeOf } from "./flags.ts";
import { DurationSketch } from "./sketch.ts";
import type { OptionalText } from "./strings.ts";
import { SUMMARY_VERSION } from "./summary.ts";

/** All of a flags byte but whether there is metadata. */
const COUNTED_FLAGS = 0x7f;
const FLAGS = 128;
const COMPLETED = KINDS.indexOf("completed");

/** Widths of time slots, in ms. */
const SLOT_WIDTHS_MS = [1_000, 10_000, 60_000, 600_000] as const;
/** For what spans more, which a block of one day never does. */
const SLOT_WIDTH_MS_MAX = 3_600_000;
/** Slots that a block of one day has at most. */
const SLOTS_MAX = 300;

/** Names of fields past which they are not listed: a rest holds any number of them, and readers keep what is noted. */
const FIELDS_MAX = 2_000;

/** The summary's bytes; undefined where the block has more touchpoints than are kept track of. */
export function summarise(columns: Columns): ByteWriter | undefined {
  const coded = codeTouchpoints(columns.touchpoint);
  if (coded === undefined) return undefined;
  const writer = new ByteWriter(4096);
  writer.byte(SUMMARY_VERSION);
  writer.unsigned(coded.names.length);
  for (const name of coded.names) writer.text(name);
  writeCells(writer, columns, coded.codes);
  writeSketches(writer, columns, coded.codes);
  writeSlots(writer, columns);
  writeFields(writer, columns);
  return writer;
}

/** Code 0 is none, n is `names[n - 1]`. */
function codeTouchpoints(touchpoints: readonly OptionalText[]) {
  const known = new Map<OptionalText, number>([[undefined, 0]]);
  const codes = new Uint32Array(touchpoints.length);
  let previous: OptionalText;
  let code = 0;
  for (let row = 0; row < touchpoints.length; row++) {
    const name = touchpoints[row];
    if (name !== previous) {
      code = known.get(name) ?? known.size;
      if (code > TOUCHPOINTS_MAX) return undefined;
      known.set(name, code);
      previous = name;
    }
    codes[row] = code;
  }
  return { codes, names: [...known.keys()].slice(1) as string[] };
}

function writeCells(writer: ByteWriter, { count, flags }: Columns, codes: Uint32Array): void {
  const cells = countKeys(count, (row) => (codes[row] as number) * FLAGS + ((flags[row] as number) & COUNTED_FLAGS));
  writer.unsigned(cells.keys.length);
  writer.unsignedAll(cells.keys.map((key) => Math.floor(key / FLAGS)));
  writer.lowBytes(
    cells.keys.map((key) => key % FLAGS),
    0,
  );
  writer.unsignedAll(cells.counts);
}

function writeSketches(writer: ByteWriter, { flags, duration }: Columns, codes: Uint32Array): void {
  const sketches = new Map<number, DurationSketch>();
  for (let index = 0; index < duration.rows.length; index++) {
    const row = duration.rows[index] as number;
    if (kindCodeOf(flags[row] as number) !== COMPLETED) continue;
    const code = codes[row] as number;
    let sketch = sketches.get(code);
    if (sketch === undefined) {
      sketch = new DurationSketch();
      sketches.set(code, sketch);
    }
    sketch.add(duration.values[index] as number);
  }
  writer.unsigned(sketches.size);
  const stored = new ByteWriter();
  for (const [code, sketch] of sketches) {
    stored.clear();
    sketch.write(stored);
    writer.unsigned(code);
    writer.unsigned(stored.length);
    writer.raw(stored.view());
  }
}

function writeSlots(writer: ByteWriter, { count, time, flags }: Columns): void {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    first = Math.min(first, time[row] as number);
    last = Math.max(last, time[row] as number);
  }
  const slotsOf = (widthMs: number) => Math.floor(last / widthMs) - Math.floor(first / widthMs) + 1;
  const widthMs = SLOT_WIDTHS_MS.find((width) => slotsOf(width) <= SLOTS_MAX) ?? SLOT_WIDTH_MS_MAX;
  const cells = countKeys(
    count,
    (row) => Math.floor((time[row] as number) / widthMs) * FLAGS + ((flags[row] as number) & COUNTED_FLAGS),
  );
  writer.unsigned(widthMs);
  writer.unsigned(cells.keys.length);
  writer.differences(
    cells.keys.map((key) => Math.floor(key / FLAGS)),
    1,
  );
  writer.lowBytes(
    cells.keys.map((key) => key % FLAGS),
    0,
  );
  writer.unsignedAll(cells.counts);
}

/** How often each key comes, rising. Neighbours are often equal, and then cost nothing. */
function countKeys(count: number, keyOf: (row: number) => number): { keys: number[]; counts: number[] } {
  const totals = new Map<number, number>();
  let run = 0;
  for (let row = 0; row < count; row++) {
    const key = keyOf(row);
    run++;
    if (row + 1 < count && keyOf(row + 1) === key) continue;
    totals.set(key, (totals.get(key) ?? 0) + run);
    run = 0;
  }
  const keys = [...totals.keys()].sort((a, b) => a - b);
  return { keys, counts: keys.map((key) => totals.get(key) as number) };
}

/** Names as searches have them, with how many records have each. */
function countFields(columns: Columns): Map<string, number> {
  const { count } = columns;
  let [level, status, touchpoint, message] = [0, 0, 0, 0];
  for (let row = 0; row < count; row++) {
    const flags = columns.flags[row] as number;
    if (levelCodeOf(flags) > 0) level++;
    if (kindCodeOf(flags) > 0) status++;
    if (columns.touchpoint[row] !== undefined) touchpoint++;
    if (columns.message[row] !== undefined) message++;
  }
  const fields = new Map<string, number>([
    ["apiKey", count],
    ["kind", count],
    ["source", count],
    ["level", level],
    ["status", status],
    ["touchpoint", touchpoint],
    ["message", message],
    ["key", columns.key.rows.length],
    ["startTime", columns.start.rows.length],
    ["endTime", columns.end.rows.length],
    ["duration", columns.duration.rows.length],
  ]);
  for (const [name, column] of columns.metadata) fields.set(METADATA_PREFIX + name, column.rows.length);
  const rest = columns.metadataRest.values;
  for (let index = 0; index < rest.length; index++) {
    for (const name of Object.keys(JSON.parse(rest[index] as string) as JsonObject)) {
      const field = METADATA_PREFIX + name;
      fields.set(field, (fields.get(field) ?? 0) + 1);
    }
  }
  return fields;
}

function writeFields(writer: ByteWriter, columns: Columns): void {
  const fields = [...countFields(columns)].filter(([, count]) => count > 0);
  const isListed = fields.length <= FIELDS_MAX;
  writer.byte(isListed ? 1 : 0);
  if (!isListed) return;
  writer.unsigned(fields.length);
  for (const [name, count] of fields) {
    writer.text(name);
    writer.unsigned(count);
  }
}
