// The panel of the overview with the patterns of error messages: the most frequent, those that are new in this range
// marked. Each leads to its lines.

import { formatCount, formatCountOf } from "../../../core/format.ts";
import { useQuery } from "../../api/server_context.ts";
import { AlertLink } from "../../components/alert_link.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Instant, Sparkline } from "../../components/values.tsx";
import { useApp, useScope } from "../../state/app_context.ts";
import { rangeBounds } from "../../state/time_range.ts";
import { newHint, type PatternRow, patternRows, patternSearch } from "../logs/patterns/pattern_rows.ts";
import { NewBadge, PatternLink } from "../logs/patterns/pattern_text.tsx";
import { VIEW_PATTERNS } from "../logs/view_switch.tsx";

const ERRORS = "level:error";
/** Patterns that are shown, and those that new ones are looked for among. */
const SHOWN_MAX = 6;
const LISTED_MAX = 100;

/** The error patterns. `pollMs` undefined: the range has ended. */
export function ErrorPatterns({ pollMs }: { readonly pollMs: number | undefined }) {
  const { environment } = useApp();
  const { range, parameters } = useScope();
  const canCompare = rangeBounds(range, environment.clock()).from !== undefined;
  const compare = canCompare ? { compare: "previous" } : {};
  const query = useQuery("/api/v1/patterns", { ...parameters, ...compare, q: ERRORS, limit: LISTED_MAX }, { pollMs });
  return (
    <section class="panel" aria-labelledby="overview-patterns">
      <div class="panel-head">
        <h2 id="overview-patterns">Error patterns</h2>
        <Link page="logs" parameters={{ q: ERRORS, view: VIEW_PATTERNS, sort: "new" }}>
          All error patterns
        </Link>
      </div>
      <QueryView
        isSecondary
        query={query}
        isEmpty={({ patterns, stoppedEarly }) => patterns.length === 0 && stoppedEarly === undefined}
        empty={<EmptyState title="No error messages in this time range" />}
      >
        {(response) => {
          const rows = patternRows(response, "new", false).slice(0, SHOWN_MAX);
          const further = response.patterns.length + response.more - rows.length;
          return (
            <>
              <ScanNotice notes={response} />
              <ul class="error-patterns" aria-label="Error patterns, new ones first">
                {rows.map((row) => (
                  <ErrorPattern key={row.pattern} row={row} hint={newHint(response)} />
                ))}
              </ul>
              {further > 0 ? <p class="hint">and {formatCountOf(further, "more pattern")}</p> : null}
            </>
          );
        }}
      </QueryView>
    </section>
  );
}

function ErrorPattern({ row, hint }: { readonly row: PatternRow; readonly hint: string }) {
  const { pattern, count, counts, last } = row;
  return (
    <li class="error-pattern">
      <b class="number align-end">{formatCount(count)}</b>
      <Sparkline values={counts} label="How many came over the time range" />
      <span class="error-pattern-text">
        <NewBadge row={row} hint={hint} />
        <PatternLink pattern={pattern} search={ERRORS} />
      </span>
      <span class="error-pattern-last muted">
        last <Instant time={last} /> <AlertLink kind="count" q={patternSearch(ERRORS, pattern)} of={pattern} />
      </span>
    </li>
  );
}
