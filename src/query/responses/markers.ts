// The records that the configuration calls markers, newest first: an ordinary page of records for each rule, of which a
// time and a label remain.

import { MARKER_LABEL_LENGTH_MAX, MARKERS_MAX } from "../../core/limits.ts";
import type { MarkerRule } from "../../core/markers.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { ShownRecord } from "../../core/record.ts";
import type { Marker, MarkersResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { METADATA_PREFIX, unquote } from "../../search/fields.ts";
import { parseSearch } from "../../search/parser.ts";
import { forEachValueAt } from "../match/metadata_path.ts";
import type { ScanContext } from "../scan/records.ts";
import { isRefusal, type ReadRules, type Scope } from "../scan/scope.ts";
import { entriesResponse } from "./entries.ts";

/** The markers of a scope, whose own search is not looked at. Without a rule there are none. */
export function* markersResponse(
  context: ScanContext,
  scope: Scope,
  rules: ReadRules,
): Steps<MarkersResponse | QueryRefusal> {
  const markers: Marker[] = [];
  const notes: Pick<MarkersResponse, "stoppedEarly" | "damagedBlocks">[] = [];
  let isCut = false;
  for (const { rule, own } of ruledScopes(scope, rules)) {
    const parsed = parseSearch(rule.q);
    if (!parsed.ok) return { code: "bad_query", message: `the configuration's markers.q: ${parsed.problem.message}` };
    const request = { limit: MARKERS_MAX, cursor: undefined };
    const page = yield* entriesResponse(context, { ...own, search: parsed.search }, request);
    if (isRefusal(page)) return page;
    const { entries, nextCursor, ...warnings } = page;
    markers.push(...entries.map((record) => markerOf(record, rule.label)));
    isCut ||= nextCursor !== null;
    notes.push(warnings);
  }
  markers.sort((a, b) => b.time - a.time || b.id - a.id);
  const listed = markers.slice(0, MARKERS_MAX);
  return { markers: listed, more: isCut || markers.length > listed.length, ...Object.assign({}, ...notes) };
}

interface RuledScope {
  readonly rule: MarkerRule;
  readonly own: Scope;
}

/** A project's own rule takes the place of the one for all. */
function ruledScopes(scope: Scope, { projects, markers }: ReadRules): RuledScope[] {
  const own = Object.entries(projects).flatMap(([project, { markers: rule }]) => {
    return rule === undefined || (scope.project ?? project) !== project ? [] : [{ project, rule }];
  });
  const ruled = own.map(({ project, rule }) => ({ rule, own: { ...scope, project } }));
  const names = new Set(own.map(({ project }) => project));
  if (markers === undefined || (scope.project !== undefined && names.has(scope.project))) return ruled;
  const others: Scope = {
    ...scope,
    shownFrom: (project) => (names.has(project) ? Number.POSITIVE_INFINITY : scope.shownFrom(project)),
  };
  return [...ruled, { rule: markers, own: others }];
}

function markerOf(record: ShownRecord, field: string): Marker {
  const { id, project, time, message, touchpoint } = record;
  const named = valueOf(record, field) || message || touchpoint || `record ${id}`;
  const label = named.slice(0, MARKER_LABEL_LENGTH_MAX).toWellFormed();
  return { id, project, time, label };
}

/** The first value of the field, as a text; "" where there is none. */
function valueOf(record: ShownRecord, field: string): string {
  if (!field.startsWith(METADATA_PREFIX)) return textOf((record as unknown as Record<string, unknown>)[field]);
  const written = field.slice(METADATA_PREFIX.length);
  const values: unknown[] = [];
  forEachValueAt(record.metadata, unquote(written) ?? written, (value) => values.push(value));
  return textOf(values[0]);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
