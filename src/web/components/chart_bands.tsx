// When alerts fired, as bands over a chart. Each names its rules and leads to them.

import { formatCount } from "../../core/format.ts";
import { useApp, useTimes } from "../state/app_context.ts";
import { type Band, bandsOf, type Firing, firingText } from "../state/firings.ts";
import { Link } from "./link.tsx";

/** Names in a tooltip. */
const NAMES_MAX = 5;
/** A narrower band shows its name only when it is pointed at, as a share of the width. */
const LABEL_SHARE = 0.1;
/** From here on the name stands at the end of its band, so that it stays within the chart. */
const TURN_SHARE = 0.8;

interface ChartBandsProps {
  readonly firings: readonly Firing[];
  /** What the chart shows, Unix ms. */
  readonly from: number;
  readonly to: number;
  /** Bands without names: they are of no rule yet. */
  readonly isPlain?: boolean;
}

/** Bands over a chart. Nothing where nothing fired. */
export function ChartBands({ firings, from, to, isPlain = false }: ChartBandsProps) {
  return bandsOf(firings, from, to).map((band) => (
    <span
      key={band.left}
      class="chart-band"
      style={{ left: `${band.left * 100}%`, width: `${(band.right - band.left) * 100}%` }}
    >
      {isPlain ? null : <BandName band={band} />}
    </span>
  ));
}

function BandName({ band: { left, right, firings } }: { readonly band: Band }) {
  const { environment } = useApp();
  const { second } = useTimes();
  const [first] = firings;
  if (first === undefined) return null;
  const rules = new Set(firings.map(({ rule }) => rule));
  const names = firings.map((firing) => firingText(firing, second, environment.clock()));
  const more = firings.length > NAMES_MAX ? [`and ${formatCount(firings.length - NAMES_MAX)} more`] : [];
  const isShort = right - left < LABEL_SHARE;
  return (
    <Link
      page="alerts"
      parameters={{ rule: rules.size === 1 ? first.rule : undefined }}
      class={`chart-marker-name chart-band-name${isShort ? " is-short" : ""}${left > TURN_SHARE ? " is-turned" : ""}`}
      title={[...names.slice(0, NAMES_MAX), ...more, "Open the alert"].join("\n")}
    >
      <span class="visually-hidden">Alert: </span>
      <span class="chart-marker-label">
        {first.rule}
        {rules.size > 1 ? ` +${rules.size - 1}` : ""}
      </span>
    </Link>
  );
}
