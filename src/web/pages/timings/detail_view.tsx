// One touchpoint or category in detail: its figures, percentiles and counts over time, the heat map, the distribution,
// and the slowest timings. Dragging over a chart changes the time range.

import { useMemo } from "preact/hooks";
import { formatCount, formatDuration } from "../../../core/format.ts";
import type {
  SeriesBucket,
  SeriesResponse,
  TimingStats,
  TimingsResponse,
  TouchpointTimings,
} from "../../../core/responses.ts";
import { useMayChange, useQuery } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { Change, ChangeBadge, DurationChange } from "../../components/change.tsx";
import { Chart } from "../../components/chart.tsx";
import { type ChartSeries, dashedSeries } from "../../components/chart_options.ts";
import { ComparedRange } from "../../components/compare_picker.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Badge, Duration } from "../../components/values.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import { useCompare } from "../../state/compare.ts";
import type { Selection } from "../../state/selection.ts";
import { rangeParameters } from "../../state/time_range.ts";
import { AmbiguousNotice } from "./ambiguous_notice.tsx";
import { isCertain } from "./compared_view.tsx";
import { Distribution } from "./distribution.tsx";
import { durationCells } from "./duration_cells.ts";
import { HeatMap } from "./heat_map.tsx";
import { Slowest } from "./slowest.tsx";
import { isUnregistered } from "./timing_tree.ts";
import { FIGURES_POLL_MS, useTimingsView } from "./view_state.tsx";

/** The details of one selection. */
export function DetailView({ selection }: { readonly selection: Selection }) {
  const { range, parameters } = useScope();
  const { search } = useTimingsView();
  const compare = useCompare();
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const query = useQuery("/api/v1/timings", { ...parameters, ...compare.parameters, q: search, by: "category" }, poll);
  return (
    <QueryView
      query={query}
      isEmpty={(response) => figuresOf(response, selection).length === 0}
      empty={
        <EmptyState title="No timings in this time range">
          <WiderRange />
        </EmptyState>
      }
    >
      {(response) => {
        const found = figuresOf(response, selection);
        const [figures] = found;
        if (figures === undefined) return null;
        if (found.length > 1) return <ProjectChoice projects={found.map(({ project }) => project)} />;
        return <Detail response={response} figures={figures} selection={selection} />;
      }}
    </QueryView>
  );
}

/** With what changed, where something is compared. */
type Figures = TimingStats & { readonly project: string } & Pick<TouchpointTimings, "change" | "previous">;

/** The selection's figures, of each project that has it. */
function figuresOf({ touchpoints, categories = [] }: TimingsResponse, selection: Selection): readonly Figures[] {
  if (selection.kind === "category") return categories.filter(({ category }) => category === selection.name);
  const name = selection.kind === "none" ? "" : selection.name;
  return touchpoints.filter(({ touchpoint }) => touchpoint === name);
}

/** Equal names of several projects are not one touchpoint. */
function ProjectChoice({ projects }: { readonly projects: readonly string[] }) {
  const { place } = useTimingsView();
  return (
    <EmptyState title="Several projects have this name">
      <ul>
        {projects.map((project) => (
          <li key={project}>
            <Link page="timings" parameters={{ ...place({}), project }}>
              {project}
            </Link>
          </li>
        ))}
      </ul>
    </EmptyState>
  );
}

interface DetailProps {
  readonly response: TimingsResponse;
  readonly figures: Figures;
  readonly selection: Selection;
}

