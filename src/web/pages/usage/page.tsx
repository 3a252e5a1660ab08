// The usage page: a month against the plan, its days, and all months.

import { useMemo } from "preact/hooks";
import { formatBytes, formatCount } from "../../../core/format.ts";
import { monthOf } from "../../../core/instant.ts";
import { DAY_MS } from "../../../core/limits.ts";
import type { HistogramResponse } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Chart } from "../../components/chart.tsx";
import type { ChartSeries } from "../../components/chart_options.ts";
import { EmptyState, Notice, ScanNotice } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Badge, formatShare, Meter } from "../../components/values.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import { DroppedLinks, MonthTable } from "./month_table.tsx";
import {
  dayCounts,
  daysIn,
  formatForecast,
  limitReachedAt,
  type MonthRow,
  monthBounds,
  monthName,
  planOf,
} from "./months.ts";

const POLL_MS = 15_000;

export function UsagePage() {
  const { project } = useScope();
  const query = useQuery("/api/v1/usage", {}, { pollMs: POLL_MS });
  return (
    <Page title="Usage">
      <QueryView
        query={query}
        isEmpty={({ usage }) => usage.every((row) => project !== "" && row.project !== project)}
        empty={
          <EmptyState title={project === "" ? "Nothing was received yet" : `Project ${project} has received nothing`}>
            Entries are counted by project and by the UTC month in which they arrive.
          </EmptyState>
        }
      >
        {({ usage, storage }) => (
          <Usage
            rows={usage.filter((row) => project === "" || row.project === project)}
            since={new Map(storage.map(({ project, oldest }) => [project, oldest ?? 0]))}
          />
        )}
      </QueryView>
    </Page>
  );
}

interface UsageProps {
  /** At least one. */
  readonly rows: readonly MonthRow[];
  /** Time of each project's oldest record, Unix ms. */
  readonly since: ReadonlyMap<string, number>;
}

