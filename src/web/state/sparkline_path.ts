// Numbers to an SVG path: from zero at the bottom to the largest at the top, with gaps where there is no number.

/** Kept free at the top and the bottom for the line's own width, in px. */
const MARGIN_PX = 1.5;

/** A lone number between gaps becomes a dot. "" where there is no number at all. */
export function sparklinePath(values: readonly (number | null)[], widthPx: number, heightPx: number): string {
  const max = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const step = values.length > 1 ? widthPx / (values.length - 1) : 0;
  const parts: string[] = [];
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const share = max === 0 ? 0 : Math.max(0, value) / max;
    const at = `${round(index * step)} ${round(heightPx - MARGIN_PX - share * (heightPx - 2 * MARGIN_PX))}`;
    const hasBefore = index > 0 && values[index - 1] !== null;
    const hasNext = index + 1 < values.length && values[index + 1] !== null;
    parts.push(hasBefore ? `L${at}` : hasNext ? `M${at}` : `M${at}h0.01`);
  }
  return parts.join("");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
