// A line without axes, as large as a word. It shows a shape; the numbers stand beside it.

import { sparklinePath } from "../state/sparkline_path.ts";

interface SparklineProps {
  /** Equally far apart; null is a gap. */
  readonly values: readonly (number | null)[];
  /** What it shows, read aloud: "p95 over the last hour". */
  readonly label: string;
  readonly widthPx?: number;
  readonly heightPx?: number;
}

export function Sparkline({ values, label, widthPx = 96, heightPx = 20 }: SparklineProps) {
  return (
    <svg class="sparkline" role="img" aria-label={label} width={widthPx} height={heightPx}>
      <path d={sparklinePath(values, widthPx, heightPx)} />
    </svg>
  );
}
