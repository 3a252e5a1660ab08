// What the configuration says about keys and projects, as ingestion needs it. A reload replaces it.

import type { ProjectRules } from "../commit/redo_group.ts";
import type { ApiKey, KeyIdentity } from "../core/batch.ts";

/** A key in force. */
export interface LiveKey extends Pick<ApiKey, "origins" | "rate"> {
  /** Its index in the list of keys. */
  readonly index: number;
  /** SHA-256 of its text, in hexadecimal. */
  readonly sha256: string;
}

/** What the checks of a body depend on. */
export interface CheckRules {
  /** By the index that the main thread gives them. The list only grows: it has keys that are not in force any more. */
  readonly keys: readonly KeyIdentity[];
  readonly live: readonly LiveKey[];
  /** Entries of one batch. */
  readonly entriesMax: number;
}

/** What becomes of checked entries depends on this. */
export interface IngestRules {
  /** As in CheckRules. */
  readonly keys: readonly KeyIdentity[];
  /** By name of the project. */
  readonly projects: Readonly<Record<string, ProjectRules>>;
  /** Of projects that are not in `projects`. */
  readonly defaultProject: ProjectRules;
}

/** The rules of a project. Only own members count: a project may be called "constructor". */
export function projectRules({ projects, defaultProject }: Omit<IngestRules, "keys">, project: string): ProjectRules {
  return (Object.hasOwn(projects, project) ? projects[project] : undefined) ?? defaultProject;
}
