// The markers of a chart: lines where something happened, such as a deploy, and bands where alerts fired. Markers that
// are close to one another are one line. A name is a link to the record or, among timings, to what changed since.

import type { Marker } from "../../core/responses.ts";
import { useApp, useTimes } from "../state/app_context.ts";
import type { Firing } from "../state/firings.ts";
import type { ParameterChanges } from "../state/router.ts";
import { ChartBands } from "./chart_bands.tsx";
import { Link } from "./link.tsx";

/** Markers closer than this share of the width are one line. */
const CLUSTER_SHARE = 0.012;
/** A name is written out where the next line is further away than this share; the last one stands to the left. */
const LABEL_SHARE = 0.1;
const TURN_SHARE = 0.88;
/** Names in a tooltip. */
const NAMES_MAX = 5;

interface ChartMarkersProps {
  /** What the chart shows, Unix ms. */
  readonly from: number;
  readonly to: number;
  /** Bands in place of everything that the scope has. */
  readonly firings?: readonly Firing[] | undefined;
}

/** Lines and bands over a chart. Nothing where there are none. */
export function ChartMarkers({ from, to, firings: given }: ChartMarkersProps) {
  const { markers, firings } = useApp();
  const lines = given === undefined ? markerLines(markers.value, from, to) : [];
  const shown = given ?? firings.value;
  if (lines.length + shown.length === 0) return null;
  return (
    <div class="chart-markers">
      <ChartBands firings={shown} from={from} to={to} isPlain={given !== undefined} />
      {lines.map((line) => (
        <MarkerMark key={line.newest.id} line={line} />
      ))}
    </div>
  );
}

/** Markers that are drawn as one line. */
export interface MarkerLine {
  readonly newest: Marker;
  /** All of them, oldest first. */
  readonly markers: readonly Marker[];
  /** Where the line is, as a share of the width. */
  readonly share: number;
  /** Whether there is room for its name. */
  readonly isNamed: boolean;
}

/** The lines of a chart from one time to another, Unix ms, oldest first. */
export function markerLines(markers: readonly Marker[], from: number, to: number): readonly MarkerLine[] {
  const shareOf = ({ time }: Marker) => (time - from) / (to - from);
  const groups: Marker[][] = [];
  for (const marker of markers.toSorted((a, b) => a.time - b.time || a.id - b.id)) {
    if (marker.time < from || marker.time >= to) continue;
    const last = groups.at(-1);
    const first = last?.[0];
    if (last !== undefined && first !== undefined && shareOf(marker) - shareOf(first) < CLUSTER_SHARE)
      last.push(marker);
    else groups.push([marker]);
  }
  return groups.flatMap((group, at) => {
    const [first, newest, next] = [group[0], group.at(-1), groups[at + 1]?.[0]];
    if (first === undefined || newest === undefined) return [];
    const share = shareOf(first);
    const isNamed = next === undefined || shareOf(next) - share > LABEL_SHARE;
    return [{ newest, markers: group, share, isNamed }];
  });
}

function MarkerMark({ line }: { readonly line: MarkerLine }) {
  const { router } = useApp();
  const { second } = useTimes();
  const { newest, markers, share, isNamed } = line;
  const { page, parameters } = router.address.value;
  const isCompared = page === "timings";
  const names = markers.map(({ label, time }) => `${label}, ${second(time)}`);
  const more = names.length > NAMES_MAX ? `\nand ${names.length - NAMES_MAX} more` : "";
  const does = isCompared ? "Compare the time since with the time before" : "Open the record";
  const changes: ParameterChanges = isCompared ? sinceMarker(newest) : { open: String(newest.id) };
  const label = markers.length === 1 ? newest.label : `${newest.label} +${markers.length - 1}`;
  return (
    <span class="chart-marker" style={{ left: `${share * 100}%` }}>
      <Link
        page={isCompared ? "timings" : "logs"}
        parameters={page === "overview" ? changes : { ...parameters, ...changes }}
        class={`chart-marker-name${isNamed ? "" : " is-short"}${share > TURN_SHARE ? " is-turned" : ""}`}
        title={`${names.slice(-NAMES_MAX).toReversed().join("\n")}${more}\n${does}`}
      >
        <span class="visually-hidden">Marker: </span>
        <span class="chart-marker-label">{label}</span>
      </Link>
    </span>
  );
}

/** From the marker to now, compared with the same length before. */
export function sinceMarker({ time }: Pick<Marker, "time">): ParameterChanges {
  return { from: new Date(time).toISOString(), to: undefined, compare: "previous" };
}
