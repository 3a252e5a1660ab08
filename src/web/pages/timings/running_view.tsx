// What runs now, and for how long: the seconds go on while somebody looks.

import { formatCount, formatCountOf, formatDuration } from "../../../core/amounts.ts";
import type { RunningTiming } from "../../../core/responses.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Instant } from "../../components/time.tsx";
import { useQuery, useScope } from "../../hooks.ts";
import { KeyLink, MessageText, TouchpointLink } from "./record_links.tsx";
import { useNow } from "./use_now.ts";
import { useTimingsView } from "./view_state.ts";

const POLL_MS = 3_000;
const TICK_MS = 1_000;
const ROWS_MAX = 200;

interface Row {
  readonly id: string;
  readonly timing: RunningTiming;
}

export function RunningView() {
  const { project } = useScope();
  const { search } = useTimingsView();
  const scope = project === "" ? {} : { project };
  const query = useQuery("/api/v1/timings/running", { ...scope, q: search, limit: ROWS_MAX }, { pollMs: POLL_MS });
  return (
    <QueryView
      query={query}
      isEmpty={({ running }) => running.length === 0}
      empty={<EmptyState title="Nothing runs now">A start without its end is listed here until it ends.</EmptyState>}
      announce={({ count }) => `${formatCount(count)} running`}
    >
      {({ running, count }) => (
        <div class="timings-stack">
          <p class="muted">
            {count > running.length
              ? `The ${formatCount(running.length)} longest of ${formatCountOf(count, "timing")} that run now.`
              : `${formatCountOf(count, "timing")} running now, whatever the time range.`}
          </p>
          <DataTable
            label="Running timings, longest first"
            columns={project === "" ? COLUMNS : COLUMNS.filter(({ id }) => id !== "project")}
            rows={numbered(running)}
            rowKey={({ id }) => id}
          />
        </div>
      )}
    </QueryView>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "elapsed",
    header: "Running for",
    cell: ({ timing }) => <Elapsed startTime={timing.startTime} />,
  },
  { id: "touchpoint", header: "Touchpoint", cell: ({ timing }) => <TouchpointLink name={timing.touchpoint} /> },
  { id: "key", header: "Key", hint: "Leads to its logs", cell: ({ timing }) => <KeyLink name={timing.key} /> },
  { id: "started", header: "Started", cell: ({ timing }) => <Instant time={timing.startTime} />, isMinor: true },
  { id: "project", header: "Project", cell: ({ timing }) => timing.project, isMinor: true },
  { id: "message", header: "Message", cell: ({ timing }) => <MessageText text={timing.message} />, isMinor: true },
];

/** Each number changes by itself, so that a tick draws no table. */
function Elapsed({ startTime }: { readonly startTime: number }) {
  const now = useNow(TICK_MS);
  const seconds = Math.floor((now - startTime) / 1_000);
  return <span class="number timings-elapsed">{formatDuration(Math.max(0, seconds) * 1_000)}</span>;
}

/** A row keeps its identity as others end; equal ones are told apart by their order. */
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
