// The slowest completed timings, each leading to its logs by key.

import type { ShownRecord } from "../../../core/record.ts";
import type { EntriesResponse, ScanWarnings, TimingStats } from "../../../core/responses.ts";
import { useCombinedQuery, useServer } from "../../api/server_context.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Duration, Instant } from "../../components/values.tsx";
import { useScope } from "../../state/app_context.ts";
import type { Outcome } from "../../state/query.ts";
import { joinSearches } from "../../state/search_text.ts";

import { KeyLink, MessageText, TouchpointLink, useTimingsView } from "./view_state.tsx";

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
  readonly figures: TimingStats;
  /** Whether timings of several touchpoints are among them. */
  readonly hasTouchpoints: boolean;
}

export function Slowest({ figures, hasTouchpoints }: SlowestProps) {
  const { api } = useServer();
  const { parameters } = useScope();
  const { search } = useTimingsView();
  const from = firstGuess(figures);
  // The threshold is only a first guess: another one is no other question.
  const query = useCombinedQuery<SlowestResponse>(JSON.stringify([parameters, search]), (signal) =>
    findSlowest((q, limit) => api.get("/api/v1/entries", { ...parameters, q, limit }, signal), {
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
        {(response) => (
          <div class="timings-stack">
            <ScanNotice notes={response} />
            <DataTable
              label="Slowest timings, longest first"
              columns={columnsFor(response.entries, hasTouchpoints)}
              rows={response.entries}
              rowKey={({ id }) => id}
            />
            {response.isExact ? null : <p class="hint">There may be longer ones: not all could be looked at.</p>}
          </div>
        )}
      </QueryView>
    </section>
  );
}

/** A duration that enough timings, and not many more, exceed; undefined where all come in one answer. */
function firstGuess(figures: TimingStats): number | undefined {
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

export interface SlowestResponse extends ScanWarnings {
  /** Longest first. */
  readonly entries: readonly ShownRecord[];
  /** Whether there is certainly no longer one. */
  readonly isExact: boolean;
}

export interface SlowestQuery {
  /** "": everything. */
  readonly search: string;
  /** In ms: a guess that at least `wanted` are at least so long; undefined: any. */
  readonly from: number | undefined;
  readonly wanted: number;
}

/** Records that the first question is answered with. */
export const PAGE_RECORDS = 400;
/**
 * Records of each further one. Where durations have nothing to do with age, each round leaves a twentieth, and the third one is
 * the last; where the old ones are the longest, only large answers get on.
 */
const ROUNDS_RECORDS = [PAGE_RECORDS, PAGE_RECORDS, 2_000, 10_000, 10_000, 10_000, 10_000] as const;

export async function findSlowest(
  ask: (q: string, limit: number) => Promise<Outcome<EntriesResponse>>,
  { search, from, wanted }: SlowestQuery,
): Promise<Outcome<SlowestResponse>> {
  const known = new Map<number, ShownRecord>();
  let notes: ScanWarnings = {};
  let above = from === undefined ? "" : `duration:>=${from}`;
  let threshold = from ?? Number.NEGATIVE_INFINITY;
  let longest: readonly ShownRecord[] = [];
  for (const limit of ROUNDS_RECORDS) {
    const outcome = await ask(joinSearches(search, `status:completed ${above}`.trim()), limit);
    if (!outcome.ok) return outcome;
    const { entries, nextCursor, ...said } = outcome.value;
    notes = { ...notes, ...said };
    for (const entry of entries) known.set(entry.id, entry);
    longest = [...known.values()].toSorted((a, b) => durationOf(b) - durationOf(a)).slice(0, wanted);
    if (nextCursor === null) {
      return { ok: true, value: { entries: longest, isExact: said.stoppedEarly === undefined, ...notes } };
    }
    const last = longest.at(-1);
    const next = last === undefined ? threshold : durationOf(last);
    // Where many are equally long, only longer ones could still be missing.
    above = next > threshold ? `duration:>=${next}` : `duration:>${next}`;
    threshold = next;
  }
  return { ok: true, value: { entries: longest, isExact: false, ...notes } };
}

function durationOf({ duration = 0 }: ShownRecord): number {
  return duration;
}
