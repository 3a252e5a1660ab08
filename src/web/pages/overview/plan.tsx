// The month's entries by project against their limits. A line on each bar says where an even pace would be by now.

import { formatCount } from "../../../core/amounts.ts";
import { monthOf } from "../../../core/month.ts";
import type { UsageAnswer } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { Badge } from "../../components/badge.tsx";
import { Link } from "../../components/link.tsx";
import { useScope } from "../../hooks.ts";
import { Meter } from "./meter.tsx";
import { monthGone, type PlanRow, planRows } from "./plan_figures.ts";
import { formatShare } from "./traffic_figures.ts";

const ROWS_MAX = 5;

export function Plan({ usage }: { readonly usage: UsageAnswer }) {
  const { environment, usage: query } = useApp();
  const { project } = useScope();
  const now = environment.clock();
  const rows = planRows(usage, project, now);
  const gone = monthGone(now);
  const further = rows.length - ROWS_MAX;
  return (
    <section class="panel" aria-labelledby="overview-plan">
      <div class="panel-head">
        <h2 id="overview-plan">This month</h2>
        <Link page="usage">Usage</Link>
      </div>
      <div class="query-view" data-stale={query.state.value.isStale}>
        <div class="query-content overview-plan">
          <p class="hint">
            {monthOf(now)} (UTC), {formatShare(gone)} of it gone
          </p>
          {rows.length === 0 ? <p class="muted">No entries this month yet.</p> : null}
          {rows.slice(0, ROWS_MAX).map((row) => (
            <ProjectPlan key={row.project} row={row} gone={gone} />
          ))}
          {further > 0 ? (
            <p>
              <Link page="usage">{formatCount(further)} more</Link>
            </p>
          ) : null}
        </div>
      </div>
    </section>
  );
}

function ProjectPlan({ row, gone }: { readonly row: PlanRow; readonly gone: number }) {
  const { project, admitted, limit, share, overage, overagePolicy } = row;
  return (
    <div class="overview-measure">
      <div class="overview-measure-text">
        <span class="overview-name" title={project}>
          {project}
        </span>
        <span class="number">
          {formatCount(admitted)}
          {limit === null ? (
            <span class="muted"> · no limit</span>
          ) : (
            <span class="muted"> of {formatCount(limit)}</span>
          )}
        </span>
      </div>
      {share === null ? null : <Meter label={`${project}, of its month's limit`} share={share} mark={gone} />}
      {share === null ? null : (
        <div class="overview-measure-text hint">
          <span class="number">{formatShare(share)} used</span>
          {overage > 0 ? (
            <Badge tone={overagePolicy === "drop" ? "error" : "warn"}>
              {formatCount(overage)} past the limit, {overagePolicy === "drop" ? "dropped" : "stored all the same"}
            </Badge>
          ) : share > gone ? (
            <span>ahead of an even pace</span>
          ) : (
            <span>within an even pace</span>
          )}
        </div>
      )}
    </div>
  );
}
