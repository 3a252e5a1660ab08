// What happened around a record: those before and after it of its project, and perhaps only those that share its
// touchpoint, source or key. The address names the record's place; two pages of the read API give the rest.

import type { ShownRecord } from "../../../core/record.ts";
import type { EntriesResponse } from "../../../core/responses.ts";
import type { Outcome, QueryParameters } from "../../state/query.ts";
import type { ParameterChanges } from "../../state/router.ts";
import { exactTerm } from "../../state/search_text.ts";

/** Records on each side. */
export const NEAR_RECORDS = 50;

/** Fields that the surroundings can share with the record. */
export const SHARED_FIELDS = ["touchpoint", "source", "key"] as const;
export type SharedField = (typeof SHARED_FIELDS)[number];

/** A record's place in the order of records. */
export interface Place {
  /** Unix ms. */
  readonly time: number;
  readonly id: number;
}

const NEAR = /^(\d{1,16}(?:\.\d{1,20})?):([1-9]\d{0,15})$/;

/** The parameters that show what is around a record, which is open. */
export function nearParameters({ time, id }: Place): ParameterChanges {
  return { near: `${time}:${id}`, open: String(id), live: undefined };
}

/** The changes that lead back to the search. */
export const NEAR_CLOSED: ParameterChanges = { near: undefined, same: undefined };

/** The place in an address: "1718900000000:421". Undefined for any other text. */
export function parseNear(text: string): Place | undefined {
  const [, time, id] = NEAR.exec(text) ?? [];
  return time === undefined ? undefined : { time: Number(time), id: Number(id) };
}

/** The fields in an address: "touchpoint,key". Unknown ones are left out. */
export function parseShared(text: string): readonly SharedField[] {
  const names = text.split(",");
  return SHARED_FIELDS.filter((field) => names.includes(field));
}

/** A route of records. */
export type AskEntries = (parameters: QueryParameters) => Promise<Outcome<EntriesResponse>>;

export interface SurroundingsQuery {
  readonly place: Place;
  readonly shared: readonly SharedField[];
  readonly isOldestFirst: boolean;
  /** Where the record is no longer stored. "": all projects. */
  readonly project: string;
}

/** The record between those before and after it, as one page without a next one. */
export async function findSurroundings(
  ask: AskEntries,
  { place, shared, isOldestFirst, project }: SurroundingsQuery,
): Promise<Outcome<EntriesResponse>> {
  const own = await ask({ q: `id:${place.id}`, limit: 1 });
  if (!own.ok) return own;
  const [record] = own.value.entries;
  const found = { project: record?.project ?? project, q: record === undefined ? "" : termsOf(record, shared) };
  const page = (order: "asc" | "desc") =>
    ask({ ...found, order, limit: NEAR_RECORDS, cursor: `${place.time}:${place.id}` });
  const [before, after] = await Promise.all([page("desc"), page("asc")]);
  if (!before.ok) return before;
  if (!after.ok) return after;
  const entries = [...before.value.entries.toReversed(), ...own.value.entries, ...after.value.entries];
  return {
    ok: true,
    value: {
      ...before.value,
      ...after.value,
      entries: isOldestFirst ? entries : entries.toReversed(),
      nextCursor: null,
    },
  };
}

function termsOf(record: ShownRecord, shared: readonly SharedField[]): string {
  const terms = shared.map((field) => {
    const value = record[field];
    return value === undefined ? `-${field}:*` : exactTerm(field, value);
  });
  return terms.join(" ");
}
