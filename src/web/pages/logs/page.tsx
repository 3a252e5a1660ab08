// The logs page: a search, its records over time, and the records themselves; or what happened around one record. The
// address holds the search, the range, the order, the open record, the grouping and the live tail.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { formatCount } from "../../../core/format.ts";
import type { ShownRecord } from "../../../core/record.ts";
import type { HistogramResponse } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { AlertLink } from "../../components/alert_link.tsx";
import { Chart } from "../../components/chart.tsx";
import { LEVEL_KINDS, levelSeries, levelTerm, toggleLevel } from "../../components/level_series.ts";
import { Notice, ScanNotice } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import type { QueryHandle, QueryParameters } from "../../state/query.ts";
import { hasTerm } from "../../state/search_text.ts";
import { rangeBounds, rangeParameters } from "../../state/time_range.ts";
import { OLDEST_FIRST } from "./order.tsx";
import { PatternsView } from "./patterns_view.tsx";
import { RecordRow } from "./record_row.tsx";
import { RecordView } from "./record_view.tsx";
import { RunningNotice } from "./running_notice.tsx";
import { SearchBar } from "./search_bar.tsx";
import { SurroundingsView } from "./surroundings_view.tsx";
import { LIVE_PAUSED, TailNotices, Toolbar } from "./toolbar.tsx";
import { TouchpointPanel } from "./touchpoint_panel.tsx";
import { type Records, useRecords } from "./use_records.ts";
import { VIEW_PATTERNS } from "./view_switch.tsx";
import { WhyRail } from "./why_rail.tsx";

/** How often the histogram is refreshed during a live tail, in ms. */
const LIVE_POLL_MS = 5_000;

export function LogsPage() {
  const [near] = useParameter("near");
  const [q] = useParameter("q");
  return (
    <Page title="Logs" actions={near === "" ? <AlertLink kind="count" q={q} /> : undefined}>
      <div class="logs">{near === "" ? <SearchView /> : <SurroundingsView />}</div>
    </Page>
  );
}

function SearchView() {
  const { parameters: scope, range } = useScope();
  const [q] = useParameter("q");
  const [live] = useParameter("live");
  const [view] = useParameter("view");
  const [order] = useParameter("order");
  const parameters = useMemo(() => ({ ...scope, ...(q === "" ? {} : { q }) }), [scope, q]);
  const canFollow = range.kind === "last" || range.to === undefined;
  const isFollowing = live !== "" && canFollow && view !== VIEW_PATTERNS && order !== OLDEST_FIRST;
  const histogram = useQuery("/api/v1/histogram", parameters, isFollowing ? { pollMs: LIVE_POLL_MS } : {});
  const counted = histogram.state.value;
  const { problem } = counted;
  return (
    <>
      <SearchBar problem={problem?.kind === "refused" ? problem : undefined} />
      <Histogram query={histogram} />
      <RunningNotice />
      {view === VIEW_PATTERNS ? (
        <PatternsView parameters={parameters} />
      ) : (
        <Lines
          total={counted.value === undefined || problem !== undefined ? undefined : totalOf(counted.value)}
          parameters={parameters}
          canFollow={canFollow}
        />
      )}
    </>
  );
}

interface LinesProps {
  /** Records of the search. Undefined: not known. */
  readonly total: number | undefined;
  /** The scope and the search. */
  readonly parameters: QueryParameters;
  /** Whether the time range ends now. */
  readonly canFollow: boolean;
}

function Lines({ total, parameters, canFollow }: LinesProps) {
  const { environment } = useApp();
  const { range } = useScope();
  const [live] = useParameter("live");
  const [group] = useParameter("group");
  const [order] = useParameter("order");
  const isOldestFirst = order === OLDEST_FIRST;
  const isFollowing = live !== "" && canFollow && !isOldestFirst;
  const { from: timeMin } = useMemo(() => rangeBounds(range, environment.clock()), [range]);
  const ordered = useMemo(() => ({ ...parameters, ...(isOldestFirst ? { order } : {}) }), [parameters, isOldestFirst]);
  const records = useRecords({ parameters: ordered, isFollowing, isPaused: live === LIVE_PAUSED, timeMin });
  return (
    <>
      <Toolbar total={total} records={records} parameters={parameters} canFollow={canFollow} />
      {isFollowing ? <TailNotices records={records} /> : null}
      <OpenedElsewhere records={records} />
      <div class="logs-body">
        {group === "" ? null : <TouchpointPanel />}
        <RecordView records={records} />
        <WhyRail parameters={parameters} isFollowing={isFollowing} />
      </div>
    </>
  );
}

