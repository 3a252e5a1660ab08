// The top of the overview: four figures of the time range (entries, error rate, timings, running timings), and entries
// per minute by level as stacked bars. Dragging over the chart, or a click on a bar, changes the time range.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { UsageResponse } from "../../../core/account_responses.ts";
import { formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import type { PageName } from "../../../core/pages.ts";
import type { HistogramResponse } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { changeText } from "../../components/change.tsx";
import { Chart } from "../../components/chart.tsx";
import { dashedSeries } from "../../components/chart_options.ts";
import { LEVEL_KINDS, levelSeries, levelTerm } from "../../components/level_series.ts";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { formatShare, Instant, Sparkline } from "../../components/values.tsx";
import { useApp, useScope } from "../../state/app_context.ts";
import type { QueryHandle } from "../../state/query.ts";
import type { ParameterChanges } from "../../state/router.ts";
import { PRESETS, rangeParameters } from "../../state/time_range.ts";
import { formatRate, formerTraffic, lengthReaching, newestRecord, type Traffic, trafficOf } from "./figures.ts";

/** How often running timings are polled, in ms. They do not depend on the time range. */
const RUNNING_POLL_MS = 5_000;

interface TilesProps {
  /** Undefined: not known yet. */
  readonly traffic: Traffic | undefined;
  /** Of the compared range. Undefined: nothing is compared. */
  readonly before: Traffic | undefined;
  /** The figures belong to another range, or could not be refreshed. */
  readonly isStale: boolean;
  readonly isLoading: boolean;
}

/** The four figures. */
export function Tiles({ traffic, before, isStale, isLoading }: TilesProps) {
  const { environment } = useApp();
  const { project } = useScope();
  const runningQuery = useQuery(
    "/api/v1/timings/running",
    { ...(project === "" ? {} : { project }), limit: 1 },
    { pollMs: RUNNING_POLL_MS },
  );
  const running = runningQuery.state.value;
  const longest = running.value?.running[0];
  return (
    <ul class="overview-tiles" aria-label="Key figures">
      <Tile
        label="Entries"
        page="logs"
        value={traffic === undefined ? undefined : formatCount(traffic.entries)}
        note={
          traffic === undefined
            ? ""
            : before === undefined
              ? `${formatRate(traffic.rate)}  per minute`
              : changeText(traffic.entries, before.entries)
        }
        isStale={isStale}
        isLoading={isLoading}
      />
      <Tile
        label="Error rate"
        page="logs"
        parameters={{ q: "kind:log level:error" }}
        value={traffic === undefined ? undefined : traffic.errorShare === null ? "–" : formatShare(traffic.errorShare)}
        note={
          traffic === undefined
            ? ""
            : before === undefined
              ? `${formatCountOf(traffic.errors, "error")} in ${formatCountOf(traffic.logs, "log")}`
              : `before ${before.errorShare === null ? "no log" : formatShare(before.errorShare)}`
        }
        isStale={isStale}
        isLoading={isLoading}
        isBad={(traffic?.errors ?? 0) > 0}
      >
        {traffic === undefined || traffic.errors === 0 ? null : (
          <Sparkline values={traffic.errorShares} label="Error rate over the time range" widthPx={72} heightPx={24} />
        )}
      </Tile>
      <Tile
        label="Timings"
        page="timings"
        value={traffic === undefined ? undefined : formatCount(traffic.timings)}
        note={
          traffic === undefined || before === undefined
            ? "measured durations"
            : changeText(traffic.timings, before.timings)
        }
        isStale={isStale}
        isLoading={isLoading}
      />
      <Tile
        label="Running now"
        page="timings"
        parameters={{ tab: "running" }}
        value={running.value === undefined ? undefined : formatCount(running.value.count)}
        note={
          running.value === undefined
            ? ""
            : longest === undefined
              ? "no timing is running"
              : `longest for ${formatDuration(Math.max(0, environment.clock() - longest.startTime))}`
        }
        isStale={running.isStale}
        isLoading={running.isLoading}
      />
    </ul>
  );
}

interface TileProps {
  readonly label: string;
  readonly page: PageName;
  readonly parameters?: ParameterChanges;
  /** Undefined: not known yet. */
  readonly value: string | undefined;
  readonly note: string;
  readonly isStale: boolean;
  readonly isLoading: boolean;
  readonly isBad?: boolean;
  readonly children?: ComponentChildren;
}

function Tile({ label, page, parameters, value, note, isStale, isLoading, isBad = false, children }: TileProps) {
  return (
    <li class="panel overview-tile" data-stale={isStale} aria-busy={value === undefined && isLoading}>
      <Link page={page} parameters={parameters} class="overview-tile-label">
        {label}
      </Link>
      <span class={`overview-tile-value number ${isBad ? "is-bad" : ""}`}>{value ?? (isLoading ? "…" : "–")}</span>
      <span class="overview-tile-note hint number">{note === "" ? "\u00A0" : note}</span>
      {children === undefined || children === null ? null : <span class="overview-tile-shape">{children}</span>}
    </li>
  );
}

interface TrafficPanelProps {
  readonly counts: QueryHandle<HistogramResponse>;
  /** The figures of the latest response. Undefined: none yet. */
  readonly traffic: Traffic | undefined;
  readonly usage: UsageResponse;
}

const HEIGHT_PX = 220;

/** The chart of entries per minute. */
export function TrafficPanel({ counts, traffic, usage }: TrafficPanelProps) {
  return (
    <section class="panel" aria-labelledby="overview-traffic">
      <div class="panel-head">
        <h2 id="overview-traffic">Entries per minute</h2>
        {(traffic?.entries ?? 0) > 0 ? <span class="hint wide-only">Drag, or click on a bar, to zoom in</span> : null}
      </div>
      <QueryView
        query={counts}
        isEmpty={isEmpty}
        empty={<NoEntries usage={usage} />}
        loading={<div class="overview-chart-space" />}
      >
        {(response) => (traffic === undefined ? null : <TrafficChart response={response} traffic={traffic} />)}
      </QueryView>
    </section>
  );
}

function isEmpty(response: HistogramResponse): boolean {
  return (
    response.stoppedEarly === undefined && response.damagedBlocks === undefined && trafficOf(response).entries === 0
  );
}

interface TrafficChartProps {
  readonly response: HistogramResponse;
  readonly traffic: Traffic;
}

function TrafficChart({ response, traffic }: TrafficChartProps) {
  const { router } = useApp();
  const { times, rates } = traffic;
  const series = useMemo(() => {
    const before = formerTraffic(response)?.rates;
    const sums = before?.error.map((_, at) => LEVEL_KINDS.reduce((sum, kind) => sum + (before[kind][at] ?? 0), 0));
    return [...levelSeries((kind) => rates[kind]), ...dashedSeries("all before", times.length, sums, "--text")];
  }, [rates, times, response]);
  const zoom = (from: number, to: number) => router.change(rangeParameters({ kind: "between", from, to }));
  return (
    <>
      <ScanNotice notes={response} />
      <Chart
        label={`Entries per minute by level, in steps of ${formatDuration(response.interval)}`}
        times={times}
        intervalMs={response.interval}
        series={series}
        format={formatRate}
        heightPx={HEIGHT_PX}
        onSelect={zoom}
        legendMark={(label, mark) => (
          <Link page="logs" parameters={{ q: levelTerm(label) }} class="chart-filter" title={`Show ${label} in Logs`}>
            {mark}
          </Link>
        )}
      />
    </>
  );
}

/** Says when the newest record is from, and offers a range that includes it. */
function NoEntries({ usage }: { readonly usage: UsageResponse }) {
  const { router, environment } = useApp();
  const { project } = useScope();
  const newest = newestRecord(usage, project);
  if (newest === undefined) {
    return (
      <EmptyState title={project === "" ? "No entries are stored" : "This project has no entries"}>
        {project === "" ? "The records were deleted, or starts wait for their end." : "Choose another project above."}
      </EmptyState>
    );
  }
  const preset = lengthReaching(newest, environment.clock(), PRESETS);
  return (
    <EmptyState title="No entries in this time range">
      <p>
        The newest is from <Instant time={newest} />.
      </p>
      {preset === undefined ? null : (
        <p class="overview-empty-action">
          <Button onPress={() => router.change({ from: preset.text, to: undefined })}>
            Show the {preset.label.toLowerCase()}
          </Button>
        </p>
      )}
    </EmptyState>
  );
}
