// All touchpoints with their figures, as a tree along the "/" of their names.

import { useMemo } from "preact/hooks";
import { formatCount, formatCountOf } from "../../../core/amounts.ts";
import type { TimingsAnswer } from "../../../core/responses.ts";
import { Button } from "../../components/button.tsx";
import { DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, MoreNotice, Notice, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useParameter, useQuery, useScope } from "../../hooks.ts";
import { parseSort } from "../../state/sorting.ts";
import { AmbiguousNotice } from "./ambiguous_notice.tsx";
import { formatOpen, openAtFirst, parseOpen, timingRows } from "./timing_tree.ts";
import { treeColumns } from "./tree_columns.tsx";
import { useTrends } from "./use_trends.ts";
import { FIGURES_POLL_MS, useTimingsView } from "./view_state.ts";

const SORT_DEFAULT = "name";
/** Rows that a page scrolls through well. */
const ROWS_MAX = 500;

export function TreeView() {
  const { range, question } = useScope();
  const { q } = useTimingsView();
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const query = useQuery("/api/v1/timings", { ...question, q, by: "category" }, poll);
  const { answeredAt } = query.state.value;
  return (
    <QueryView
      query={query}
      isEmpty={({ touchpoints }) => touchpoints.length === 0}
      empty={<NoTimings q={q} />}
      announce={({ touchpoints }) => formatCountOf(touchpoints.length, "touchpoint")}
    >
      {(answer) => <Tree answer={answer} answeredAt={answeredAt} />}
    </QueryView>
  );
}

interface TreeProps {
  readonly answer: TimingsAnswer;
  /** When the answer came; another time renews the shapes. */
  readonly answeredAt: number | undefined;
}

function Tree({ answer, answeredAt }: TreeProps) {
  const { place } = useTimingsView();
  const [sortText] = useParameter("sort");
  const [openText, setOpen] = useParameter("open");
  const sort = parseSort(sortText === "" ? SORT_DEFAULT : sortText);
  const { categories = [] } = answer;
  const atFirst = useMemo(() => openAtFirst(answer), [answer]);
  const open = useMemo(() => parseOpen(openText) ?? atFirst, [openText, atFirst]);
  const all = useMemo(
    () => timingRows(answer, (category) => open.has(category), sort),
    [answer, open, sort.id, sort.isDescending],
  );
  const rows = useMemo(() => all.slice(0, ROWS_MAX), [all]);
  const trends = useTrends(rows, answeredAt);
  const toggle = (category: string) => {
    const next = new Set(open);
    if (!next.delete(category)) next.add(category);
    setOpen(formatOpen(next), "replace");
  };
  const places = new Map(rows.map(({ id }, at) => [id, at]));
  const columns = treeColumns({
    // The table turns the order round when it is descending; the tree's own order already is.
    placeOf: ({ id }) => (sort.isDescending ? -1 : 1) * (places.get(id) ?? 0),
    onToggle: toggle,
    place,
    trends,
  });
  const isUnregistered = answer.touchpoints.some(({ touchpoint, registered }) => touchpoint !== "" && !registered);
  return (
    <div class="timings-stack">
      <ScanNotice notes={answer} />
      <AmbiguousNotice touchpoints={answer.touchpoints} />
      <div class="timings-bar">
        <span class="muted">
          {formatCountOf(answer.touchpoints.length, "touchpoint")}
          {categories.length === 0
            ? ""
            : ` in ${formatCount(categories.length)} ${categories.length === 1 ? "category" : "categories"}`}
        </span>
        {categories.length === 0 ? null : (
          <span class="timings-buttons">
            <Button
              onPress={() => setOpen(formatOpen(new Set(categories.map(({ category }) => category))), "replace")}
              isDisabled={open.size >= categories.length}
            >
              Open all
            </Button>
            <Button onPress={() => setOpen(formatOpen(new Set()), "replace")} isDisabled={open.size === 0}>
              Close all
            </Button>
          </span>
        )}
      </div>
      {all.length > rows.length ? (
        <Notice tone="info">
          The first {formatCount(rows.length)} of {formatCount(all.length)} rows are shown. Close categories or search
          for a name.
        </Notice>
      ) : null}
      <DataTable
        label="Timings by touchpoint"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        sortParameter="sort"
        sortDefault={SORT_DEFAULT}
      />
      <MoreNotice more={answer.more} what="touchpoint" />
      <p class="hint">
        Figures are of completed timings and within 1 % of the exact value; those of a category are of all its timings
        together.
        {isUnregistered ? (
          <>
            {" "}
            <Link page="touchpoints">Register touchpoints</Link> that are meant to stay, so that a mistyped name stands
            out.
          </>
        ) : null}
      </p>
    </div>
  );
}

function NoTimings({ q }: { readonly q: string }) {
  if (q !== "") return <EmptyState title="No timing matches">Try another search or a longer time range.</EmptyState>;
  return (
    <EmptyState title="No timings in this time">
      Send an entry with <code>startTime</code> and one with <code>endTime</code> and the same <code>key</code>, or one
      with a <code>duration</code>.
    </EmptyState>
  );
}
