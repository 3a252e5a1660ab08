// Key pairs as people and scripts may see them.

import type { Settings } from "../../config/settings.ts";

/** One pair, its keys masked; null for what is not set. */
export interface PairRow {
  readonly name: string;
  readonly project: string;
  readonly server: string | null;
  readonly client: string | null;
  readonly origins: readonly string[];
  readonly rate: number | null;
  readonly revoked: boolean;
}

/** The pairs in the order of the file. */
export function pairRows(settings: Settings): PairRow[] {
  return settings.keys.map((pair) => ({
    name: pair.name,
    project: pair.project,
    server: pair.serverMasked ?? null,
    client: pair.clientMasked ?? null,
    origins: pair.origins,
    rate: pair.rate ?? null,
    revoked: pair.revoked,
  }));
}
