// Values of a metadata field whose name has dots in it, as the search understands such names: "a.b" is the member "a.b", and member b of a; an
// array on the way stands for its elements. A record counts once for each different value that the name means in it.

import { TextTable } from "../../block/codec/text_table.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import type { CountedValue } from "../../block/stats/value_counts.ts";
import type { JsonObject } from "../../core/json.ts";
import { splitsOf } from "../match/metadata_path.ts";
import { isMatch, type Matches } from "../scan/scanned_block.ts";
import { asValue, type FoundValue } from "./field_readers.ts";

/** Counts the values that the name means in the wanted rows. */
export function readNested(name: string, view: OpenBlock, matches: Matches, found: FoundValue): void {
  const byRow = new Map<number, DifferentValues>();
  const rest = view.overflowMembers();
  const whole: [string, string | undefined] = [name, undefined];
  for (const [head, path] of [whole, ...splitsOf(name)]) {
    rest?.forEachOf(head, (row, member) => {
      if (isMatch(matches, row)) collectAt(rest.value(member), path, valuesOf(byRow, row));
    });
    const column = view.metadata(head);
    // Texts have no members.
    if (column === undefined || (path !== undefined && column.asDictionary() !== undefined)) continue;
    for (let place = 0; place < column.rows.length; place++) {
      const row = column.rows[place] as number;
      if (isMatch(matches, row)) collectAt(column.value(place), path, valuesOf(byRow, row));
    }
  }
  for (const { values } of byRow.values()) for (const value of values) found(value, 1);
}

/** Past so many values a table tells which of them there are already. */
const COMPARED_MAX = 16;

/** The different values of one record, which may be very many. */
class DifferentValues {
  readonly values: CountedValue[] = [];
  #table: TextTable | undefined;

  add(value: CountedValue): void {
    if (this.values.length < COMPARED_MAX) {
      if (!this.values.includes(value)) this.values.push(value);
      return;
    }
    if (this.#table === undefined) {
      this.#table = new TextTable();
      for (const known of this.values) this.#table.add(nameOf(known));
    }
    if (this.#table.add(nameOf(value)) === this.values.length) this.values.push(value);
  }
}

/** Of values that differ, even in their types only, another one. */
function nameOf(value: CountedValue): string {
  return `${typeof value} ${value}`;
}

function valuesOf(byRow: Map<number, DifferentValues>, row: number): DifferentValues {
  const known = byRow.get(row);
  if (known !== undefined) return known;
  const made = new DifferentValues();
  byRow.set(row, made);
  return made;
}

/** The value itself, or what lies at a path below it. */
function collectAt(value: unknown, path: string | undefined, values: DifferentValues): void {
  if (path === undefined) values.add(asValue(value));
  else if (Array.isArray(value)) for (const element of value) collectAt(element, path, values);
  else if (value !== null && typeof value === "object") collectMembers(value as JsonObject, path, values);
}

function collectMembers(object: JsonObject, name: string, values: DifferentValues): void {
  if (Object.hasOwn(object, name)) collectAt(object[name], undefined, values);
  for (const [head, path] of splitsOf(name)) if (Object.hasOwn(object, head)) collectAt(object[head], path, values);
}
