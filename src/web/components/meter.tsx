// How much of what there is room for is used: a bar, whose words stand beside it and are read aloud.

interface MeterProps {
  /** What is measured, read aloud. */
  readonly label: string;
  readonly value: number;
  /** Above 0. */
  readonly max: number;
  /** The value for people: "12 of 100 entries". */
  readonly text: string;
  /** A part of a whole: nothing is used up, so a large one wants no attention. */
  readonly isPart?: boolean;
}

/** From this share on it wants attention. */
const HIGH_SHARE = 0.9;

export function Meter({ label, value, max, text, isPart = false }: MeterProps) {
  const share = Math.min(1, Math.max(0, value / max));
  const state = isPart ? "normal" : value > max ? "over" : share >= HIGH_SHARE ? "high" : "normal";
  return (
    <div
      class={`meter meter-${state}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
      aria-valuetext={text}
    >
      <span style={{ width: `${share * 100}%` }} />
    </div>
  );
}
