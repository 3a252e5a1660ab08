// What readers may change through the one connection that writes, and what becomes of it.

import type { EraseReport, TouchpointRow } from "./account_responses.ts";
import type { QueryScope } from "./queries.ts";
import type { StoredSession } from "./session.ts";

/** What a reader may change, through the one connection that writes. */
export type ChangeRequest =
  | { readonly kind: "register_touchpoint"; readonly project: string; readonly name: string }
  /** Renames in the list; history keeps the old name where records carry it. */
  | { readonly kind: "rename_touchpoint"; readonly project: string; readonly name: string; readonly to: string }
  | { readonly kind: "delete_touchpoint"; readonly project: string; readonly name: string }
  /** Removes every record that matches, for good. */
  | { readonly kind: "erase"; readonly scope: QueryScope & { readonly project: string } }
  /** The app's sessions that are open now, in place of those that were kept before. */
  | { readonly kind: "keep_sessions"; readonly sessions: readonly StoredSession[] };

export type ChangeRefusalCode =
  | "not_found"
  | "already_there"
  | "limit"
  | "bad_query"
  | "unknown_project"
  | "unavailable";

export type ChangeOutcome =
  | {
      readonly ok: true;
      readonly touchpoint?: TouchpointRow;
      /** A name that nobody had registered, and that left the list to make room. */
      readonly unlisted?: string;
      readonly erased?: EraseReport;
    }
  | {
      readonly ok: false;
      readonly refusal: { readonly code: ChangeRefusalCode; readonly message: string; readonly at?: number };
    };

export interface ChangeService {
  change(request: ChangeRequest): Promise<ChangeOutcome>;
}
