// Differences between two ranges: a sign, the amount, and a colour that says the same.

import { formatCount, formatDuration } from "../../core/format.ts";
import type { TimingChange } from "../../core/responses.ts";
import { Badge, formatShare } from "./values.tsx";

interface ChangeProps {
  /** The difference. Null: there is none. */
  readonly value: number | null | undefined;
  readonly format: (amount: number) => string;
  /** Whether more is worse. Undefined: neither is. */
  readonly isMoreWorse?: boolean;
  /** Too few on either side: the difference may be chance. */
  readonly isFaint?: boolean;
}

/** "+120 ms", "−3". */
export function Change({ value, format, isMoreWorse, isFaint = false }: ChangeProps) {
  if (value === null || value === undefined) return <span class="muted">–</span>;
  const text = format(Math.abs(value));
  if (value === 0 || text === format(0)) return <span class="number muted">{format(0)}</span>;
  const isWorse = value > 0;
  const tone = isFaint || isMoreWorse !== true ? "muted" : isWorse ? "change-worse" : "change-better";
  return (
    <span class={`number ${tone}`}>
      {isWorse ? "+" : "−"}
      {text}
    </span>
  );
}

/** A difference of durations, in ms; more is worse. */
export function DurationChange({ value, isFaint }: Pick<ChangeProps, "value" | "isFaint">) {
  return <Change value={value} format={formatDuration} isMoreWorse isFaint={isFaint === true} />;
}

/** "+12 % to before", for a figure that had another value; "" where before was nothing. */
export function changeText(now: number, before: number): string {
  if (before === 0) return now === 0 ? "as before" : `before ${formatCount(before)}`;
  const share = now / before - 1;
  return share === 0 ? "as before" : `${share > 0 ? "+" : "−"}${formatShare(Math.abs(share))} to before`;
}

/** Says where two ranges cannot be compared. Nothing where they can. */
export function ChangeBadge({ change }: { readonly change: TimingChange | undefined }) {
  if (change === undefined || change.state === "compared" || change.state === "unknown") return null;
  if (change.state === "few") {
    return <Badge title="Fewer than 30 completed timings on either side: a difference may be chance">few</Badge>;
  }
  return change.state === "new" ? (
    <Badge tone="info" title="No timing in the compared range">
      new
    </Badge>
  ) : (
    <Badge tone="warn" title="No timing in this range">
      gone
    </Badge>
  );
}
