// What client keys can use of a project's monthly quota: browsers' keys are public, and must not use up what servers need.

import type { Settings } from "./settings.ts";

/** Entries a month, or undefined where nothing but the quota itself bounds them: no quota, or no live server key to keep room for. */
export function clientQuotaOf({ keys, projects, queue }: Settings, project: string): number | undefined {
  const monthlyEntries = Object.hasOwn(projects, project) ? projects[project]?.monthlyEntries : undefined;
  const hasServerKey = keys.some(
    (pair) => pair.project === project && !pair.revoked && pair.serverSha256 !== undefined,
  );
  return monthlyEntries === undefined || !hasServerKey ? undefined : Math.floor(monthlyEntries * queue.clientShare);
}