function Usage({ rows, since }: UsageProps) {
  const { environment } = useApp();
  const { project } = useScope();
  const [chosen, choose] = useParameter("month");
  const current = monthOf(environment.clock());
  const isKnown = monthBounds(chosen) !== undefined;
  const month = isKnown ? chosen : (rows[0]?.month ?? current);
  const bounds = monthBounds(month);
  const months = [...new Set([month, ...rows.map((row) => row.month)])].toSorted().toReversed();
  const shown = rows.filter((row) => row.month === month).toSorted((a, b) => (a.project < b.project ? -1 : 1));
  return (
    <div class="usage">
      {chosen === "" || isKnown ? null : (
        <Notice tone="warn">The month in the link is not valid. Showing {monthName(month)} instead.</Notice>
      )}
      <div class="usage-head">
        <h2>
          {monthName(month)}
          {month === current ? <span class="muted"> so far</span> : null}
        </h2>
        <label>
          <span class="visually-hidden">Month</span>
          <select class="field" value={month} onChange={(event) => choose(event.currentTarget.value)}>
            {months.map((one) => (
              <option key={one} value={one}>
                {monthName(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {shown.length === 0 ? (
        <EmptyState title={`Nothing was received in ${monthName(month)}`} />
      ) : (
        <Plans rows={shown} since={since} />
      )}
      {bounds === undefined ? null : <Days month={month} bounds={bounds} project={project} plan={planOf(shown)} />}
      <section class="usage-section" aria-labelledby="usage-months">
        <h2 id="usage-months">All months</h2>
        <MonthTable rows={rows} />
        <p class="hint">
          Received = stored + waiting + dropped, in entries: a timing sent as a start and an end counts as two.
          Retention deletes records; the counts stay.
        </p>
      </section>
    </div>
  );
}

function Plans({ rows, since }: UsageProps) {
  return (
    <ul class="usage-plans" aria-label="Usage against the plan">
      {rows.map((row) => (
        <Plan key={row.project} row={row} since={since.get(row.project) ?? 0} />
      ))}
    </ul>
  );
}

function Plan({ row, since }: { readonly row: MonthRow; readonly since: number }) {
  const { environment, clocks } = useApp();
  const { project, received, stored, admitted, limit, overage, overagePolicy, bytes } = row;
  const lost = overagePolicy === "drop" ? (row.dropped.quota ?? 0) : 0;
  const reachedAt = limitReachedAt(row, since, environment.clock());
  const text = limit === null ? "" : `${formatCount(admitted)} of ${formatCount(limit)} entries`;
  return (
    <li class="panel usage-plan">
      <div class="panel-head">
        <h3>{project}</h3>
        {lost > 0 ? (
          <Badge tone="error">dropping entries</Badge>
        ) : overage > 0 ? (
          <Badge tone="error">over the plan</Badge>
        ) : limit === null ? (
          <Badge>no limit</Badge>
        ) : (
          <Badge tone={admitted >= 0.9 * limit ? "warn" : "good"}>
            {limit === 0 ? "no entries allowed" : `${formatShare(admitted / limit)} used`}
          </Badge>
        )}
      </div>
      {limit === null ? (
        <p class="usage-amount number">
          <b>{formatCount(admitted)}</b> <span class="muted">entries</span>
        </p>
      ) : (
        <>
          <p class="usage-amount number">
            <b>{formatCount(admitted)}</b> <span class="muted">of {formatCount(limit)} entries</span>
          </p>
          <Meter label={`Plan of ${project}`} value={admitted} max={Math.max(1, limit)} text={text} />
        </>
      )}
      {lost === 0 ? null : (
        <p class="usage-lost">
          <b class="number">{formatCount(lost)}</b> {lost === 1 ? "entry" : "entries"} over the plan dropped
        </p>
      )}
      {reachedAt === undefined ? null : (
        <p class="usage-forecast">Limit reached on {formatForecast(reachedAt, clocks.value)} at this pace</p>
      )}
      {limit === null ? null : (
        <p class="hint">
          {overage > 0 ? `${formatCount(overage)} over the plan. ` : null}
          {overagePolicy === "drop" ? "Entries over the plan are dropped." : "Entries over the plan are still stored."}
        </p>
      )}
      <dl class="usage-facts">
        <div>
          <dt>Received</dt>
          <dd class="number">{formatCount(received)}</dd>
        </div>
        <div>
          <dt>Stored</dt>
          <dd class="number">{formatCount(stored)}</dd>
        </div>
        <div>
          <dt>On disk</dt>
          <dd class="number">{formatBytes(bytes)}</dd>
        </div>
        <div>
          <dt>Dropped</dt>
          <dd>
            <DroppedLinks row={row} />
          </dd>
        </div>
      </dl>
    </li>
  );
}

const DAYS_POLL_MS = 60_000;
/** The plan's line is left out if it is this many times the largest day: the bars would be too flat to read. */
const PLAN_TIMES_MAX = 4;

interface DaysProps {
  readonly month: string;
  readonly bounds: { readonly from: number; readonly to: number };
  readonly project: string;
  /** Entries per month. Undefined: no limit. */
  readonly plan: number | undefined;
}

function Days({ month, bounds, project, plan }: DaysProps) {
  const parameters = { ...(project === "" ? {} : { project }), from: bounds.from, to: bounds.to, interval: "1d" };
  const query = useQuery("/api/v1/histogram", parameters, { pollMs: DAYS_POLL_MS });
  const share = plan === undefined ? undefined : plan / daysIn(bounds);
  return (
    <section class="panel" aria-label={`Days of ${monthName(month)}`}>
      <div class="panel-head">
        <h2>By day</h2>
        <span class="hint">
          Records by UTC day of their time
          {share === undefined ? null : `; the plan allows ${formatCount(Math.floor(share))} entries a day on average`}
        </span>
      </div>
      <QueryView
        query={query}
        isEmpty={({ buckets }) => buckets.every((bucket) => sumOf(bucket) === 0)}
        empty={<EmptyState title={`No records in ${monthName(month)}`} />}
      >
        {(response) => (
          <>
            <ScanNotice notes={response} />
            <DayChart response={response} label={`Records by day, ${monthName(month)}`} share={share} />
          </>
        )}
      </QueryView>
    </section>
  );
}

interface DayChartProps {
  readonly response: HistogramResponse;
  readonly label: string;
  readonly share: number | undefined;
}

function DayChart({ response, label, share }: DayChartProps) {
  const { times, series } = useMemo(() => {
    const { times, logs, timings } = dayCounts(response);
    const largest = Math.max(...response.buckets.map(sumOf));
    const series: ChartSeries[] = [
      { label: "Logs", values: logs, color: "--level-info", kind: "bars", isStacked: true },
      { label: "Timings", values: timings, color: "--level-timing", kind: "bars", isStacked: true },
    ];
    if (share !== undefined && share <= PLAN_TIMES_MAX * largest) {
      series.unshift({ label: "Plan per day", values: times.map(() => share), color: "--level-warn", kind: "line" });
    }
    return { times, series };
  }, [response, share]);
  return (
    <Chart
      label={label}
      times={times}
      intervalMs={DAY_MS}
      series={series}
      heightPx={200}
      format={(value) => formatCount(Math.round(value))}
    />
  );
}

function sumOf({ debug, info, warn, error, timing }: HistogramResponse["buckets"][number]): number {
  return debug + info + warn + error + timing;
}
