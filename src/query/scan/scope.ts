// The scope of a query, once it is resolved: the parsed search, and the times of each project that may be shown.

import { assert } from "../../core/errors.ts";
import type { MarkerRule } from "../../core/markers.ts";
import type { QueryRefusal, QueryScope } from "../../core/queries.ts";
import type { Steps } from "../../core/steps.ts";
import { type Expression, shareEqualTerms } from "../../search/expression.ts";
import { parseSearch } from "../../search/parser.ts";

/** The configuration of projects, as far as queries need it. */
export interface ReadRules {
  /** Own members only: a project may be called "constructor". */
  readonly projects: Readonly<Record<string, ProjectRules>>;
  /** For projects without rules of their own. */
  readonly defaultProject: ProjectRules;
  /** How long a start may wait for its end, in ms. Undefined: not known. */
  readonly timeoutMs?: number;
  /** The markers of all projects that have no rule of their own; undefined: none. */
  readonly markers?: MarkerRule | undefined;
}

export interface ProjectRules {
  readonly retentionMs: number;
  /** Entries in a UTC month; undefined: no limit. */
  readonly monthlyEntries: number | undefined;
  readonly overage: "continue" | "drop";
  /** The project's own markers. */
  readonly markers?: MarkerRule;
}

export function projectRules(rules: ReadRules, project: string): ProjectRules {
  return (isConfigured(rules, project) ? rules.projects[project] : undefined) ?? rules.defaultProject;
}

function isConfigured({ projects }: ReadRules, project: string): boolean {
  return Object.hasOwn(projects, project);
}

/** Projects that a refusal names. */
const PROJECTS_NAMED_MAX = 50;

/**
 * A refusal where neither the configuration nor the data file knows the project; undefined where one does.
 * @param project undefined: all projects
 * @param stored reads the projects of the data file
 */
export function refuseUnknownProject(
  project: string | undefined,
  rules: ReadRules,
  stored: () => readonly string[],
): QueryRefusal | undefined {
  if (project === undefined || isConfigured(rules, project)) return undefined;
  return refuseUnstoredProject(project, rules, stored());
}

/** As `refuseUnknownProject`, where the stored projects come in steps. */
export function* refuseUnknownProjectSteps(
  project: string | undefined,
  rules: ReadRules,
  stored: () => Steps<readonly string[]>,
): Steps<QueryRefusal | undefined> {
  if (project === undefined || isConfigured(rules, project)) return undefined;
  return refuseUnstoredProject(project, rules, yield* stored());
}

function refuseUnstoredProject(project: string, rules: ReadRules, known: readonly string[]): QueryRefusal | undefined {
  if (known.includes(project)) return undefined;
  const all = [...new Set([...known, ...Object.keys(rules.projects)])].sort();
  const named = all.slice(0, PROJECTS_NAMED_MAX).join(", ") || "none yet";
  return { code: "unknown_project", message: `there is no project "${project}"; there are: ${named}` };
}

/** Times in Unix ms; `from` is included, `to` is not. */
export interface Scope {
  /** Undefined: all projects. */
  readonly project: string | undefined;
  readonly search: Expression;
  /** −Infinity and Infinity where there is no bound. */
  readonly from: number;
  readonly to: number;
  /** Records with higher ids only; undefined: with any. As ids are shown. */
  readonly afterId?: number;
  /** The first instant of a project that is shown: `from`, or where its retention begins if that is later. */
  readonly shownFrom: (project: string) => number;
  /** Where a project's retention begins, whatever `from` is. */
  readonly retainedFrom: (project: string) => number;
}

/** Parses and checks a scope. @param now Unix ms: decides which records have expired. */
export function resolveScope(scope: QueryScope, rules: ReadRules, now: number): Scope | QueryRefusal {
  const from = scope.from ?? Number.NEGATIVE_INFINITY;
  const to = scope.to ?? Number.POSITIVE_INFINITY;
  if (!(from < to)) return { code: "bad_range", message: "from must be before to" };
  const parsed = parseSearch(scope.q, scope.timeZone);
  if (!parsed.ok) return { code: "bad_query", ...parsed.problem };
  assert(!Number.isNaN(now), "now is an instant");
  const retainedFrom = (project: string) => now - projectRules(rules, project).retentionMs;
  return {
    project: scope.project,
    search: shareEqualTerms(parsed.search),
    from,
    to,
    shownFrom: (project) => Math.max(from, retainedFrom(project)),
    retainedFrom,
  };
}

export function isRefusal(value: object): value is QueryRefusal {
  return "code" in value && "message" in value;
}
