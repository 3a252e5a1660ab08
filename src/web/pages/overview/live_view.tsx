// The overview of a server that has entries: each part asks for itself, and renews itself as often as its time range needs.

import { useMemo } from "preact/hooks";
import type { UsageAnswer } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { Link } from "../../components/link.tsx";
import { Notice } from "../../components/notice.tsx";
import { useQuery, useScope } from "../../hooks.ts";
import { ErrorSources } from "./error_sources.tsx";
import { Health } from "./health.tsx";
import { Plan } from "./plan.tsx";
import { Slowest } from "./slowest.tsx";
import { Tiles } from "./tiles.tsx";
import { pollOf, trafficInterval, trafficOf } from "./traffic_figures.ts";
import { TrafficPanel } from "./traffic_panel.tsx";

interface LiveViewProps {
  readonly usage: UsageAnswer;
  /** The first entry came while somebody looked. */
  readonly isFirst: boolean;
}

/** The figures of durations are asked for less often than the counts. */
const TIMINGS_POLLS = 2;

export function LiveView({ usage, isFirst }: LiveViewProps) {
  const { environment } = useApp();
  const { range, question } = useScope();
  const { interval, pollMs, slowPollMs } = useMemo(() => {
    const now = environment.clock();
    const pollMs = pollOf(range, now);
    const slowPollMs = pollMs === undefined ? undefined : pollMs * TIMINGS_POLLS;
    return { interval: trafficInterval(range, now), pollMs, slowPollMs };
  }, [range, environment]);
  const counts = useQuery("/api/v1/histogram", { ...question, interval }, pollMs === undefined ? {} : { pollMs });
  const { value, isStale, isLoading } = counts.state.value;
  const traffic = useMemo(() => (value === undefined ? undefined : trafficOf(value)), [value]);
  const slowPoll = slowPollMs === undefined ? {} : { pollMs: slowPollMs };
  const timings = useQuery("/api/v1/timings", question, slowPoll);
  return (
    <>
      {isFirst ? (
        <Notice tone="good" title="The first entry has arrived. ">
          Everything here renews itself. Read it in the <Link page="logs">logs</Link>.
        </Notice>
      ) : null}
      <Tiles traffic={traffic} isStale={isStale} isLoading={isLoading} />
      <TrafficPanel counts={counts} traffic={traffic} usage={usage} />
      <div class="overview-row overview-uneven">
        <Slowest timings={timings} pollMs={slowPollMs} />
        <ErrorSources errorCount={traffic?.errors} pollMs={slowPollMs} />
      </div>
      <div class="overview-row">
        <Plan usage={usage} />
        <Health />
      </div>
    </>
  );
}
