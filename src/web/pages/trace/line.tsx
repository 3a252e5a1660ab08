// One line of a trace: the name in its place in the tree, the bar or tick in its place in time, and how long it took.

import { formatDuration } from "../../../core/format.ts";
import { Icon } from "../../components/icon.tsx";
import { Badge, Duration, LevelBadge } from "../../components/values.tsx";
import { shareOf } from "./axis.ts";
import { Bar, Ticks } from "./bar.tsx";
import type { Item } from "./items.ts";
import { lengthOf, type Row, type Stretch } from "./layout.ts";
import { formatOffset, nameOf } from "./sentence.tsx";

/** Id of a line's button, which the keyboard focuses. */
export const lineId = (id: string) => `trace-line-${id}`;

/** Deeper lines are not indented further. */
const INDENT_MAX = 10;

interface LineProps {
  readonly item: Item;
  readonly row: Row;
  /** What the lane shows of time. */
  readonly window: Stretch;
  /** When the trace began, in Unix ms. */
  readonly start: number;
  /** Logs that the bar shows. */
  readonly logs: readonly Item[];
  /** Undefined: it has no parts. */
  readonly isFolded: boolean | undefined;
  readonly isOpen: boolean;
  /** The line that the tab key reaches. */
  readonly isActive: boolean;
  readonly onOpen: () => void;
  readonly onFold: () => void;
}

/** A record's line. A click anywhere on it opens the record. */
export function Line(props: LineProps) {
  const { item, row, window, start, logs, isFolded, isOpen, isActive, onOpen, onFold } = props;
  const { id, isLog, state, name, message, level } = item;
  return (
    <div class="trace-line" data-open={isOpen} data-log={isLog} onClick={onOpen}>
      <span class="trace-label">
        <span class="trace-indent" style={{ "--depth": Math.min(row.depth, INDENT_MAX) }} />
        {isFolded === undefined ? (
          <span class="trace-fold" />
        ) : (
          <button
            type="button"
            class="trace-fold"
            tabIndex={-1}
            aria-expanded={!isFolded}
            aria-label={`${isFolded ? "Expand" : "Collapse"} ${nameOf(name)}`}
            onClick={(event) => {
              event.stopPropagation();
              onFold();
            }}
          >
            <Icon name="chevron" />
          </button>
        )}
        <button
          id={lineId(id)}
          type="button"
          class="trace-name"
          tabIndex={isActive ? 0 : -1}
          aria-expanded={isOpen}
          title={[nameOf(name), message].filter((text) => text !== "").join(" · ")}
          onClick={(event) => {
            event.stopPropagation();
            onOpen();
          }}
        >
          {level !== undefined && (isLog || level === "error" || level === "warn") ? (
            <LevelBadge level={level} />
          ) : null}
          {state === "ended" ? null : <Badge tone={state === "running" ? "timing" : "warn"}>{stateName(state)}</Badge>}
          <span>{isLog && message !== "" ? message : nameOf(name)}</span>
          {isLog || message === "" ? null : <span class="muted"> {message}</span>}
          <span class="visually-hidden">{spoken(item, row, start)}</span>
        </button>
      </span>
      <span class="trace-lane" title={spokenTimes(item, row, start)}>
        {isLog || state === "mark" || state === "orphaned" ? (
          <Ticks items={[item]} window={window} />
        ) : (
          <>
            <Bar item={item} row={row} window={window} />
            <Ticks items={logs} window={window} />
          </>
        )}
        <Beyond item={item} window={window} />
      </span>
      <span class="trace-takes number">
        {isLog || state === "mark" || state === "orphaned" ? (
          <span class="muted">{formatOffset(item.start - start)}</span>
        ) : (
          <Duration ms={item.end - item.start} />
        )}
      </span>
    </div>
  );
}

/** Says on which side a record lies outside of what is zoomed to. */
function Beyond({ item, window }: { readonly item: Item; readonly window: Stretch }) {
  const side = shareOf(item.end, window) < 0 ? "before" : shareOf(item.start, window) > 1 ? "after" : undefined;
  if (side === undefined) return null;
  return <span class={`trace-beyond trace-${side} muted`}>{side === "before" ? "‹" : "›"}</span>;
}

function stateName(state: Item["state"]): string {
  return state === "mark" ? "started" : state;
}

/** What else is to be seen: ", timing, level 2, from +12 ms on, takes 30 ms, 5 ms of it its own". */
function spoken(item: Item, row: Row, start: number): string {
  return `, ${item.isLog ? "log" : "timing"}, level ${row.depth + 1}, ${spokenTimes(item, row, start)}`;
}

function spokenTimes({ isLog, state, start: from, end }: Item, row: Row, start: number): string {
  const offset = formatOffset(from - start);
  if (isLog || state === "mark" || state === "orphaned") return `at ${offset}`;
  return `from ${offset} on, takes ${formatDuration(end - from)}, ${formatDuration(lengthOf(row.own))} of it its own`;
}
