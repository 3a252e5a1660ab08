// The panel of the overview with what became worse, times how often, in place of the slowest touchpoints while another
// range is compared.

import { useMemo } from "preact/hooks";
import type { TouchpointTimings } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { ChangeBadge } from "../../components/change.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useScope } from "../../state/app_context.ts";
import { useCompare } from "../../state/compare.ts";
import { CHANGE_COLUMNS, isCertain } from "../timings/compared_view.tsx";
import { TimingsLink } from "./by_touchpoint.tsx";

const ROWS_MAX = 7;

/** `pollMs` undefined: the range has ended. */
export function Worse({ pollMs }: { readonly pollMs: number | undefined }) {
  const { parameters } = useScope();
  const compare = useCompare();
  const wanted = { ...parameters, ...compare.parameters, sort: "worse", limit: ROWS_MAX };
  const query = useQuery("/api/v1/timings", wanted, { pollMs });
  const { value } = query.state.value;
  const rows = useMemo(() => (value?.touchpoints ?? []).filter(isWorthTelling), [value]);
  return (
    <section class="panel" aria-labelledby="overview-worse">
      <div class="panel-head">
        <h2 id="overview-worse">What became slower</h2>
        <Link page="timings">All changes</Link>
      </div>
      <QueryView
        isSecondary
        query={query}
        isEmpty={({ stoppedEarly }) => stoppedEarly === undefined && rows.length === 0}
        empty={<EmptyState title="Nothing became slower">No p95 rose, and no touchpoint is new.</EmptyState>}
      >
        {(response) => (
          <>
            <ScanNotice notes={response} />
            <DataTable
              label="What became slower, times how often"
              columns={COLUMNS}
              rows={rows}
              rowKey={({ project, touchpoint }) => JSON.stringify([project, touchpoint])}
            />
          </>
        )}
      </QueryView>
    </section>
  );
}

/** What became slower, is new, or cannot be judged; not what is as before, became faster, or is gone. */
function isWorthTelling(row: TouchpointTimings): boolean {
  const { change, count } = row;
  return change?.state === "compared" ? (change.worse ?? 0) > 0 && isCertain(row, "p95") : count > 0;
}

const COLUMNS: readonly Column<TouchpointTimings>[] = [
  {
    id: "touchpoint",
    header: "Touchpoint",
    cell: ({ project, touchpoint, change }) => (
      <span class="timings-inline">
        <TimingsLink project={project} touchpoint={touchpoint} />
        <ChangeBadge change={change} />
      </span>
    ),
  },
  CHANGE_COLUMNS.countChange,
  CHANGE_COLUMNS.p95,
  CHANGE_COLUMNS.p95Change,
  CHANGE_COLUMNS.worse,
];
