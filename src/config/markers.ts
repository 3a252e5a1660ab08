// [markers] and [projects.NAME.markers]: their schema. A search is parsed here, so that a wrong one is found before the
// server starts, and named with its column.

import { nearestName } from "../core/nearest.ts";
import { METADATA_PREFIX, searchField, unknownFieldMessage } from "../search/fields.ts";
import { parseSearch } from "../search/parser.ts";
import { SettingRefused, table, text } from "./value_schemas.ts";

/** Edits between "metadata" and what somebody wrote instead. */
const DISTANCE_MAX = 3;

/** Which records are lines in charts. */
export const MarkersSchema = table({
  q: text('a search, such as "touchpoint:deploy/*"', (value) => passing(value, searchProblem)),
  label: text('a field, such as "metadata.build" or "message"', (value) => passing(value, labelProblem), {
    default: "message",
  }),
});

function passing(value: string, problemOf: (value: string) => string | undefined): string {
  const problem = problemOf(value);
  if (problem !== undefined) throw new SettingRefused(problem);
  return value;
}

/** What is wrong with a search, with its column, from 1; undefined: it parses. */
function searchProblem(text: string): string | undefined {
  const parsed = parseSearch(text);
  return parsed.ok ? undefined : `${parsed.problem.message} (column ${parsed.problem.at + 1} of the search)`;
}

/** What is wrong with a field's name; undefined: a record may have it. */
function labelProblem(name: string): string | undefined {
  if (name.startsWith(METADATA_PREFIX) ? name.length > METADATA_PREFIX.length : searchField(name) !== undefined) {
    return undefined;
  }
  const [, head, rest] = /^([^.]*)\.(.+)$/s.exec(name) ?? [];
  const isMetadata = head !== undefined && nearestName(`${head}.`, [METADATA_PREFIX], DISTANCE_MAX) !== undefined;
  return isMetadata
    ? `unknown field ${JSON.stringify(name)}; did you mean ${METADATA_PREFIX}${rest}?`
    : unknownFieldMessage(name);
}
