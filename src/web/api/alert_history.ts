// What fired in the chosen range, as records of the server's own project: not everybody may read that.

import { SERVER_PROJECT } from "../../core/alerts.ts";
import type { EntriesResponse } from "../../core/responses.ts";
import { useScope } from "../state/app_context.ts";
import type { QueryHandle } from "../state/query.ts";
import { rangeQuery } from "../state/time_range.ts";
import { useQuery, useViewer } from "./server_context.ts";

/** Records that are looked at, the newest. */
const CHANGES_MAX = 1_000;

export interface AlertHistory {
  readonly query: QueryHandle<EntriesResponse>;
  /** False: a reader of other projects. Until it is known who is signed in, nothing is asked. */
  readonly mayRead: boolean;
}

/** @param pollMs how often a range that ends now is asked for again */
export function useAlertHistory(isWanted: boolean, pollMs: number): AlertHistory {
  const { range } = useScope();
  const viewer = useViewer();
  const isKnown = viewer !== undefined;
  const mayRead = viewer?.projects?.includes(SERVER_PROJECT) ?? true;
  const query = useQuery(
    "/api/v1/alerts/history",
    isWanted && isKnown && mayRead ? { ...rangeQuery(range), limit: CHANGES_MAX } : undefined,
    { pollMs: range.kind === "last" ? pollMs : undefined },
  );
  return { query, mayRead };
}
