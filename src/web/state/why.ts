// The Why? rail in the address: whether it is shown, and what it compares.

import type { ParameterChanges } from "./router.ts";

/** Shown where it has a value. */
export const WHY_PARAMETER = "why";
/** A second search: only records that match it are compared. */
export const AMONG_PARAMETER = "among";

/** The parameters that show the rail, or hide it. @param among "": everything of the range is compared. */
export function whyParameters(isShown: boolean, among = ""): ParameterChanges {
  return isShown
    ? { [WHY_PARAMETER]: "on", [AMONG_PARAMETER]: among }
    : { [WHY_PARAMETER]: undefined, [AMONG_PARAMETER]: undefined };
}
