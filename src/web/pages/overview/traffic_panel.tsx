// Entries a minute by level as stacked bars; a dragged range becomes the range of everything.

import { useMemo } from "preact/hooks";
import { formatDuration } from "../../../core/amounts.ts";
import type { HistogramAnswer, UsageAnswer } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { Button } from "../../components/button.tsx";
import { Chart } from "../../components/chart.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView as View } from "../../components/query_view.tsx";
import { Instant } from "../../components/time.tsx";
import { type QueryView, useScope, useShortcut } from "../../hooks.ts";
import type { ChartSeries } from "../../state/chart_data.ts";
import { PRESETS, rangeParameters } from "../../state/time_range.ts";
import { newestRecord } from "./plan_figures.ts";
import { formatRate, lengthReaching, TRAFFIC_KINDS, type Traffic, trafficOf, widened } from "./traffic_figures.ts";

interface TrafficPanelProps {
  readonly counts: QueryView<HistogramAnswer>;
  /** Of the latest answer; undefined: there was none. */
  readonly traffic: Traffic | undefined;
  readonly usage: UsageAnswer;
}

const HEIGHT_PX = 220;

export function TrafficPanel({ counts, traffic, usage }: TrafficPanelProps) {
  const { router, environment } = useApp();
  const { range } = useScope();
  const wider = widened(range, environment.clock());
  const zoomOut = () => {
    if (wider !== undefined) router.change(rangeParameters(wider));
  };
  useShortcut("z", "Zoom out of a range that was dragged", zoomOut);
  return (
    <section class="panel" aria-labelledby="overview-traffic">
      <div class="panel-head">
        <h2 id="overview-traffic">Entries per minute</h2>
        <div class="overview-traffic-actions">
          {(traffic?.entries ?? 0) > 0 ? <span class="hint wide-only">Drag over the chart to zoom in</span> : null}
          {wider === undefined ? null : (
            <Button icon="minus" onPress={zoomOut}>
              Zoom out
            </Button>
          )}
        </div>
      </div>
      <View
        query={counts}
        isEmpty={isEmpty}
        empty={<NoEntries usage={usage} />}
        loading={<div class="overview-chart-space" />}
      >
        {(answer) => (traffic === undefined ? null : <TrafficChart answer={answer} traffic={traffic} />)}
      </View>
    </section>
  );
}

function isEmpty(answer: HistogramAnswer): boolean {
  return answer.stoppedEarly === undefined && answer.damagedBlocks === undefined && trafficOf(answer).entries === 0;
}

interface TrafficChartProps {
  readonly answer: HistogramAnswer;
  readonly traffic: Traffic;
}

function TrafficChart({ answer, traffic }: TrafficChartProps) {
  const { router } = useApp();
  const { times, rates } = traffic;
  const series = useMemo(
    () =>
      TRAFFIC_KINDS.map(
        (kind): ChartSeries => ({
          label: kind,
          values: rates[kind],
          color: `--level-${kind}`,
          kind: "bars",
          isStacked: true,
        }),
      ),
    [rates],
  );
  const zoom = (from: number, to: number) => router.change(rangeParameters({ kind: "between", from, to }));
  return (
    <>
      <ScanNotice notes={answer} />
      <Chart
        label={`Entries per minute by level, in steps of ${formatDuration(answer.interval)}`}
        times={times}
        intervalMs={answer.interval}
        series={series}
        format={formatRate}
        heightPx={HEIGHT_PX}
        onSelect={zoom}
      />
    </>
  );
}

/** Where there is something, and how to get there. */
function NoEntries({ usage }: { readonly usage: UsageAnswer }) {
  const { router, environment } = useApp();
  const { project } = useScope();
  const newest = newestRecord(usage, project);
  if (newest === undefined) {
    return (
      <EmptyState title={project === "" ? "No entries are stored" : "This project has no entries"}>
        {project === ""
          ? "What was stored has been removed, or waits for its other half."
          : "Choose another one above."}
      </EmptyState>
    );
  }
  const preset = lengthReaching(newest, environment.clock(), PRESETS);
  return (
    <EmptyState title="No entries in this time range">
      <p>
        The latest is from <Instant time={newest} />.
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
