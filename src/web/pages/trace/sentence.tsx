// What a trace says, in a sentence: where most of its time went, the way there, and the longest gap.

import { formatCountOf, formatDuration } from "../../../core/format.ts";
import { useTimes } from "../../state/app_context.ts";
import type { Item } from "./items.ts";
import type { Layout } from "./layout.ts";
import { type LongestPart, summaryOf } from "./summary.ts";

interface SentenceProps {
  readonly items: readonly Item[];
  readonly layout: Layout;
  readonly onOpen: (id: string) => void;
}

/** The sentence and the figures under it. The name in it opens the longest of its timings. */
export function TraceSentence({ items, layout, onOpen }: SentenceProps) {
  const times = useTimes();
  const { longest, gap } = summaryOf(items, layout);
  const { start, end, busyMs, rows } = layout;
  const timings = items.filter(({ isLog }) => !isLog).length;
  return (
    <div class="trace-summary">
      <p class="trace-sentence">
        {longest === undefined ? (
          `${formatCountOf(items.length, "record")} in ${formatDuration(end - start)}.`
        ) : (
          <>
            <strong>{formatDuration(longest.ms)}</strong> of {formatDuration(busyMs)} in{" "}
            {longest.count > 1 ? `${longest.count} × ` : null}
            <button
              type="button"
              class="trace-longest"
              onClick={() => onOpen((items[(rows[longest.row] as Layout["rows"][number]).at] as Item).id)}
            >
              {nameOf(longest.name)}
            </button>
            {longest.isOpen ? ", which has not ended" : null}.
          </>
        )}
        {gap === undefined ? null : (
          <>
            {" "}
            {timings > 0 ? "Nothing ran" : "Nothing was logged"} for {formatDuration(gap.to - gap.from)} from{" "}
            {formatOffset(gap.from - start)} on.
          </>
        )}
      </p>
      <p class="hint">
        {longest === undefined || longest.way.length < 2 ? null : <Way longest={longest} />}
        {formatCountOf(timings, "timing")}, {formatCountOf(items.length - timings, "log")}, from {times.instant(start)}{" "}
        on
        {end > start ? `, ${formatDuration(end - start)} long` : null}
      </p>
    </div>
  );
}

/** Names of the way that are shown. Of a longer one the middle is left out. */
const WAY_NAMES_MAX = 6;

function Way({ longest: { way } }: { readonly longest: LongestPart }) {
  const half = WAY_NAMES_MAX / 2;
  const shown = way.length > WAY_NAMES_MAX ? [...way.slice(0, half), "…", ...way.slice(-half)] : way;
  return (
    <span class="trace-way">
      Longest path: {shown.map((name) => (name === "…" ? name : nameOf(name))).join(" › ")}.{" "}
    </span>
  );
}

/** A timing's name; its touchpoint, or its message. */
export function nameOf(name: string): string {
  return name === "" ? "(no touchpoint)" : name;
}

/** "+12 ms": a distance from the start. */
export function formatOffset(ms: number): string {
  return ms === 0 ? "0" : `${ms < 0 ? "" : "+"}${formatDuration(ms)}`;
}
