// Which fields the records of a scope have, by how many records have them. Fields are named as in the search language,
// so that each can be pasted into a search. A merged block that matches as a whole is answered from its statistics.

import { kindCodeOf, levelCodeOf } from "../../block/codec/flags.ts";
import { cutBeginning } from "../../block/codec/text_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import { FIELD_NAME_LENGTH_MAX, FIELDS_LISTED_MAX, NAMES_HELD_MAX } from "../../core/limits.ts";
import type { FieldsResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { compareTexts } from "../../core/text_order.ts";
import { METADATA_PREFIX, metadataFieldName } from "../../search/fields.ts";
import { Coverage, type ScanContext, scanRecords } from "../scan/records.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import { FrequentTexts, mostFrequent } from "./frequent_texts.ts";

/** How many records of the scope have each field, most frequent first. */
export function* fieldsResponse(context: ScanContext, scope: Scope): Steps<FieldsResponse> {
  const coverage = new Coverage();
  const scan = (counts: FrequentTexts) => {
    const add = (name: string, count: number) => {
      if (count > 0) counts.add(cutBeginning(name, FIELD_NAME_LENGTH_MAX), count);
    };
    const visit = function* (scanned: ScannedBlock): Steps<void> {
      const matches = yield* scanned.matches();
      const counted = matches === "all" ? scanned.statistics()?.fields : undefined;
      if (counted !== undefined) for (const [name, count] of counted) add(name, count);
      else if (matches !== "none") addFields(yield* scanned.open(), matches, add);
      context.memory.setCollected(counts.bytes);
    };
    return scanRecords(context, scope, coverage, visit, { kind: "fields", add });
  };
  const bounds = { textsMax: NAMES_HELD_MAX, lengthMax: NAMES_HELD_MAX * FIELD_NAME_LENGTH_MAX };
  let counts = new FrequentTexts(bounds);
  yield* scan(counts);
  let frequent = mostFrequent([counts], FIELDS_LISTED_MAX);
  const { more } = frequent;
  if (frequent.wanted !== undefined) {
    counts = new FrequentTexts(bounds, frequent.wanted[0]);
    yield* scan(counts);
    frequent = mostFrequent([counts], FIELDS_LISTED_MAX);
  }
  const fields = (frequent.numbers[0] ?? []).map((number) => ({
    name: searchName(counts.text(number)),
    count: counts.countOf(number),
  }));
  fields.sort((a, b) => b.count - a.count || compareTexts(a.name, b.name));
  return { more, fields, ...coverage.warnings() };
}

/** A field's name in statistics, as a search writes it. */
function searchName(name: string): string {
  return name.startsWith(METADATA_PREFIX) ? metadataFieldName(name.slice(METADATA_PREFIX.length)) : name;
}

/** Adds nothing of a block that turns out to be damaged: all columns are read first. */
function addFields(block: OpenBlock, matches: Matches, add: (name: string, count: number) => void): void {
  const isWanted = (row: number) => isMatch(matches, row);
  const counts = countColumns(block, isWanted);
  const overflow = block.overflowMembers();
  for (const [name, count] of counts) add(name, count);
  overflow?.countNames(isWanted).forEach((count, code) => {
    if (count > 0) add(METADATA_PREFIX + overflow.name(code), count);
  });
}

function countColumns(block: OpenBlock, isWanted: (row: number) => boolean): [name: string, count: number][] {
  const found: [string, number][] = [];
  const add = (name: string, count: number) => found.push([name, count]);
  const countRows = (rows: ArrayLike<number> = []) => {
    let count = 0;
    for (let index = 0; index < rows.length; index++) if (isWanted(rows[index] as number)) count++;
    return count;
  };
  const flags = block.flags();
  const keyTypes = block.keyType();
  const { codes } = block.touchpoint();
  const message = block.message();
  const counts = { all: 0, keyType: 0, level: 0, status: 0, touchpoint: 0, message: 0 };
  for (let row = 0; row < block.count; row++) {
    if (!isWanted(row)) continue;
    counts.all++;
    if ((keyTypes[row] as number) > 0) counts.keyType++;
    if (levelCodeOf(flags[row] as number) > 0) counts.level++;
    if (kindCodeOf(flags[row] as number) > 0) counts.status++;
    if ((codes[row] as number) > 0) counts.touchpoint++;
    if (message.has(row)) counts.message++;
  }
  for (const name of ["apiKey", "kind", "source"]) add(name, counts.all);
  for (const name of ["keyType", "level", "status", "touchpoint", "message"] as const) add(name, counts[name]);
  add("key", countRows(block.key()?.rows));
  add("startTime", countRows(block.start()?.rows));
  add("endTime", countRows(block.end()?.rows));
  add("duration", countRows(block.duration()?.rows));
  for (const name of block.metadataNames()) add(METADATA_PREFIX + name, countRows(block.metadata(name)?.rows));
  return found;
}
