// The choice of what a page's figures are compared with, and the sentence about it. The choice is in the address.

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Marker, PreviousRange } from "../../core/responses.ts";
import { useQuery, useServer } from "../api/server_context.ts";
import { useApp, useParameter, useScope, useTimes } from "../state/app_context.ts";
import { type CompareKind, typedCompare, useCompare } from "../state/compare.ts";
import { shownZone } from "../state/time_range.ts";
import { sinceMarker } from "./chart_markers.tsx";
import { Notice } from "./notice.tsx";

const CHOICES: readonly { readonly kind: CompareKind; readonly label: string }[] = [
  { kind: "", label: "nothing" },
  { kind: "previous", label: "the time before" },
  { kind: "week", label: "a week before" },
  { kind: "between", label: "another range…" },
];

/** Value of the choice that also chooses the time range. */
const SINCE_MARKER = "since";
/** How far back the last marker may be, as the read API takes it. */
const LAST_MARKER_WITHIN = "30d";

/**
 * "Compare with": a select, and a field for a range of its own. Where there are markers, one choice is the time since
 * the last one with the time before it.
 */
export function ComparePicker() {
  const { router } = useApp();
  const [, setCompare] = useParameter("compare");
  const lastMarker = useLastMarker();
  const { kind } = useCompare();
  const isTyping = useSignal(false);
  const shown = isTyping.value ? "between" : kind;
  const choose = (chosen: string) => {
    isTyping.value = chosen === "between";
    if (chosen === SINCE_MARKER && lastMarker !== undefined) router.change(sinceMarker(lastMarker));
    else if (!isTyping.value) setCompare(chosen);
  };
  return (
    <div class="compare">
      <label class="compare-choice">
        <span>Compare with</span>
        <select class="field" value={shown} onChange={(event) => choose(event.currentTarget.value)}>
          {CHOICES.map((choice) => (
            <option key={choice.kind} value={choice.kind}>
              {choice.label}
            </option>
          ))}
          {lastMarker === undefined ? null : <option value={SINCE_MARKER}>{`before ${lastMarker.label}`}</option>}
        </select>
      </label>
      {shown === "between" ? (
        <OwnRange
          isNew={isTyping.value}
          onChoose={(text) => {
            isTyping.value = false;
            setCompare(text);
          }}
        />
      ) : null}
    </div>
  );
}

/** The newest marker of the chosen project, whatever the time range. */
function useLastMarker(): Marker | undefined {
  const { usage } = useServer();
  const { parameters } = useScope();
  const hasMarkers = usage.state.value.value?.hasMarkers === true;
  const { project } = parameters;
  const scope = { ...(project === undefined ? {} : { project }), from: LAST_MARKER_WITHIN };
  return useQuery("/api/v1/markers", hasMarkers ? scope : undefined).state.value.value?.markers[0];
}

interface OwnRangeProps {
  /** Nothing is chosen yet: the field takes the focus. */
  readonly isNew: boolean;
  readonly onChoose: (text: string) => void;
}

function OwnRange({ isNew, onChoose }: OwnRangeProps) {
  const { environment } = useApp();
  const { clocks, second } = useTimes();
  const { span } = useCompare();
  const id = useId();
  const chosen = span === undefined || isNew ? "" : `${second(span.from)} to ${second(span.to)}`;
  const typed = useSignal<string | undefined>(undefined);
  const problem = useSignal("");
  const submit = (event: Event) => {
    event.preventDefault();
    const read = typedCompare(typed.value ?? chosen, environment.clock(), shownZone(clocks));
    problem.value = read.ok ? "" : `${read.hint.charAt(0).toUpperCase()}${read.hint.slice(1)}.`;
    if (!read.ok) return;
    typed.value = undefined;
    onChoose(read.value);
  };
  return (
    <form class="compare-own" onSubmit={submit} noValidate>
      <input
        class="field"
        type="text"
        aria-label="Range to compare with"
        placeholder="yesterday · 12:00 to 13:00"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        value={typed.value ?? chosen}
        ref={(field) => {
          if (isNew && document.activeElement?.tagName === "SELECT") field?.focus();
        }}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          problem.value = "";
        }}
        aria-invalid={problem.value === "" ? undefined : true}
        aria-describedby={`${id}-problem`}
      />
      <button type="submit" class="button">
        Compare
      </button>
      <p id={`${id}-problem`} class="field-problem" role="alert">
        {problem.value}
      </p>
    </form>
  );
}

/** Which range a response compares with, and what of it is no longer there. Nothing where it compares nothing. */
export function ComparedRange({ previous }: { readonly previous: PreviousRange | undefined }) {
  const { second } = useTimes();
  const { problem } = useCompare();
  if (problem !== undefined) return <Notice tone="warn">{problem}</Notice>;
  if (previous === undefined) return null;
  const { from, to, kept, keptFrom } = previous;
  const range = `${second(from)} – ${second(to)}`;
  if (kept === "whole") return <p class="hint compare-range">Compared with {range}.</p>;
  const since = keptFrom === null ? "" : ` Everything that was stored is kept since ${second(keptFrom)}.`;
  return (
    <Notice tone="warn">
      {kept === "none"
        ? `Nothing is kept of ${range}: there is nothing to compare with.`
        : `Compared with ${range}, of which only a part is kept.`}
      {since}
    </Notice>
  );
}
