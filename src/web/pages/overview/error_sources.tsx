// Where the errors of the range come from: the touchpoints with the most, each leading to its errors.

import { formatCount } from "../../../core/amounts.ts";
import type { ValuesAnswer } from "../../../core/responses.ts";
import { valuesPath } from "../../api/answers.ts";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { useQuery, useScope } from "../../hooks.ts";
import { QuietView } from "./quiet_view.tsx";
import { termFor } from "./slowest_figures.ts";

const ROWS_MAX = 8;
const ERRORS = "kind:log level:error";

interface ErrorSourcesProps {
  /** Of the range; undefined: not known yet. */
  readonly errorCount: number | undefined;
  /** In ms; undefined: the range has ended. */
  readonly pollMs: number | undefined;
}

export function ErrorSources({ errorCount, pollMs }: ErrorSourcesProps) {
  const { question } = useScope();
  const errors = useQuery(
    valuesPath("touchpoint"),
    { ...question, q: ERRORS, limit: ROWS_MAX },
    pollMs === undefined ? {} : { pollMs },
  );
  return (
    <section class="panel" aria-labelledby="overview-errors">
      <div class="panel-head">
        <h2 id="overview-errors">Errors by touchpoint</h2>
        <Link page="logs" parameters={{ q: ERRORS }}>
          All errors
        </Link>
      </div>
      <QuietView
        query={errors}
        isEmpty={isEmpty}
        empty={<EmptyState title={errorCount === 0 ? "No errors in this time range" : "No error has a touchpoint"} />}
      >
        {(answer) => <Sources answer={answer} />}
      </QuietView>
    </section>
  );
}

function isEmpty({ values, stoppedEarly }: ValuesAnswer): boolean {
  return values.length === 0 && stoppedEarly === undefined;
}

function Sources({ answer }: { readonly answer: ValuesAnswer }) {
  const most = answer.values[0]?.count ?? 1;
  return (
    <>
      <ScanNotice notes={answer} />
      <ul class="overview-sources">
        {answer.values.map(({ value, count }) => {
          const name = String(value);
          return (
            <li key={name} class="overview-source">
              <Link page="logs" parameters={{ q: `${ERRORS} ${termFor(name)}` }} class="overview-name" title={name}>
                {name}
              </Link>
              <span class="number">{formatCount(count)}</span>
              <span class="overview-source-bar" aria-hidden="true" style={{ width: `${(count / most) * 100}%` }} />
            </li>
          );
        })}
      </ul>
    </>
  );
}
