// A month's usage against the plan, a panel for each project.

import { formatBytes, formatCount } from "../../../core/amounts.ts";
import { Badge } from "../../components/badge.tsx";
import { Meter } from "../../components/meter.tsx";
import { DroppedLinks } from "./dropped.tsx";
import { formatShare, type MonthRow } from "./months.ts";

export function Plans({ rows }: { readonly rows: readonly MonthRow[] }) {
  return (
    <ul class="usage-plans" aria-label="Usage against the plan">
      {rows.map((row) => (
        <Plan key={row.project} row={row} />
      ))}
    </ul>
  );
}

function Plan({ row }: { readonly row: MonthRow }) {
  const { project, received, stored, admitted, limit, overage, overagePolicy, bytes } = row;
  const text = limit === null ? "" : `${formatCount(admitted)} of ${formatCount(limit)} entries`;
  return (
    <li class="panel usage-plan">
      <div class="panel-head">
        <h3>{project}</h3>
        {overage > 0 ? (
          <Badge tone="error">over the plan</Badge>
        ) : limit === null ? (
          <Badge>no limit</Badge>
        ) : (
          <Badge tone={admitted >= 0.9 * limit ? "warn" : "good"}>
            {limit === 0 ? "nothing allowed" : `${formatShare(admitted / limit)} used`}
          </Badge>
        )}
      </div>
      {limit === null ? (
        <p class="usage-amount number">
          <b>{formatCount(admitted)}</b> <span class="muted">entries</span>
        </p>
      ) : (
        <>
          <p class="usage-amount number">
            <b>{formatCount(admitted)}</b> <span class="muted">of {formatCount(limit)} entries</span>
          </p>
          <Meter label={`Plan of ${project}`} value={admitted} max={Math.max(1, limit)} text={text} />
        </>
      )}
      {limit === null ? null : (
        <p class="hint">
          {overage > 0 ? `${formatCount(overage)} past the plan. ` : null}
          {overagePolicy === "drop" ? "Past it, entries are dropped." : "Past it, entries are stored all the same."}
        </p>
      )}
      <dl class="usage-facts">
        <div>
          <dt>Received</dt>
          <dd class="number">{formatCount(received)}</dd>
        </div>
        <div>
          <dt>Stored</dt>
          <dd class="number">{formatCount(stored)}</dd>
        </div>
        <div>
          <dt>On disk</dt>
          <dd class="number">{formatBytes(bytes)}</dd>
        </div>
        <div>
          <dt>Dropped</dt>
          <dd>
            <DroppedLinks row={row} />
          </dd>
        </div>
      </dl>
    </li>
  );
}
