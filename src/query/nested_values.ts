// Values of a metadata field whose name has dots in it, as the search understands such names: "a.b" is the member "a.b", and member b of a; an
// array on the way stands for its elements. A record counts once for each different value that the name means in it.

import type { BlockView } from "../block/block_view.ts";
import type { NotedValue } from "../block/noted_values.ts";
import type { JsonObject } from "../core/json.ts";
import { asValue, type FoundValue, readRest } from "./field_readers.ts";
import { isMatch, type Matches } from "./opened.ts";
import { splitsOf } from "./search/metadata_values.ts";

/** Counts the values that the name means in the wanted rows. */
export function readNested(name: string, view: BlockView, matches: Matches, found: FoundValue): void {
  const byRow = new Map<number, Set<NotedValue>>();
  const whole: [string, string | undefined] = [name, undefined];
  for (const [head, path] of [whole, ...splitsOf(name)]) {
    const column = view.metadata(head);
    // Texts have no members.
    if (column === undefined || (path !== undefined && column.coded() !== undefined)) continue;
    for (let place = 0; place < column.rows.length; place++) {
      const row = column.rows[place] as number;
      if (isMatch(matches, row)) collectAt(column.value(place), path, valuesOf(byRow, row));
    }
  }
  readRest(view, matches, (object, row) => collectMembers(object, name, valuesOf(byRow, row)));
  for (const values of byRow.values()) for (const value of values) found(value, 1);
}

function valuesOf(byRow: Map<number, Set<NotedValue>>, row: number): Set<NotedValue> {
  const known = byRow.get(row);
  if (known !== undefined) return known;
  const made = new Set<NotedValue>();
  byRow.set(row, made);
  return made;
}

/** The value itself, or what lies at a path below it. */
function collectAt(value: unknown, path: string | undefined, values: Set<NotedValue>): void {
  if (path === undefined) values.add(asValue(value));
  else if (Array.isArray(value)) for (const element of value) collectAt(element, path, values);
  else if (value !== null && typeof value === "object") collectMembers(value as JsonObject, path, values);
}

function collectMembers(object: JsonObject, name: string, values: Set<NotedValue>): void {
  if (Object.hasOwn(object, name)) collectAt(object[name], undefined, values);
  for (const [head, path] of splitsOf(name)) if (Object.hasOwn(object, head)) collectAt(object[head], path, values);
}
