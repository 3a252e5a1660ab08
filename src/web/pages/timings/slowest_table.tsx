// The slowest completed timings, each leading to its logs by key.

import type { ShownRecord } from "../../../core/record.ts";
import type { TimingFigures } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Duration, Instant } from "../../components/time.tsx";
import { useScope } from "../../hooks.ts";
import { KeyLink, MessageText, TouchpointLink } from "./record_links.tsx";
import { findSlowest, PAGE_RECORDS, type SlowestAnswer } from "./slowest.ts";
import { useOutcome } from "./use_outcome.ts";
import { useTimingsView } from "./view_state.ts";

const WANTED = 20;
/** A percentile may be off by 1 %: from this share of it on, those that it speaks of are certainly included. */
const CERTAIN_SHARE = 0.98;
/** From the shortest lists on; each with how many in a hundred are longer. */
const LONGER = [
  ["p99", 1],
  ["p95", 5],
  ["p90", 10],
  ["p75", 25],
  ["p50", 50],
] as const;

interface SlowestProps {
  readonly figures: TimingFigures;
  /** Whether timings of several touchpoints are among them. */
  readonly hasTouchpoints: boolean;
}

export function Slowest({ figures, hasTouchpoints }: SlowestProps) {
  const { api } = useApp();
  const { question } = useScope();
  const { search } = useTimingsView();
  const from = firstGuess(figures);
  // The threshold is only a first guess: another one is no other question.
  const query = useOutcome<SlowestAnswer>(JSON.stringify([question, search]), (signal) =>
    findSlowest((q, limit) => api.ask("/api/v1/entries", { ...question, q, limit }, signal), {
      search,
      from,
      wanted: WANTED,
    }),
  );
  return (
    <section class="panel" aria-labelledby="timings-slowest">
      <div class="panel-head">
        <h2 id="timings-slowest">Slowest</h2>
        <span class="hint wide-only">A key leads to its logs</span>
      </div>
      <QueryView
        query={query}
        isEmpty={({ entries }) => entries.length === 0}
        empty={<EmptyState title="Nothing was completed in this time" />}
      >
        {(answer) => (
          <div class="timings-stack">
            <ScanNotice notes={answer} />
            <DataTable
              label="Slowest timings, longest first"
              columns={columnsFor(answer.entries, hasTouchpoints)}
              rows={answer.entries}
              rowKey={({ id }) => id}
            />
            {answer.isExact ? null : <p class="hint">There may be longer ones: not all could be looked at.</p>}
          </div>
        )}
      </QueryView>
    </section>
  );
}

/** A duration that enough timings, and not many more, exceed; undefined where all come in one answer. */
function firstGuess(figures: TimingFigures): number | undefined {
  if (figures.count <= PAGE_RECORDS) return undefined;
  const [name] = LONGER.find(([, share]) => (figures.count * share) / 100 >= 2 * WANTED) ?? [];
  const duration = name === undefined ? null : figures[name];
  return duration === null ? undefined : duration * CERTAIN_SHARE;
}

function columnsFor(entries: readonly ShownRecord[], hasTouchpoints: boolean): readonly Column<ShownRecord>[] {
  const hasMessages = entries.some(({ message = "" }) => message !== "");
  return COLUMNS.filter(({ id }) => (id !== "touchpoint" || hasTouchpoints) && (id !== "message" || hasMessages));
}

const COLUMNS: readonly Column<ShownRecord>[] = [
  { id: "duration", header: "Duration", align: "end", cell: ({ duration }) => <Duration ms={duration} /> },
  { id: "touchpoint", header: "Touchpoint", cell: ({ touchpoint }) => <TouchpointLink name={touchpoint} /> },
  { id: "key", header: "Key", cell: ({ key }) => <KeyLink name={key} /> },
  {
    id: "time",
    header: "When",
    cell: ({ id, time }) => (
      <Link page="logs" parameters={{ q: `id:${id}` }} title="Show this timing in Logs">
        <Instant time={time} />
      </Link>
    ),
  },
  { id: "message", header: "Message", cell: ({ message }) => <MessageText text={message} />, isMinor: true },
];
