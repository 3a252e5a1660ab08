// The slowest completed timings. Records arrive newest first, so the search uses a duration threshold that rises until
// all longer records fit into one response. Then every record that is missing is shorter than those found.

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
import { joinSearches, withTerm } from "../../state/search_text.ts";
import { whyParameters } from "../../state/why.ts";

import { KeyLink, MessageText, TouchpointLink, useTimingsView } from "./view_state.tsx";

const WANTED = 20;
/**
 * A percentile may be off by 1 %. A threshold at this share of it certainly includes the timings above the percentile.
 */
const CERTAIN_SHARE = 0.98;
/** Percentiles from high to low, each with the percentage of timings above it. */
const LONGER = [
  ["p99", 1],
  ["p95", 5],
  ["p90", 10],
  ["p75", 25],
  ["p50", 50],
] as const;

interface SlowestProps {
  readonly figures: TimingStats;
  /** Whether the timings can have several touchpoints. */
  readonly hasTouchpoints: boolean;
}

/** A table of the slowest timings. A key links to its trace. */
export function Slowest({ figures, hasTouchpoints }: SlowestProps) {
  const { api } = useServer();
  const { parameters } = useScope();
  const { search } = useTimingsView();
  const from = firstGuess(figures);
  // The first threshold is not part of the key: another guess gives the same result.
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
        <span class="timings-inline">
          <span class="hint wide-only">A key opens its trace</span>
          <WhySlow figures={figures} search={search} />
        </span>
      </div>
      <QueryView
        query={query}
        isEmpty={({ entries }) => entries.length === 0}
        empty={<EmptyState title="No completed timings in this time range" />}
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
            {response.isExact ? null : <p class="hint">There may be longer ones: not all timings were searched.</p>}
          </div>
        )}
      </QueryView>
    </section>
  );
}

/** A link to the slowest twentieth in Logs, with what sets them apart from the other timings of the search. */
function WhySlow({ figures, search }: { readonly figures: TimingStats; readonly search: string }) {
  if (figures.p95 === null) return null;
  const among = withTerm(search, "status:completed");
  const threshold = figures.p95 * CERTAIN_SHARE;
  const q = withTerm(among, `duration:>=${Number(threshold.toPrecision(3))}`);
  return (
    <Link page="logs" parameters={{ q, ...whyParameters(true, among) }} title="What sets the slowest twentieth apart">
      Why slow?
    </Link>
  );
}

/** A duration that enough timings exceed, but not many more. Undefined: all timings fit into one response. */
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
  {
    id: "touchpoint",
    header: "Touchpoint",
    cell: ({ touchpoint, project }) => <TouchpointLink name={touchpoint} project={project} />,
  },
  { id: "key", header: "Key", cell: (record) => <KeyLink of={record} /> },
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
  /** Whether a longer timing is impossible. */
  readonly isExact: boolean;
}

export interface SlowestQuery {
  /** "": everything. */
  readonly search: string;
  /** The first threshold in ms. At least `wanted` timings should reach it. Undefined: none. */
  readonly from: number | undefined;
  readonly wanted: number;
}

/** Records of the first response. */
export const PAGE_RECORDS = 400;
/**
 * Records of each response. If durations do not depend on age, each round leaves a twentieth, and the third is the
 * last. If the oldest timings are the longest, only large responses make progress.
 */
const ROUNDS_RECORDS = [PAGE_RECORDS, PAGE_RECORDS, 2_000, 10_000, 10_000, 10_000, 10_000] as const;

/** Finds the longest timings of a search. `fetch` runs a search with a limit. */
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
    // If many are equally long, only longer ones can be missing.
    above = next > threshold ? `duration:>=${next}` : `duration:>${next}`;
    threshold = next;
  }
  return { ok: true, value: { entries: longest, isExact: false, ...notes } };
}

function durationOf({ duration = 0 }: ShownRecord): number {
  return duration;
}
