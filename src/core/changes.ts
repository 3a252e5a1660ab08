// Changes of stored data that the read API, the commands and the app request. The writer thread makes them, on the one
// connection that writes.

import type { EraseReport, TouchpointRow } from "./account_responses.ts";
import type { AlertRow, AlertWrite } from "./alerts.ts";
import type { QueryScope } from "./queries.ts";
import type { StoredSession } from "./session.ts";
import type { SavedView, ViewChange } from "./views.ts";

/** A change, by kind. */
export type ChangeRequest =
  | { readonly kind: "register_touchpoint"; readonly project: string; readonly name: string }
  /**
   * Registers every name that was seen and is not registered, of one project or of all, 10,000 at most. `contains`: only
   * those that have this text in them, in any case; "" for all.
   */
  | { readonly kind: "register_seen"; readonly project: string | undefined; readonly contains: string }
  /** Renames it in the list. Stored records keep the old name. */
  | { readonly kind: "rename_touchpoint"; readonly project: string; readonly name: string; readonly to: string }
  | { readonly kind: "delete_touchpoint"; readonly project: string; readonly name: string }
  | ViewChange
  /** Removes every matching record, permanently. */
  | {
      readonly kind: "erase";
      readonly scope: QueryScope & { readonly project: string };
      /** Touchpoints of records that are not in the data file: they stay in its list. */
      readonly touchpointsElsewhere?: readonly string[];
    }
  /** Writes rows of alerts and the records about them, in one transaction. */
  | { readonly kind: "write_alerts"; readonly write: AlertWrite }
  /** All rows of alerts. */
  | { readonly kind: "read_alerts" }
  /** Replaces the stored sessions of the app by those that are open now. */
  | { readonly kind: "keep_sessions"; readonly sessions: readonly StoredSession[] };

/** Why a change is refused. */
export type ChangeRefusalCode =
  | "not_found"
  | "already_there"
  | "limit"
  | "bad_query"
  | "unknown_project"
  | "unavailable";

/** The result of a change, or its refusal. `at`: where in the search, in UTF-16 units from 0. */
export type ChangeOutcome =
  | {
      readonly ok: true;
      readonly touchpoint?: TouchpointRow;
      /** Of register_seen: how many names are registered now, and how many more there are. */
      readonly seen?: { readonly registered: number; readonly left: number };
      /** An unregistered name that was removed from the full list to make room. */
      readonly unlisted?: string;
      readonly view?: SavedView;
      readonly erased?: EraseReport;
      /** By kind and id. */
      readonly alerts?: readonly AlertRow[];
    }
  | {
      readonly ok: false;
      readonly refusal: { readonly code: ChangeRefusalCode; readonly message: string; readonly at?: number };
    };

/** Sends changes to the writer thread. */
export interface ChangeService {
  change(request: ChangeRequest): Promise<ChangeOutcome>;
}
