// What a worker begins with, and what it is told while it runs.

import type { RestoredState } from "../commit/group_write.ts";
import type { ProjectRules, RedoBatch } from "../commit/redo_group.ts";
import type { ApiKey, KeyIdentity } from "../core/batch.ts";
import type { ClockReading } from "../core/clock.ts";
import type { PairingLimits } from "./pairing/pairing.ts";
import type { RequestLimits } from "./retries/recent_requests.ts";

/** A key that is admitted now. */
export interface LiveKey extends Pick<ApiKey, "origins" | "rate"> {
  /** Into the keys. */
  readonly index: number;
  /** Of its text, in lower-case hexadecimal. */
  readonly sha256: string;
}

/** A batch that a group stages. */
export type StagedBatch = Omit<RedoBatch, "number" | "identity">;

/** What a reload of the configuration changes. */
export interface IngestRules {
  readonly keys: readonly KeyIdentity[];
  readonly projects: Readonly<Record<string, ProjectRules>>;
  readonly defaultProject: ProjectRules;
}

/** What holds for a project. Own members only: a project may be called "constructor". */
export function projectRules({ projects, defaultProject }: Omit<IngestRules, "keys">, project: string): ProjectRules {
  return (Object.hasOwn(projects, project) ? projects[project] : undefined) ?? defaultProject;
}

export interface IngesterOptions {
  readonly state: RestoredState;
  readonly pairing: PairingLimits;
  readonly requests: RequestLimits;
  /** Names this process. */
  readonly run: string;
  readonly rules: IngestRules;
  /** Nothing that waited before gets a deadline before this, by the steady clock; Unix ms. */
  readonly deadlinesFrom: number;
  readonly clock: ClockReading;
}
