// The order of a page in SQL, and its windows of time: a page is read in one after the other, so that parts of the table
// with other times are not opened.

import { placeOfId } from "../query/scan/ids.ts";
import type { Place } from "../query/scan/page_order.ts";
import type { Scope } from "../query/scan/scope.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/**
 * The order of the table within a project, by which ClickHouse reads it: from its end, numbers that are none, of which
 * there are none, would come first.
 */
export const PAGE_ORDER = {
  1: "time ASC, node ASC, id ASC",
  [-1]: "time DESC NULLS FIRST, node DESC, id DESC",
} as const;

/** A part of what a page may have: of these projects, after a place, up to an edge in time (undefined: no edge), at most so many rows. */
export interface PageWindow {
  readonly projects: readonly string[];
  readonly after: Place;
  readonly edge: number | undefined;
  readonly size: number;
}

/** The first window of time of a page, in ms; each further one is longer. Pages are often of the last minutes. */
const WINDOW_MS = 15 * 60_000;
const WINDOW_GROWTH = 16;
const WINDOWS_MAX = 4;

/**
 * Where the windows of a page end, in its order; the last window has no edge. None where nothing says where its first
 * record may be. @param now Unix ms: newer records are few
 */
export function windowEdges(direction: 1 | -1, after: number, { from, to }: Scope, now: number): number[] {
  const given = direction === 1 ? Math.max(after, from) : Math.min(after, to);
  const begin = Number.isFinite(given) || direction === 1 ? given : now;
  if (!Number.isFinite(begin)) return [];
  const edges = Array.from({ length: WINDOWS_MAX }, (_, at) => begin + direction * WINDOW_MS * WINDOW_GROWTH ** at);
  return edges.filter((edge) => (direction === 1 ? edge < to : edge > from));
}

/** Places of a window. */
export function windowCondition({ after, edge }: PageWindow, direction: 1 | -1, parameters: SqlParameters): string {
  const place = afterPlace(after, direction, parameters);
  return edge === undefined ? place : `${place} AND time ${direction === 1 ? "<=" : ">="} ${parameters.double(edge)}`;
}

/** What comes after a place, in the order of time, node and id. */
function afterPlace({ time, id }: Place, direction: 1 | -1, parameters: SqlParameters): string {
  const sign = direction === 1 ? ">" : "<";
  if (!Number.isFinite(time)) return "1";
  const at = parameters.double(time);
  if (id === Number.POSITIVE_INFINITY) return direction === 1 ? `time > ${at}` : `time <= ${at}`;
  const place = placeOfId(id);
  const later = `(node, id) ${sign} (${parameters.unsigned(place.node)}, ${parameters.unsigned(place.id)})`;
  return `(time ${sign}= ${at} AND (time ${sign} ${at} OR ${later}))`;
}
