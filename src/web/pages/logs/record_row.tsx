// One record of the list: a line that opens to all fields and the metadata.

import { useRef } from "preact/hooks";
import { otherSource, type ShownRecord } from "../../../core/record.ts";
import { cutTouchpoint } from "../../../core/touchpoint.ts";
import { Icon } from "../../components/icon.tsx";
import { TraceLink } from "../../components/trace_link.tsx";
import { Badge, Duration, LevelBadge, StatusBadge } from "../../components/values.tsx";
import { useTimes } from "../../state/app_context.ts";
import { Cells, cellsOf, useColumns } from "./columns.tsx";
import { RecordDetails } from "./record_details.tsx";

/** Id of a line's button, which the keyboard focuses. Its line is named after it. */
export const rowId = (id: number) => `logs-row-${id}`;

interface RecordRowProps {
  readonly record: ShownRecord;
  readonly isOpen: boolean;
  /** The line that the tab key reaches. */
  readonly isActive: boolean;
  /** The record whose surroundings are shown. */
  readonly isMarked?: boolean;
  readonly showsProject: boolean;
  /** The line shows whole texts, over as many lines of the page as they need. */
  readonly isWrapped?: boolean;
  readonly onToggle: () => void;
}

/**
 * The line of a record, and its details when it is open. A click on the line opens it; its text can be selected, which
 * does not.
 */
export function RecordRow(props: RecordRowProps) {
  const { record, isOpen, isActive, isMarked = false, showsProject, isWrapped = false, onToggle } = props;
  const { id, project, touchpoint, level, status, time, duration, key } = record;
  const { message, metadata } = summaryOf(record, isWrapped ? WRAPPED : ONE_LINE);
  const shownTouchpoint = touchpoint === undefined ? undefined : cutTouchpoint(touchpoint);
  const other = otherSource(record);
  const times = useTimes();
  const instant = times.instant(time);
  const [columns] = useColumns();
  const press = usePlainClick(onToggle);
  return (
    <div class={`logs-row logs-${level ?? "timing"}`} data-open={isOpen} data-marked={isMarked}>
      {/* The button is the way for the keyboard and for screen readers. */}
      <div id={`${rowId(id)}-line`} class="logs-line" style={{ "--columns": columns.length }} {...press}>
        <button
          id={rowId(id)}
          type="button"
          class="logs-chevron"
          aria-expanded={isOpen}
          aria-labelledby={`${rowId(id)}-line`}
          tabIndex={isActive ? 0 : -1}
        >
          <Icon name="chevron" />
        </button>
        <time
          class="logs-time code"
          dateTime={new Date(time).toISOString()}
          title={`${new Date(time).toISOString()} UTC`}
        >
          <span class="logs-date">{instant.slice(0, 10)} </span>
          {instant.slice(11)}
        </time>
        <span class="logs-badges">
          {level === undefined ? <Badge tone="timing">timing</Badge> : <LevelBadge level={level} />}
        </span>
        <span class="logs-touchpoint" title={shownTouchpoint}>
          {showsProject ? <span class="logs-project">{project} · </span> : null}
          {shownTouchpoint ?? <span class="muted">–</span>}
        </span>
        {columns.length === 0 ? null : (
          <Cells record={record} names={columns} texts={cellsOf(record, columns, times)} />
        )}
        <span class="logs-text">
          {other === undefined ? null : (
            <>
              <Badge tone="warn" title={`Sent with a ${other}. The source is the sender's own claim.`}>
                {other}
              </Badge>{" "}
            </>
          )}
          {status === undefined || status === "completed" ? null : (
            <>
              <StatusBadge status={status} />{" "}
            </>
          )}
          {message === "" ? null : <span>{message} </span>}
          {key === undefined ? null : (
            <>
              <TraceLink of={record} class="logs-key code" isInLine>
                {key}
              </TraceLink>{" "}
            </>
          )}
          <span class="logs-metadata code">{metadata}</span>
        </span>
        {duration === undefined ? null : (
          <span class="logs-duration">
            <Duration ms={duration} />
          </span>
        )}
      </div>
      {isOpen ? <RecordDetails record={record} title={`Record ${id}`} onClose={onToggle} /> : null}
    </div>
  );
}

/** A press that moves further selects text, in px. */
const STILL_PX_MAX = 3;

/**
 * Calls `run` for clicks that do not select text. The end of a drag, a click with Shift and a third click do. A second
 * click, which selects a word, calls it again, and so takes back the first.
 */
function usePlainClick(run: () => void) {
  const pressed = useRef({ x: 0, y: 0 });
  return {
    onPointerDown: ({ clientX, clientY }: PointerEvent) => {
      pressed.current = { x: clientX, y: clientY };
    },
    onClick: ({ detail, shiftKey, clientX, clientY }: MouseEvent) => {
      const { x, y } = pressed.current;
      const isStill = Math.abs(clientX - x) <= STILL_PX_MAX && Math.abs(clientY - y) <= STILL_PX_MAX;
      // The click of a key has no detail and no place.
      if (detail === 0 || (detail <= 2 && !shiftKey && isStill)) run();
    },
  };
}

/** Characters that a line shows: of the message, of all metadata, and of one value. */
interface SummaryLengths {
  readonly message: number;
  readonly metadata: number;
  readonly value: number;
}

/** As much as can be seen in one line. */
const ONE_LINE: SummaryLengths = { message: 400, metadata: 240, value: 60 };
/** About a screen of text: the open record has the rest. */
const WRAPPED: SummaryLengths = { message: 8_000, metadata: 4_000, value: 2_000 };

export interface RecordSummary {
  readonly message: string;
  /** "orderId=ord_123 total=12.5". */
  readonly metadata: string;
}

/** A record's message and metadata, cut to these lengths. */
export function summaryOf(
  { message = "", metadata }: Pick<ShownRecord, "message" | "metadata">,
  lengths: SummaryLengths = ONE_LINE,
): RecordSummary {
  let text = "";
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (text.length > lengths.metadata) break;
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    text += `${text === "" ? "" : " "}${cut(name, lengths.value)}=${cut(shown, lengths.value)}`;
  }
  return { message: cut(message, lengths.message), metadata: cut(text, lengths.metadata) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
