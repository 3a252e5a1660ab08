// A scope as a condition in SQL: its project, its times as far as they are shown, and its search.

import type { HistoryRange } from "../query/engine.ts";
import { placeOfId } from "../query/scan/ids.ts";
import type { Scope } from "../query/scan/scope.ts";
import type { Visible } from "../query/scan/visible.ts";
import { ALWAYS, andOf, type Condition, exactly, NEVER } from "./condition.ts";
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
  const within = timesOf(scope, projects, readable.visible, parameters);
  return andOf([exactly(within), othersOf(scope, readable, parameters)]);
}

/** Projects of a page that are read apart; with more of them, all are read together. */
export const PROJECTS_APART_MAX = 16;
/** Characters of their conditions together, beyond which all are read together, too: a statement is bounded. */
const APART_LENGTH_MAX = 128 * 1024;

/**
 * The conditions of a scope for each project apart, since the table is sorted by time within a project only. None where
 * it has no records.
 */
export function pageConditions(
  scope: Scope,
  projects: readonly string[],
  readable: Readable,
  parameters: SqlParameters,
): Condition[] {
  const others = othersOf(scope, readable, parameters);
  const length = projects.length * (others.sure.length + others.maybe.length);
  const apart =
    projects.length > PROJECTS_APART_MAX || (projects.length > 1 && length > APART_LENGTH_MAX)
      ? [timesOf(scope, projects, readable.visible, parameters)]
      : projects.map((project) => timesOf({ ...scope, project }, [], readable.visible, parameters));
  return apart.filter((one) => one !== NEVER).map((one) => andOf([exactly(one), others]));
}

/** What a scope asks beside its projects and times. */
function othersOf({ search }: Scope, readable: Readable, parameters: SqlParameters): Condition {
  const { sure, maybe } = searchCondition(search, parameters);
  const shipped = shippedOf(readable, parameters);
  const withSearch = (condition: string) => (condition === ALWAYS ? shipped : `${shipped} AND ${condition}`);
  return { sure: withSearch(sure), maybe: withSearch(maybe) };
}

/** Projects that are shown from one instant on, and their times: Unix ms, `to` is not included. */
interface ShownRange {
  /** A condition: records of these projects. */
  readonly ofProjects: string;
  /** −Infinity and Infinity where there is no bound. */
  readonly from: number;
  readonly to: number;
}

/** The projects and times of a scope: a range for each first instant that some projects have in common. */
export function shownRanges(
  scope: Scope,
  all: readonly string[],
  visible: Visible,
  parameters: SqlParameters,
): ShownRange[] {
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
  return [...byFirst].map(([from, names]) => {
    const [only = ""] = names;
    const ofProjects =
      names.length === 1 ? `project = ${parameters.text(only)}` : `project IN ${parameters.texts(names)}`;
    return { ofProjects, from, to: scope.to };
  });
}

function timesOf(scope: Scope, all: readonly string[], visible: Visible, parameters: SqlParameters): string {
  const groups = shownRanges(scope, all, visible, parameters).map(({ ofProjects, from }) => {
    return from === Number.NEGATIVE_INFINITY ? ofProjects : `(${ofProjects} AND time >= ${parameters.double(from)})`;
  });
  if (groups.length === 0) return NEVER;
  const shown = groups.length === 1 ? (groups[0] as string) : `(${groups.join(" OR ")})`;
  return scope.to === Number.POSITIVE_INFINITY ? shown : `${shown} AND time < ${parameters.double(scope.to)}`;
}

/** Which records are read of the table, whatever the scope. */
export function shippedOf({ node, shippedUpTo, isOwnOnly }: Readable, parameters: SqlParameters): string {
  const { id } = placeOfId(Math.max(shippedUpTo, 0));
  const [own, last] = [parameters.unsigned(node), parameters.unsigned(id)];
  return isOwnOnly ? `(node = ${own} AND id <= ${last})` : `(node != ${own} OR id <= ${last})`;
}
