// The usage page: a month against the plan, in all and by day, and all the months before.

import { monthOf } from "../../core/month.ts";
import { useApp } from "../app_context.ts";
import { EmptyState, Notice } from "../components/notice.tsx";
import { Page } from "../components/page.tsx";
import { QueryView } from "../components/query_view.tsx";
import { useParameter, useQuery, useScope } from "../hooks.ts";
import { Days } from "./usage/days.tsx";
import { MonthTable } from "./usage/month_table.tsx";
import { type MonthRow, monthBounds, monthName, planOf } from "./usage/months.ts";
import { Plans } from "./usage/plans.tsx";

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
            Entries are counted by project and by the UTC month of their receipt.
          </EmptyState>
        }
      >
        {({ usage }) => <Usage rows={usage.filter((row) => project === "" || row.project === project)} />}
      </QueryView>
    </Page>
  );
}

/** At least one row. */
function Usage({ rows }: { readonly rows: readonly MonthRow[] }) {
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
        <Notice tone="warn">The link's month is not understood: {monthName(month)} is shown instead.</Notice>
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
        <Plans rows={shown} />
      )}
      {bounds === undefined ? null : <Days month={month} bounds={bounds} project={project} plan={planOf(shown)} />}
      <section class="usage-section" aria-labelledby="usage-months">
        <h2 id="usage-months">All months</h2>
        <MonthTable rows={rows} />
        <p class="hint">
          Received = stored + waiting + dropped, in entries: a timing that came as a start and an end is two of them.
          What is kept on disk goes with the retention; the counts stay.
        </p>
      </section>
    </div>
  );
}
