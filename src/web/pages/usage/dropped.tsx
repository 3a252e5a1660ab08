// What was dropped, by reason; each reason leads to the latest entries that were dropped for it.

import { formatCount } from "../../../core/amounts.ts";
import { Link } from "../../components/link.tsx";
import { droppedOf, type MonthRow } from "./months.ts";

export function DroppedLinks({ row }: { readonly row: Pick<MonthRow, "dropped" | "project"> }) {
  const reasons = droppedOf(row);
  if (reasons.length === 0) return <span class="muted">none</span>;
  return (
    <span class="usage-dropped">
      {reasons.map(([reason, count]) => (
        <Link key={reason} page="rejections" parameters={{ project: row.project, reason }}>
          {reason} <span class="number">{formatCount(count)}</span>
        </Link>
      ))}
    </span>
  );
}
