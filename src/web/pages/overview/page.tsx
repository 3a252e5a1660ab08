// The overview: the traffic, the errors, the slowest touchpoints, and the state of the server. Before the first entry
// it shows how to send one.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { UsageResponse } from "../../../core/account_responses.ts";
import { useQuery, useServer } from "../../api/server_context.ts";
import { ComparedRange, ComparePicker } from "../../components/compare_picker.tsx";
import { Link } from "../../components/link.tsx";
import { Notice, ProblemNotice, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { useApp, useScope } from "../../state/app_context.ts";
import { useCompare } from "../../state/compare.ts";
import { ErrorSources, Slowest } from "./by_touchpoint.tsx";
import { ErrorPatterns } from "./error_patterns.tsx";
import { formerTraffic, hasEntries, pollOf, trafficInterval, trafficOf } from "./figures.ts";
import { FirstRun } from "./first_run.tsx";
import { Health, Plan } from "./status.tsx";
import { Tiles, TrafficPanel } from "./traffic.tsx";
import { Worse } from "./worse.tsx";

export function OverviewPage() {
  const { announcer } = useApp();
  const { usage } = useServer();
  const { value, problem } = usage.state.value;
  const hasWaited = useSignal(false);
  const isEmpty = value === undefined ? undefined : !hasEntries(value);
  useEffect(() => {
    if (isEmpty === true) hasWaited.value = true;
    if (isEmpty === false && hasWaited.value) announcer.say("The first entry has arrived");
  }, [isEmpty]);
  return (
    <Page title="Overview" actions={isEmpty === false ? <ComparePicker /> : undefined}>
      {value !== undefined && isEmpty === true ? (
        <FirstRun usage={value} />
      ) : value !== undefined ? (
        <LiveView usage={value} isFirst={hasWaited.value} />
      ) : problem === undefined ? (
        <Skeleton />
      ) : (
        <ProblemNotice problem={problem} onRetry={() => usage.refresh()} />
      )}
    </Page>
  );
}

interface LiveViewProps {
  readonly usage: UsageResponse;
  /** The first entry arrived while the page was open. */
  readonly isFirst: boolean;
}

/** Durations are refreshed this many times less often than counts. */
const TIMINGS_POLLS = 2;

function LiveView({ usage, isFirst }: LiveViewProps) {
  const { environment } = useApp();
  const { range, parameters } = useScope();
  const { interval, pollMs, slowPollMs } = useMemo(() => {
    const now = environment.clock();
    const pollMs = pollOf(range, now);
    const slowPollMs = pollMs === undefined ? undefined : pollMs * TIMINGS_POLLS;
    return { interval: trafficInterval(range, now), pollMs, slowPollMs };
  }, [range, environment]);
  const compare = useCompare();
  const counts = useQuery("/api/v1/histogram", { ...parameters, ...compare.parameters, interval }, { pollMs });
  const { value, isStale, isLoading } = counts.state.value;
  const traffic = useMemo(() => (value === undefined ? undefined : trafficOf(value)), [value]);
  const before = useMemo(() => formerTraffic(value), [value]);
  const isCompared = compare.parameters.compare !== undefined;
  const timings = useQuery("/api/v1/timings", isCompared ? undefined : parameters, { pollMs: slowPollMs });
  return (
    <>
      {isFirst ? (
        <Notice tone="good" title="The first entry has arrived. ">
          This page refreshes itself. Read the entry in the <Link page="logs">logs</Link>.
        </Notice>
      ) : null}
      <ComparedRange previous={value?.previous} />
      <Tiles traffic={traffic} before={before} isStale={isStale} isLoading={isLoading} />
      <TrafficPanel counts={counts} traffic={traffic} usage={usage} />
      <div class="overview-row overview-uneven">
        {isCompared ? <Worse pollMs={slowPollMs} /> : <Slowest timings={timings} pollMs={slowPollMs} />}
        <ErrorSources errorCount={traffic?.errors} pollMs={slowPollMs} />
      </div>
      <ErrorPatterns pollMs={slowPollMs} />
      <div class="overview-row">
        <Plan usage={usage} />
        <Health />
      </div>
    </>
  );
}