/** The open record, unless it is in the list: it is older than the loaded pages, or outside of the time range. */
function OpenedElsewhere({ records: { list } }: { readonly records: Records }) {
  const [open] = useParameter("open");
  const id = /^[1-9]\d{0,15}$/.test(open) ? Number(open) : undefined;
  void list.version.value;
  if (id === undefined || !list.isReady || list.indexOf(id) !== -1) return null;
  return <LinkedRecord key={id} id={id} />;
}

const HEIGHT_PX = 104;
const COUNT_WHOLE_MAX = 100_000;

function Histogram({ query }: { readonly query: QueryHandle<HistogramResponse> }) {
  // The search bar shows the problem of a search.
  if (query.state.value.problem?.kind === "refused") return null;
  return (
    <div class="logs-histogram">
      <QueryView query={query} loading={<div class="logs-histogram-space" />}>
        {(response) => (
          <>
            <ScanNotice notes={response} />
            <LevelChart response={response} />
          </>
        )}
      </QueryView>
    </div>
  );
}

function LevelChart({ response }: { readonly response: HistogramResponse }) {
  const { router } = useApp();
  const [search, setSearch] = useParameter("q");
  const { times, series } = useMemo(() => {
    const { buckets } = response;
    const series = levelSeries((kind) => buckets.map((bucket) => bucket[kind]));
    return { times: buckets.map(({ time }) => time), series };
  }, [response]);
  const legendMark = (label: string, mark: ComponentChildren) => {
    const isAlone = hasTerm(search, levelTerm(label));
    return (
      <button
        type="button"
        class="chart-filter"
        aria-pressed={isAlone}
        title={isAlone ? "Show all levels" : `Show only ${label}`}
        onClick={() => setSearch(toggleLevel(search, label))}
      >
        {mark}
      </button>
    );
  };
  return (
    <Chart
      label="Records over time by level; drag, or click on a bar, to choose a time range"
      times={times}
      intervalMs={response.interval}
      series={series}
      format={shortCount}
      heightPx={HEIGHT_PX}
      legendMark={legendMark}
      onSelect={(from, to) => router.change(rangeParameters({ kind: "between", from, to }))}
    />
  );
}

/** "12,345", "1.2M": short enough for the axis. */
function shortCount(count: number): string {
  if (count < COUNT_WHOLE_MAX) return formatCount(count);
  return count.toLocaleString("en", { notation: "compact", maximumFractionDigits: 2 });
}

/** Records of all buckets. */
export function totalOf({ buckets }: HistogramResponse): number {
  return buckets.reduce((sum, bucket) => sum + LEVEL_KINDS.reduce((part, kind) => part + bucket[kind], 0), 0);
}

function LinkedRecord({ id }: { readonly id: number }) {
  const [, setOpen] = useParameter("open");
  const query = useQuery("/api/v1/entries", { q: `id:${id}`, limit: 1 });
  const close = () => setOpen("", "replace");
  const closing = { action: { label: "Close", run: close } };
  return (
    <section class="logs-linked" aria-label="Linked record">
      <QueryView query={query}>
        {({ entries: [record] }) =>
          record === undefined ? (
            <Notice tone="warn" {...closing}>
              Record {id} does not exist, or was deleted.
            </Notice>
          ) : (
            <Linked record={record} onClose={close} />
          )
        }
      </QueryView>
    </section>
  );
}

function Linked({ record, onClose }: { readonly record: ShownRecord; readonly onClose: () => void }) {
  return (
    <>
      <p class="hint">The linked record. It is not in the list below.</p>
      <RecordRow record={record} isOpen isActive showsProject onToggle={onClose} />
    </>
  );
}
