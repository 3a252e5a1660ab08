// The distribution of durations: rows that link to their logs. It is made of the same counts as the heat map, of all
// completed timings of the time range.

import { formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import { Link } from "../../components/link.tsx";
import { type DistributionRow, type DurationCells, distributionRows, rowsSearch } from "./duration_cells.ts";
import { useTimingsView } from "./view_state.tsx";

/** The timings of a selection by duration. */
export function Distribution({ cells }: { readonly cells: DurationCells }) {
  const { search } = useTimingsView();
  const rows = distributionRows(cells);
  const all = rows.reduce((sum, { count }) => sum + count, 0);
  const most = rows.reduce((largest, { count }) => Math.max(largest, count), 1);
  return (
    <div class="timings-stack">
      <table class="timings-bins" aria-label="Timings by duration">
        <thead>
          <tr>
            <th scope="col">Duration</th>
            <th scope="col">
              <span class="visually-hidden">Percentiles</span>
            </th>
            <td />
            <th scope="col">Timings</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.from}>
              <th scope="row">
                <Link
                  page="logs"
                  parameters={{ q: rowsSearch(search, cells, row) }}
                  title={`Show these in Logs: above ${row.from} ms, up to ${row.to} ms`}
                >
                  {formatDuration(row.from)} – {formatDuration(row.to)}
                </Link>
              </th>
              <td class="timings-bin-marks">{marksText(row)}</td>
              <td class="timings-bin-space">
                {row.count === 0 ? null : (
                  <span class="timings-bin" style={{ width: `${(row.count / most) * 100}%` }} />
                )}
              </td>
              <td class="number align-end">{formatCount(row.count)}</td>
              <td class="number align-end muted">{((row.count / all) * 100).toFixed(1)} %</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        {`All ${formatCountOf(all, "completed timing")}. A row has the durations up to and with its end.`}
      </p>
    </div>
  );
}

/** "p50", "p90–p99", "p99, max". */
function marksText({ marks }: DistributionRow): string {
  const percentiles = marks.filter((mark) => mark !== "max");
  const range = percentiles.length > 2 ? `${percentiles[0]}–${percentiles.at(-1)}` : percentiles.join(", ");
  return [range, ...marks.filter((mark) => mark === "max")].filter((text) => text !== "").join(", ");
}
