// Where a page of records ended: behind this time and id, newest first. Keyset and not offset, so new data in front of it moves
// nothing.

/** Records at or before this place come next: earlier times, and of the same time lower ids. */
export interface Place {
  /** Unix ms. */
  readonly time: number;
  readonly id: number;
}

/** Before every record. */
export const NEWEST: Place = { time: Number.POSITIVE_INFINITY, id: Number.POSITIVE_INFINITY };

const FORM = /^1\.(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\.(\d+|end)$/;

/** As text for a URL; read back by `parseCursor`. */
export function formatCursor({ time, id }: Place): string {
  return Buffer.from(`1.${time}.${id === Number.POSITIVE_INFINITY ? "end" : id}`).toString("base64url");
}

/** The place, or undefined where the text is none of ours. */
export function parseCursor(text: string): Place | undefined {
  if (text.length > 128 || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  const match = FORM.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (match === null) return undefined;
  const time = Number(match[1]);
  const id = match[2] === "end" ? Number.POSITIVE_INFINITY : Number(match[2]);
  return Number.isFinite(time) ? { time, id } : undefined;
}

/** Whether a record lies behind the place. */
export function isBehind(time: number, id: number, place: Place): boolean {
  return time < place.time || (time === place.time && id < place.id);
}
