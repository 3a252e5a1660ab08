// Names of touchpoints, which clients choose: how long a name can be that is listed, and what is shown of a longer one.

/** Characters (UTF-16 units) of a name that can be listed; a longer one is stored with its records only. */
export const TOUCHPOINT_LENGTH_MAX = 512;

/** Bytes of UTF-8 that no such name exceeds. */
export const TOUCHPOINT_BYTES_MAX = 3 * TOUCHPOINT_LENGTH_MAX;

/** The name, or the beginning of one that is too long to be listed, with an ellipsis. */
export function cutTouchpoint(name: string): string {
  return name.length <= TOUCHPOINT_LENGTH_MAX ? name : `${name.slice(0, TOUCHPOINT_LENGTH_MAX).toWellFormed()}…`;
}

/** Whether only the beginning of a name is known: it was cut. */
export function isCutTouchpoint(name: string): boolean {
  return name.length > TOUCHPOINT_LENGTH_MAX;
}
