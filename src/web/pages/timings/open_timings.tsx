// Two tabs with timings that have no end: those that run now, with a clock that ticks, and those that never finished.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { ShownRecord } from "../../../core/record.ts";
import type { RunningTiming } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Elapsed, TimesOut, TimesP99 } from "../../components/running.tsx";
import { Instant } from "../../components/values.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import { joinSearches } from "../../state/search_text.ts";
import { summaryOf } from "../logs/record_row.tsx";

import { KeyLink, MessageText, TouchpointLink, useTimingsView } from "./view_state.tsx";

const POLL_MS = 3_000;
const RUNNING_ROWS_MAX = 200;

interface Row {
  readonly id: string;
  readonly timing: RunningTiming;
}

/** The timings that run now, the longest first. */
export function RunningView() {
  const { project } = useScope();
  const { search } = useTimingsView();
  const [order, setOrder] = useParameter("order");
  const isByAge = order === BY_AGE;
  const scope = project === "" ? {} : { project };
  const query = useQuery(
    "/api/v1/timings/running",
    { ...scope, q: search, limit: RUNNING_ROWS_MAX, with: "p99", order: isByAge ? "age" : "p99" },
    { pollMs: POLL_MS },
  );
  const columns = useMemo(
    () => (project === "" ? RUNNING_COLUMNS : RUNNING_COLUMNS.filter(({ id }) => id !== "project")),
    [project],
  );
  return (
    <QueryView
      query={query}
      isEmpty={({ running }) => running.length === 0}
      empty={<EmptyState title="No timing is running">A start is listed here until its end arrives.</EmptyState>}
      announce={({ count }) => `${formatCount(count)} running`}
    >
      {({ running, count }) => (
        <div class="timings-stack">
          <div class="timings-bar">
            <p class="muted">
              {count > running.length
                ? `The first ${formatCount(running.length)} of ${formatCountOf(count, "timing")} that are running.`
                : `${formatCountOf(count, "timing")} running now, in any time range.`}
            </p>
            <span class="timings-buttons" role="group" aria-label="Order">
              <Button isPressed={!isByAge} onPress={() => setOrder("", "replace")} title={BY_P99_HELP}>
                Most unusual first
              </Button>
              <Button isPressed={isByAge} onPress={() => setOrder(BY_AGE, "replace")}>
                Longest first
              </Button>
            </span>
          </div>
          <DataTable
            label={`Running timings, ${isByAge ? "longest" : "most unusual"} first`}
            columns={columns}
            rows={numbered(running)}
            rowKey={({ id }) => id}
          />
          <p class="hint">
            The p99 of a touchpoint is that of its timings of the last 7 days; with fewer than 10 there is none. A start
            whose time is out is stored as never finished.
          </p>
        </div>
      )}
    </QueryView>
  );
}

/** The address's text for this order. Absent: by how many times the usual p99 they run. */
const BY_AGE = "age";
const BY_P99_HELP = "Those that run many times longer than nearly all others of their touchpoint";

const RUNNING_COLUMNS: readonly Column<Row>[] = [
  {
    id: "elapsed",
    header: "Running for",
    cell: ({ timing }) => <Elapsed startTime={timing.startTime} />,
  },
  {
    id: "p99",
    header: "Usual",
    hint: "How many times the p99 of its touchpoint it runs already",
    cell: ({ timing }) => <TimesP99 timing={timing} />,
  },
  {
    id: "touchpoint",
    header: "Touchpoint",
    cell: ({ timing }) => <TouchpointLink name={timing.touchpoint} project={timing.project} />,
  },
  {
    id: "key",
    header: "Key",
    hint: "Opens its trace",
    cell: ({ timing: { key, project, startTime } }) => <KeyLink of={{ key, project, time: startTime }} />,
  },
  { id: "project", header: "Project", cell: ({ timing }) => timing.project },
  { id: "details", header: "Message and metadata", cell: ({ timing }) => <Details timing={timing} /> },
  {
    id: "timeout",
    header: "Times out",
    hint: "Then it is stored as never finished",
    cell: ({ timing }) => <TimesOut timing={timing} />,
    isMinor: true,
  },
  { id: "started", header: "Started", cell: ({ timing }) => <Instant time={timing.startTime} />, isMinor: true },
];

