/** The UTC month of an instant in Unix ms, "2026-11". Throws RangeError past what a date can hold. */
export function monthOf(time: number): string {
  return new Date(time).toISOString().slice(0, 7);
}
