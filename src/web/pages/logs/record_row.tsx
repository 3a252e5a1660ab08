// One record of the list: a line that opens to everything the record has.

import { formatInstant } from "../../../core/amounts.ts";
import { otherSource, type ShownRecord } from "../../../core/record.ts";
import { cutTouchpoint } from "../../../core/touchpoint.ts";
import { Badge, LevelBadge, StatusBadge } from "../../components/badge.tsx";
import { Icon } from "../../components/icon.tsx";
import { Duration } from "../../components/time.tsx";
import { RecordDetails } from "./record_details.tsx";
import { summaryOf } from "./record_summary.ts";

/** Of a line's button: the keyboard moves to it. */
export const rowId = (id: number) => `logs-row-${id}`;

interface RecordRowProps {
  readonly record: ShownRecord;
  readonly isOpen: boolean;
  /** The one line that the tab key reaches. */
  readonly isActive: boolean;
  readonly showsProject: boolean;
  readonly onToggle: () => void;
}

export function RecordRow({ record, isOpen, isActive, showsProject, onToggle }: RecordRowProps) {
  const { id, project, touchpoint, level, status, time, duration, key } = record;
  const { message, metadata } = summaryOf(record);
  const shownTouchpoint = touchpoint === undefined ? undefined : cutTouchpoint(touchpoint);
  const other = otherSource(record);
  const instant = formatInstant(time);
  return (
    <div class={`logs-row logs-${level ?? "timing"}`} data-open={isOpen}>
      <button
        id={rowId(id)}
        type="button"
        class="logs-line"
        aria-expanded={isOpen}
        tabIndex={isActive ? 0 : -1}
        onClick={onToggle}
      >
        <span class="logs-chevron">
          <Icon name="chevron" />
        </span>
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
        <span class="logs-text">
          {other === undefined ? null : (
            <>
              <Badge tone="warn" title={`Sent with a ${other}: its source is what its sender says`}>
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
          {key === undefined ? null : <span class="logs-key code">{key} </span>}
          <span class="logs-metadata code">{metadata}</span>
        </span>
        {duration === undefined ? null : (
          <span class="logs-duration">
            <Duration ms={duration} />
          </span>
        )}
      </button>
      {isOpen ? <RecordDetails record={record} /> : null}
    </div>
  );
}