/** The message, and the metadata as in a line of Logs. All of it in the tooltip. */
function Details({ timing: { message, metadata } }: { readonly timing: RunningTiming }) {
  const shown = summaryOf({
    ...(message === undefined ? {} : { message }),
    ...(metadata === undefined ? {} : { metadata }),
  });
  const text = [shown.message, shown.metadata].filter((part) => part !== "").join(" · ");
  return <MessageText text={text} />;
}

/** Gives each timing an id that stays the same while others end. Equal timings are numbered. */
function numbered(running: readonly RunningTiming[]): readonly Row[] {
  const seen = new Map<string, number>();
  return running.map((timing) => {
    const { project, apiKey, touchpoint, key, startTime } = timing;
    const name = JSON.stringify([project, apiKey, touchpoint, key, startTime]);
    const number = seen.get(name) ?? 0;
    seen.set(name, number + 1);
    return { id: `${name}${number}`, timing };
  });
}

/** Rows in the beginning, and at most. The logs page shows more. */
const UNFINISHED_ROWS_FIRST = 100;
const UNFINISHED_ROWS_MAX = 1_000;

/** The timings of the range that never finished, newest first. */
export function UnfinishedView() {
  const { project, parameters } = useScope();
  const { search } = useTimingsView();
  const limit = useSignal(UNFINISHED_ROWS_FIRST);
  const q = joinSearches(search, "status:unfinished");
  const query = useQuery("/api/v1/entries", { ...parameters, q, limit: limit.value });
  return (
    <QueryView
      query={query}
      isEmpty={({ entries, stoppedEarly }) => entries.length === 0 && stoppedEarly === undefined}
      empty={
        <EmptyState title="All timings finished">
          A start is listed here when its end does not arrive within the configured time.
          <WiderRange />
        </EmptyState>
      }
      announce={({ entries }) => `${formatCount(entries.length)} never finished`}
    >
      {(response) => (
        <div class="timings-stack">
          <ScanNotice notes={response} />
          <div class="timings-bar">
            <span class="muted">
              {response.nextCursor === null
                ? `${formatCount(response.entries.length)} never finished in this time range.`
                : `The newest ${formatCount(response.entries.length)} timings that never finished.`}
            </span>
            <Link page="logs" parameters={{ q }}>
              Show in Logs
            </Link>
          </div>
          <DataTable
            label="Timings that never finished, newest first"
            columns={project === "" ? UNFINISHED_COLUMNS : UNFINISHED_COLUMNS.filter(({ id }) => id !== "project")}
            rows={response.entries}
            rowKey={({ id }) => id}
          />
          {response.nextCursor === null || limit.value >= UNFINISHED_ROWS_MAX ? null : (
            <div>
              <Button
                onPress={() => {
                  limit.value = UNFINISHED_ROWS_MAX;
                }}
              >
                Show up to {formatCount(UNFINISHED_ROWS_MAX)}
              </Button>
            </div>
          )}
        </div>
      )}
    </QueryView>
  );
}

const UNFINISHED_COLUMNS: readonly Column<ShownRecord>[] = [
  { id: "started", header: "Started", cell: ({ startTime, time }) => <Instant time={startTime ?? time} /> },
  {
    id: "touchpoint",
    header: "Touchpoint",
    cell: ({ touchpoint, project }) => <TouchpointLink name={touchpoint} project={project} />,
  },
  { id: "key", header: "Key", hint: "Opens its trace", cell: (record) => <KeyLink of={record} /> },
  { id: "project", header: "Project", cell: ({ project }) => project, isMinor: true },
  { id: "message", header: "Message", cell: ({ message }) => <MessageText text={message} />, isMinor: true },
];
