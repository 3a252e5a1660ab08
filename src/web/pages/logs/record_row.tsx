// One record of the list: a line that opens to all fields and the metadata. Each value can be added to the search or
// excluded from it.

import { formatInstant } from "../../../core/format.ts";
import { otherSource, type ShownRecord } from "../../../core/record.ts";
import { cutTouchpoint } from "../../../core/touchpoint.ts";
import { Button, CopyButton } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { Badge, Duration, Instant, LevelBadge, StatusBadge } from "../../components/values.tsx";
import { useParameter } from "../../state/app_context.ts";
import { MemberList, ValueLine } from "./value_tree.tsx";

/** Id of a line's button, which the keyboard focuses. */
export const rowId = (id: number) => `logs-row-${id}`;

interface RecordRowProps {
  readonly record: ShownRecord;
  readonly isOpen: boolean;
  /** The line that the tab key reaches. */
  readonly isActive: boolean;
  readonly showsProject: boolean;
  readonly onToggle: () => void;
}

/** The line of a record, and its details when it is open. */
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

const TIMES = ["time", "receivedAt", "startTime", "endTime"] as const;
const TEXTS = ["touchpoint", "key", "message", "project", "apiKey", "source", "keyType", "kind"] as const;

function RecordDetails({ record }: { readonly record: ShownRecord }) {
  const { id, level, status, duration, metadata } = record;
  const [, setOpen] = useParameter("open");
  return (
    <div class="logs-details" role="group" aria-label={`Record ${id}`}>
      <div class="logs-details-head">
        <h2>Record {id}</h2>
        <span class="logs-details-actions">
          <CopyButton text={JSON.stringify(record, null, 2)} label="Copy as JSON" />
          <Button onPress={() => setOpen("")}>Close</Button>
        </span>
      </div>
      <div class="logs-columns">
        <ul class="logs-members" aria-label="Fields">
          {level === undefined ? null : (
            <ValueLine name="level" field="level" value={level}>
              <LevelBadge level={level} />
            </ValueLine>
          )}
          {status === undefined ? null : (
            <ValueLine name="status" field="status" value={status}>
              <StatusBadge status={status} />
            </ValueLine>
          )}
          {duration === undefined ? null : (
            <ValueLine name="duration" field="duration" value={duration}>
              <Duration ms={duration} />
            </ValueLine>
          )}
          {TIMES.map((name) => {
            const time = record[name];
            return time === undefined ? null : (
              <ValueLine key={name} name={name} field={name} value={time}>
                <Instant time={time} />
              </ValueLine>
            );
          })}
          {TEXTS.map((name) => {
            const text = record[name];
            return text === undefined ? null : <ValueLine key={name} name={name} field={name} value={text} />;
          })}
          <ValueLine name="id" field="id" value={id} />
        </ul>
        {metadata === undefined ? null : (
          <section aria-label="Metadata">
            <h3>Metadata</h3>
            <MemberList value={metadata} path={[]} depth={0} />
          </section>
        )}
      </div>
    </div>
  );
}

/** Characters that a line shows: of the message, of all metadata, and of one value. */
const MESSAGE_MAX = 400;
const METADATA_MAX = 240;
const VALUE_MAX = 60;

export interface RecordSummary {
  readonly message: string;
  /** "orderId=ord_123 total=12.5". */
  readonly metadata: string;
}

/** A record in one line: its message and metadata, cut to what can be seen. */
export function summaryOf({ message = "", metadata }: ShownRecord): RecordSummary {
  let text = "";
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (text.length > METADATA_MAX) break;
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    text += `${text === "" ? "" : " "}${cut(name, VALUE_MAX)}=${cut(shown, VALUE_MAX)}`;
  }
  return { message: cut(message, MESSAGE_MAX), metadata: cut(text, METADATA_MAX) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
