// Addresses for others. A view is what one wants to see again: its range goes with time, and no record is open. A link
// is what one sees now: its range is fixed, and it carries the open record.

import { type Address, changeParameters, formatAddress, type ParameterChanges, parseAddress } from "./router.ts";
import { rangeBounds, type TimeRange } from "./time_range.ts";

/** The address to save. A range with fixed ends is left out. */
export function viewAddress({ page, parameters }: Address, range: TimeRange): string {
  const changes: ParameterChanges = {
    open: undefined,
    ...(range.kind === "last" ? {} : { from: undefined, to: undefined }),
  };
  return formatAddress({ page, parameters: changeParameters(parameters, changes) });
}

/**
 * The address of what is shown now, which stays the same tomorrow. `now` in Unix ms.
 * @param hasRange whether the page shows a range
 */
export function linkAddress({ page, parameters }: Address, range: TimeRange, hasRange: boolean, now: number): string {
  if (!hasRange) return formatAddress({ page, parameters });
  const { from, to = now } = rangeBounds(range, now);
  const changes: ParameterChanges = {
    from: from === undefined ? undefined : new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    // New records do not belong to it.
    live: undefined,
  };
  return formatAddress({ page, parameters: changeParameters(parameters, changes) });
}

/** The address in a text that `viewAddress` made. Any other text is some page, too. */
export function addressOf(text: string): Address {
  const [path = "", ...search] = text.split("?");
  return parseAddress(path, search.join("?"));
}
