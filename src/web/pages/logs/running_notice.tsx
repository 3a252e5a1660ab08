// What of a search still runs. A running start is no record yet: it is in no list and in no time range. So whoever looks
// for its key would find nothing, and take that for an answer.

import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { RunningTiming } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Link } from "../../components/link.tsx";
import { Elapsed, TimesOut, TimesP99 } from "../../components/running.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";

const POLL_MS = 10_000;
/** Running timings that the notice names. */
const NAMED_MAX = 3;

/** Names the most unusual running timings that match the search, in any range. Renders nothing where there is none. */
export function RunningNotice() {
  const [search] = useParameter("q");
  const { project } = useScope();
  const q = search.trim();
  const query = useQuery(
    "/api/v1/timings/running",
    q === "" ? undefined : { project, q, limit: NAMED_MAX, order: "p99" },
    { pollMs: POLL_MS },
  );
  const { value, isStale } = query.state.value;
  if (q === "" || value === undefined || isStale || value.count === 0) return null;
  const { running, count } = value;
  return (
    <section class="logs-running" aria-label="Running now">
      <p>
        <strong>{formatCountOf(count, "timing")} of this search</strong> {count === 1 ? "runs" : "run"} now, in any time
        range.{" "}
        <Link page="timings" parameters={{ q, tab: "running" }}>
          {count > running.length ? `Show all ${formatCount(count)}` : "Show what runs"}
        </Link>
      </p>
      <ul>
        {running.map((timing, at) => (
          <li key={at}>
            <Running timing={timing} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Running({ timing }: { readonly timing: RunningTiming }) {
  const { touchpoint, key, startTime } = timing;
  return (
    <>
      <span class="logs-running-name code">{touchpoint ?? "no touchpoint"}</span>
      {key === undefined ? null : <span class="logs-running-name code muted">{key}</span>}
      <span>
        for <Elapsed startTime={startTime} />
      </span>
      <TimesP99 timing={timing} />
      <span class="muted">
        times out <TimesOut timing={timing} />
      </span>
    </>
  );
}
