// One touchpoint, or one category: its figures, their course over time, how the durations are spread, and the slowest ones.

import { formatCount } from "../../../core/amounts.ts";
import type { TimingFigures, TimingsAnswer } from "../../../core/responses.ts";
import { Badge } from "../../components/badge.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Duration } from "../../components/time.tsx";
import { useQuery, useScope } from "../../hooks.ts";
import { AmbiguousNotice } from "./ambiguous_notice.tsx";
import { Course } from "./course.tsx";
import { Distribution } from "./distribution.tsx";
import type { Selection } from "./selection.ts";
import { Slowest } from "./slowest_table.tsx";
import { FIGURES_POLL_MS, useTimingsView } from "./view_state.ts";

export function DetailView({ selection }: { readonly selection: Selection }) {
  const { range, question } = useScope();
  const { search } = useTimingsView();
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const query = useQuery("/api/v1/timings", { ...question, q: search, by: "category" }, poll);
  return (
    <QueryView
      query={query}
      isEmpty={(answer) => figuresOf(answer, selection) === undefined}
      empty={<EmptyState title="No timings in this time">Choose a longer time range.</EmptyState>}
    >
      {(answer) => {
        const figures = figuresOf(answer, selection);
        return figures === undefined ? null : <Detail answer={answer} figures={figures} selection={selection} />;
      }}
    </QueryView>
  );
}

function figuresOf({ touchpoints, categories }: TimingsAnswer, selection: Selection): TimingFigures | undefined {
  if (selection.kind === "category") return categories?.find(({ category }) => category === selection.name);
  const name = selection.kind === "none" ? "" : selection.name;
  return touchpoints.find(({ touchpoint }) => touchpoint === name);
}

interface DetailProps {
  readonly answer: TimingsAnswer;
  readonly figures: TimingFigures;
  readonly selection: Selection;
}

function Detail({ answer, figures, selection }: DetailProps) {
  const { place } = useTimingsView();
  const isUnregistered =
    selection.kind === "touchpoint" &&
    answer.touchpoints.some(({ touchpoint, registered }) => touchpoint === selection.name && !registered);
  return (
    <div class="timings-stack">
      <ScanNotice notes={answer} />
      <AmbiguousNotice touchpoints={answer.touchpoints} />
      {isUnregistered ? (
        <p class="timings-inline">
          <Badge tone="warn">unregistered</Badge>
          <span class="muted">
            This name was sent, and nobody registered it. <Link page="touchpoints">Register it</Link> if it is meant to
            stay.
          </span>
        </p>
      ) : null}
      <dl class="panel timings-figures">
        <div>
          <dt>Completed</dt>
          <dd class="number">{formatCount(figures.count)}</dd>
        </div>
        {DURATIONS.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Duration ms={figures[name]} />
            </dd>
          </div>
        ))}
        {COUNTS.map(({ id, label }) => (
          <div key={id}>
            <dt>{label}</dt>
            <dd class="number">
              {figures[id] === 0 ? (
                "0"
              ) : (
                <Link page="timings" parameters={place({ tab: id })}>
                  {formatCount(figures[id])}
                </Link>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <Course />
      {figures.count === 0 ? null : (
        <div class="timings-columns">
          <Distribution figures={figures} />
          <Slowest figures={figures} hasTouchpoints={selection.kind === "category"} />
        </div>
      )}
    </div>
  );
}

const DURATIONS = ["min", "mean", "p50", "p90", "p95", "p99", "max"] as const;
const COUNTS = [
  { id: "running", label: "Running" },
  { id: "unfinished", label: "Never finished" },
] as const;
