// Narrows what a request reads to some projects: the blocks and the rules of these, and of no other. What makes a
// response knows nothing of it, so nothing of another project can get into one. responses/visible_tables.ts does the same
// with tables.

import type { ProjectRules, ReadRules } from "./scope.ts";
import type { QuerySource } from "./source.ts";

/** The projects that a request may see; undefined: all. */
export type Visible = readonly string[] | undefined;

/** The blocks of these projects only. */
export function visibleSource(source: QuerySource, visible: Visible): QuerySource {
  if (visible === undefined) return source;
  const isVisible = projectFilter(visible);
  return {
    begin: () => source.begin(),
    end: () => source.end(),
    list: (filter) => source.list(filter).filter(isVisible),
    listIds: (from, to) => source.listIds(from, to).filter(isVisible),
    open: (block) => source.open(block),
    nextRecordId: () => source.nextRecordId(),
    projects: () => visibleNames(source.projects(), visible),
  };
}

/** The rules of these projects only. */
export function visibleRules(rules: ReadRules, visible: Visible): ReadRules {
  if (visible === undefined) return rules;
  const projects: Record<string, ProjectRules> = Object.create(null);
  for (const name of visible) {
    const found = Object.hasOwn(rules.projects, name) ? rules.projects[name] : undefined;
    if (found !== undefined) projects[name] = found;
  }
  return { ...rules, projects };
}

/** Those of the names that may be seen. */
export function visibleNames(names: readonly string[], visible: Visible): readonly string[] {
  return visible === undefined ? names : names.filter((name) => visible.includes(name));
}

/** Whether a row is of one of these projects. */
export function projectFilter(visible: readonly string[]): (row: { readonly project: string }) => boolean {
  const projects = new Set(visible);
  return ({ project }) => projects.has(project);
}
