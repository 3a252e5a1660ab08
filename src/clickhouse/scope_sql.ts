// A scope as a condition in SQL: its project, its times as far as they are shown, and its search.

import type { HistoryRange } from "../query/engine.ts";
import { placeOfId } from "../query/scan/ids.ts";
import type { Scope } from "../query/scan/scope.ts";
import type { Visible } from "../query/scan/visible.ts";
import { ALWAYS, type Condition, NEVER } from "./condition.ts";
import { searchCondition } from "./search_sql.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/** Which records of the table a query reads. */
export interface Readable extends HistoryRange {
  /** The number of this node. */
  readonly node: number;
}

/** The condition of a scope. @param projects those with records, which a scope of all projects means */
export function scopeCondition(
  scope: Scope,
  projects: readonly string[],
  readable: Readable,
  parameters: SqlParameters,
): Condition {
  const outer = [timesOf(scope, projects, readable.visible, parameters), shippedOf(readable, parameters)].join(" AND ");
  const { sure, maybe } = searchCondition(scope.search, parameters);
  return {
    sure: sure === ALWAYS ? outer : `${outer} AND ${sure}`,
    maybe: maybe === ALWAYS ? outer : `${outer} AND ${maybe}`,
  };
}

/** The projects and times of a scope. A condition for each first instant that some projects have in common. */
function timesOf(scope: Scope, all: readonly string[], visible: Visible, parameters: SqlParameters): string {
  const asked = scope.project === undefined ? all : [scope.project];
  const projects = visible === undefined ? asked : asked.filter((project) => visible.includes(project));
  const byFirst = new Map<number, string[]>();
  for (const project of projects) {
    const first = scope.shownFrom(project);
    if (first >= scope.to) continue;
    const others = byFirst.get(first);
    if (others === undefined) byFirst.set(first, [project]);
    else others.push(project);
  }
  if (byFirst.size === 0) return NEVER;
  const groups = [...byFirst].map(([first, names]) => {
    const [only = ""] = names;
    const ofProject =
      names.length === 1 ? `project = ${parameters.text(only)}` : `project IN ${parameters.texts(names)}`;
    return first === Number.NEGATIVE_INFINITY ? ofProject : `(${ofProject} AND time >= ${parameters.double(first)})`;
  });
  const shown = groups.length === 1 ? (groups[0] as string) : `(${groups.join(" OR ")})`;
  return scope.to === Number.POSITIVE_INFINITY ? shown : `${shown} AND time < ${parameters.double(scope.to)}`;
}

function shippedOf({ node, shippedUpTo, isOwnOnly }: Readable, parameters: SqlParameters): string {
  const { id } = placeOfId(Math.max(shippedUpTo, 0));
  const [own, last] = [parameters.unsigned(node), parameters.unsigned(id)];
  return isOwnOnly ? `(node = ${own} AND id <= ${last})` : `(node != ${own} OR id <= ${last})`;
}