function Detail({ response, figures, selection }: DetailProps) {
  const { place } = useTimingsView();
  const mayChange = useMayChange();
  const isUnknown =
    selection.kind === "touchpoint" &&
    response.touchpoints.some((one) => one.touchpoint === selection.name && isUnregistered(one, response.registering));
  return (
    <div class="timings-stack">
      <ComparedRange previous={response.previous} />
      <ScanNotice notes={response} />
      <AmbiguousNotice touchpoints={response.touchpoints} />
      {isUnknown ? (
        <p class="timings-inline">
          <Badge tone="warn">unregistered</Badge>
          <span class="muted">
            This name is not registered.
            {mayChange ? (
              <>
                {" "}
                <Link page="touchpoints">Register it</Link> if you want to keep it.
              </>
            ) : null}
          </span>
        </p>
      ) : null}
      <dl class="panel timings-figures">
        <div>
          <dt>Completed</dt>
          <dd class="number">
            {formatCount(figures.count)}
            {figures.change === undefined ? null : (
              <>
                {" "}
                <Change value={figures.change.count} format={formatCount} />
                <ChangeBadge change={figures.change} />
              </>
            )}
          </dd>
        </div>
        {DURATIONS.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Duration ms={figures[name]} />
              <FigureChange figures={figures} name={name} />
            </dd>
          </div>
        ))}
        {COUNTS.map(({ id, label }) => (
          <div key={id}>
            <dt>{label}</dt>
            <dd class="number">
              {figures[id] === 0 ? (
                "0"
              ) : (
                <Link page="timings" parameters={place({ tab: id })}>
                  {formatCount(figures[id])}
                </Link>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <TimeCharts />
      {figures.count === 0 ? null : <ByDuration figures={figures} selection={selection} />}
    </div>
  );
}

/** The heat map, and below it the distribution, of one response, with the slowest timings. */
function ByDuration({ figures, selection }: Omit<DetailProps, "response">) {
  const { range, parameters } = useScope();
  const { search } = useTimingsView();
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const compare = useCompare();
  const query = useQuery(
    "/api/v1/timings/series",
    { ...parameters, ...compare.parameters, q: search, by: "duration" },
    poll,
  );
  const { value, respondedAtMs = 0 } = query.state.value;
  const cells = useMemo(() => (value === undefined ? undefined : durationCells(value)), [value]);
  const isEmpty = () => cells === undefined;
  const empty = <EmptyState title="No durations in this time range" />;
  return (
    <>
      <section class="panel" aria-labelledby="timings-heat-map">
        <div class="panel-head">
          <h2 id="timings-heat-map">By time and duration</h2>
        </div>
        <QueryView query={query} isEmpty={isEmpty} empty={empty}>
          {(response) => (
            <>
              <ScanNotice notes={response} />
              {cells === undefined ? null : <HeatMap cells={cells} respondedAtMs={respondedAtMs} />}
            </>
          )}
        </QueryView>
      </section>
      <div class="timings-columns">
        <section class="panel" aria-labelledby="timings-distribution">
          <div class="panel-head">
            <h2 id="timings-distribution">Distribution</h2>
          </div>
          <QueryView query={query} isEmpty={isEmpty} empty={empty}>
            {() => (cells === undefined ? null : <Distribution cells={cells} />)}
          </QueryView>
        </section>
        <Slowest figures={figures} hasTouchpoints={selection.kind === "category"} />
      </div>
    </>
  );
}

/** What changed of a percentile. */
function FigureChange({ figures, name }: { readonly figures: Figures; readonly name: string }) {
  const { change } = figures;
  if (change === undefined || (name !== "p50" && name !== "p95")) return null;
  return (
    <>
      {" "}
      <DurationChange value={change[name]} isFaint={!isCertain(figures, name)} />
    </>
  );
}

const DURATIONS = ["min", "mean", "p50", "p90", "p95", "p99", "max"] as const;
const COUNTS = [
  { id: "running", label: "Running" },
  { id: "unfinished", label: "Never finished" },
] as const;

const LINES = [
  { id: "p50", color: "--good" },
  { id: "p90", color: "--level-info" },
  { id: "p95", color: "--level-timing" },
  { id: "p99", color: "--level-warn" },
  { id: "max", color: "--level-error" },
] as const;

const PERCENTILES_PX = 200;
const COUNTS_PX = 120;

function TimeCharts() {
  const { range, parameters } = useScope();
  const { search } = useTimingsView();
  // The maximum is off in the beginning: it is often so high that the percentiles look the same.
  const [max, setMax] = useParameter("max");
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const compare = useCompare();
  const query = useQuery("/api/v1/timings/series", { ...parameters, ...compare.parameters, q: search }, poll);
  return (
    <section class="panel" aria-labelledby="timings-over-time">
      <div class="panel-head">
        <h2 id="timings-over-time">Over time</h2>
        <span class="timings-inline">
          <span class="hint wide-only">Drag, or click on a bar, to zoom in</span>
          <Button onPress={() => setMax(max === "" ? "1" : "", "replace")} isPressed={max !== ""}>
            Show max
          </Button>
        </span>
      </div>
      <QueryView
        query={query}
        isEmpty={({ buckets = [], previousBuckets = [] }) => [...buckets, ...previousBuckets].every(hasNone)}
        empty={<EmptyState title="No completed timings in this time range" />}
      >
        {(response) => <Charts response={response} hasMax={max !== ""} />}
      </QueryView>
    </section>
  );
}

function hasNone({ count }: SeriesBucket): boolean {
  return count === 0;
}

function Charts({ response, hasMax }: { readonly response: SeriesResponse; readonly hasMax: boolean }) {
  const { router } = useApp();
  const { buckets = [], previousBuckets, interval } = response;
  const times = useMemo(() => buckets.map(({ time }) => time), [buckets]);
  const percentiles = useMemo(
    () => [
      ...LINES.filter(({ id }) => id !== "max" || hasMax).map(({ id, color }): ChartSeries => {
        return { label: id, values: buckets.map((bucket) => bucket[id]), color, kind: "line" };
      }),
      ...beforeSeries(buckets, previousBuckets),
    ],
    [buckets, previousBuckets, hasMax],
  );
  const counts = useMemo(
    (): ChartSeries[] => [
      { label: "completed", values: buckets.map(({ count }) => count), color: "--level-timing", kind: "bars" },
      ...dashedSeries(
        "before",
        buckets.length,
        previousBuckets?.map(({ count }) => count),
      ),
    ],
    [buckets, previousBuckets],
  );
  const zoom = (from: number, to: number) => router.change(rangeParameters({ kind: "between", from, to }));
  return (
    <div class="timings-stack">
      <Chart
        label={`Durations over time: p50, p90, p95${hasMax ? ", p99 and max" : " and p99"}`}
        times={times}
        intervalMs={interval}
        series={percentiles}
        heightPx={PERCENTILES_PX}
        format={formatDuration}
        onSelect={zoom}
      />
      <Chart
        label="Completed timings over time"
        times={times}
        intervalMs={interval}
        series={counts}
        heightPx={COUNTS_PX}
        format={formatWhole}
        onSelect={zoom}
      />
    </div>
  );
}

/** Percentiles of the compared range, as dashed lines. */
function beforeSeries(
  buckets: readonly SeriesBucket[],
  previous: readonly SeriesBucket[] | undefined,
): readonly ChartSeries[] {
  return LINES.filter(({ id }) => id === "p50" || id === "p95").flatMap(({ id, color }) => {
    const values = previous?.map((bucket) => bucket[id]);
    return dashedSeries(`${id} before`, buckets.length, values, color);
  });
}

/** Counts have no fractions, on the axis as well. */
function formatWhole(count: number): string {
  return Number.isInteger(count) ? formatCount(count) : "";
}
