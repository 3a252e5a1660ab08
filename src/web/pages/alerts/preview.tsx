// What a rule would have done in the last week: a sentence, and a chart with the bound as a line and the firings shaded.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { AlertPreviewResponse } from "../../../core/alert_responses.ts";
import { type AlertRuleText, type RuleKind, shownValue } from "../../../core/alert_rule.ts";
import { formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import { useCombinedQuery, useServer } from "../../api/server_context.ts";
import { Chart } from "../../components/chart.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useApp } from "../../state/app_context.ts";
import type { Firing } from "../../state/firings.ts";
import type { Problem } from "../../state/query.ts";

/** How long after the last key a draft is shown to the server, in ms. */
const PAUSE_MS = 400;
const HEIGHT_PX = 180;
/** A rule that has no name yet can be looked at. */
const NAME = "preview";

interface PreviewProps {
  readonly rule: AlertRuleText;
  /** Called with what the server refuses; undefined: nothing. */
  readonly onProblem: (problem: Problem | undefined) => void;
}

/** Follows the rule as it is typed. */
export function Preview({ rule, onProblem }: PreviewProps) {
  const { environment } = useApp();
  const { api } = useServer();
  // Who is told, and how it is called, changes nothing.
  const { name: _name, notify: _notify, severity: _severity, note: _note, repeat: _repeat, ...measured } = rule;
  const text = JSON.stringify({ ...measured, name: NAME });
  const asked = useSignal(text);
  useEffect(
    () =>
      environment.schedule(() => {
        asked.value = text;
      }, PAUSE_MS),
    [text],
  );
  const shown = JSON.parse(asked.value) as AlertRuleText;
  const query = useCombinedQuery<AlertPreviewResponse>(asked.value, (signal) =>
    api.change({ method: "POST", path: "/api/v1/alerts/preview", body: { rule: shown } }, signal),
  );
  const { problem } = query.state.value;
  const isRefused = problem?.kind === "refused";
  useEffect(() => onProblem(isRefused ? problem : undefined), [problem]);
  return (
    <section class="panel alert-preview" aria-labelledby="alerts-preview">
      <div class="panel-head">
        <h2 id="alerts-preview">In the last week</h2>
      </div>
      {isRefused ? (
        <p class="muted">The rule cannot work as it stands: see the form.</p>
      ) : (
        <QueryView query={query} announce={sentence}>
          {(preview) => <Outcome preview={preview} kind={shown.kind ?? "count"} />}
        </QueryView>
      )}
    </section>
  );
}

/** "Would have fired 3 times, 47 m in all." */
function sentence({ fired, firings, from, to }: AlertPreviewResponse): string {
  if (fired === 0) return "Would not have fired.";
  const least = fired > firings.length ? "at least " : "";
  return `Would have fired ${formatCountOf(fired, "time")}, ${least}${formatDuration(firingMs(firings, from, to))} in all.`;
}

/** For how long any of them fired: those of several groups overlap. */
export function firingMs(firings: AlertPreviewResponse["firings"], from: number, to: number): number {
  let [sum, end] = [0, from];
  for (const firing of firings.toSorted((a, b) => a.from - b.from)) {
    const until = firing.to ?? to;
    sum += Math.max(0, until - Math.max(end, firing.from));
    end = Math.max(end, until);
  }
  return sum;
}

interface OutcomeProps {
  readonly preview: AlertPreviewResponse;
  readonly kind: RuleKind;
}

function Outcome({ preview, kind }: OutcomeProps) {
  const { evaluated, unknown, truncated, notes, values, threshold, everyMs } = preview;
  const { times, series, firings } = useMemo(() => {
    const firings = preview.firings.map(
      ({ group, from, to }): Firing => ({ rule: NAME, group, kind, from, to, isNow: false, value: undefined }),
    );
    return {
      times: values.map(({ at }) => at),
      firings,
      series: [
        { label: "worst value", values: values.map(({ value }) => value), color: "--level-timing", kind: "line" },
        { label: "bound", values: values.map(() => threshold), color: "--level-error", kind: "line", isDashed: true },
      ] as const,
    };
  }, [preview, kind]);
  const [first = 0, second = first + everyMs] = times;
  return (
    <>
      <p class="alert-sentence">{sentence(preview)}</p>
      {values.length === 0 ? null : (
        <Chart
          label="What the rule would have measured in the last week, with its bound"
          times={times}
          intervalMs={second - first}
          series={kind === "silence" ? series.slice(0, 1) : series}
          firings={firings}
          heightPx={HEIGHT_PX}
          format={(value) => shownValue(kind, Number(value.toPrecision(3)))}
        />
      )}
      {unknown === 0 ? null : (
        <p class="hint">
          Too few records to know in {formatCount(unknown)} of {formatCountOf(evaluated, "evaluation")}.
        </p>
      )}
      {[truncated, ...notes].map((note) =>
        note === null ? null : (
          <p key={note} class="hint">
            {note}
          </p>
        ),
      )}
    </>
  );
}
