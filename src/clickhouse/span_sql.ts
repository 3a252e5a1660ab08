// The first and the last time of the records of each project, in SQL.

import type { Scope } from "../query/scan/scope.ts";
import { RECORDS } from "./schema.ts";
import { PROJECTS_APART_MAX, pageConditions, type Readable } from "./scope_sql.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/**
 * Rows of a project, a first time and a last one, several of a project; undefined where the scope has no records. The
 * scope's search is that for everything. Within a project the table is sorted by time, so that a record of each end is
 * read (ten million records: 20 ms of processor time for 290).
 */
export function spansStatement(
  scope: Scope,
  projects: readonly string[],
  readable: Readable,
  parameters: SqlParameters,
): string | undefined {
  const conditions = pageConditions(scope, projects, readable, parameters).map(({ sure }) => sure);
  if (conditions.length === 0) return undefined;
  if (projects.length > PROJECTS_APART_MAX) {
    return `SELECT project, min(time), max(time) FROM ${RECORDS} WHERE ${conditions.join(" OR ")} GROUP BY project`;
  }
  const ends = conditions.flatMap((condition) => {
    const one = `SELECT project, time AS first, time AS last FROM ${RECORDS} WHERE ${condition} ORDER BY time`;
    // From the end of the table's order, numbers that are none, of which there are none, would come first.
    return [`(${one} LIMIT 1)`, `(${one} DESC NULLS FIRST LIMIT 1)`];
  });
  return ends.join(" UNION ALL ");
}
