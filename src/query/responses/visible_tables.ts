// Narrows the tables to some projects: see scan/visible.ts.

import { projectFilter, type Visible } from "../scan/visible.ts";
import type { TablesSource } from "./tables.ts";

/** Rows of the data file's tables that are read to find those of some projects: more than there ever are. */
const ROWS_READ_MAX = Number.MAX_SAFE_INTEGER;

/** The rows of these projects only. */
export function visibleTables(tables: TablesSource, visible: Visible): TablesSource {
  if (visible === undefined) return tables;
  const isVisible = projectFilter(visible);
  const asked = (project: string | undefined) =>
    project === undefined ? visible : visible.filter((one) => one === project);
  return {
    touchpoints: (project) => tables.touchpoints(project).filter(isVisible),
    registered: (project) => asked(project).flatMap((one) => tables.registered(one)),
    usageCounters: () => tables.usageCounters().filter(isVisible),
    storage: () => tables.storage().filter(isVisible),
    monthBytes: () => tables.monthBytes().filter(isVisible),
    *rejections(project, limit) {
      let left = limit;
      for (const row of tables.rejections(project, ROWS_READ_MAX)) {
        if (!isVisible(row)) continue;
        if (left-- <= 0) return;
        yield row;
      }
    },
    *openStarts() {
      for (const one of tables.openStarts()) if (isVisible(one)) yield one;
    },
    keyUse: () => [],
    // Everybody's are the reader's as well.
    views: (project) => tables.views(project).filter((view) => view.project === null || visible.includes(view.project)),
    ambiguousPairs(project, from, to) {
      const sums = new Map<string, number>();
      for (const one of asked(project)) {
        for (const [name, pairs] of tables.ambiguousPairs(one, from, to)) sums.set(name, (sums.get(name) ?? 0) + pairs);
      }
      return sums;
    },
  };
}
