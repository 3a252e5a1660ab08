// All fields of a record and its metadata, with the ways on from it: its trace, everything with its key, and what
// happened around it. Each value can be added to the search, excluded from it, or followed.

import type { ShownRecord } from "../../../core/record.ts";
import { Button, CopyButton } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { Link } from "../../components/link.tsx";
import { TraceLink } from "../../components/trace_link.tsx";
import { Duration, Instant, LevelBadge, StatusBadge } from "../../components/values.tsx";
import { useApp } from "../../state/app_context.ts";
import type { ParameterChanges } from "../../state/router.ts";
import { exactTerm } from "../../state/search_text.ts";
import { ALL_TIME } from "../../state/time_range.ts";
import { traceOf } from "../../state/trace_address.ts";
import { nearParameters, parseNear } from "./surroundings.ts";
import { MemberList, RecordTimeProvider, ValueLine } from "./value_tree.tsx";

const TIMES = ["time", "receivedAt", "startTime", "endTime"] as const;
const TEXTS = ["touchpoint", "key", "message", "project", "apiKey", "source", "keyType", "kind"] as const;

/** A record, or a running start, which has no id yet. */
export type DetailedRecord = Omit<ShownRecord, "id"> & { readonly id?: number };

interface RecordDetailsProps {
  readonly record: DetailedRecord;
  readonly title: string;
  readonly onClose: () => void;
}

/** The details of a record. */
export function RecordDetails({ record, title, onClose }: RecordDetailsProps) {
  const { id, time, level, status, duration, metadata } = record;
  return (
    <RecordTimeProvider value={time}>
      <div class="logs-details" role="group" aria-label={title}>
        <div class="logs-details-head">
          <h2>{title}</h2>
          <Ways record={record} />
          <span class="logs-details-actions">
            <CopyButton text={JSON.stringify(record, null, 2)} label="Copy as JSON" />
            <Button onPress={onClose}>Close</Button>
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
            {id === undefined ? null : <ValueLine name="id" field="id" value={id} />}
          </ul>
          {metadata === undefined ? null : (
            <section aria-label="Metadata">
              <h3>Metadata</h3>
              <MemberList value={metadata} path={[]} depth={0} />
            </section>
          )}
        </div>
      </div>
    </RecordTimeProvider>
  );
}

/** Links on from a record. */
function Ways({ record }: { readonly record: DetailedRecord }) {
  const { router } = useApp();
  const { page, parameters } = router.address.value;
  const { id, key, project, time } = record;
  const trace = traceOf(parameters);
  // In Logs the search stays in the address, to go back to.
  const stays: ParameterChanges = page === "logs" && trace === undefined ? parameters : {};
  return (
    <span class="logs-ways">
      {key === undefined || trace?.key === key ? null : (
        <TraceLink of={record} class="button">
          <Icon name="trace" /> Trace
        </TraceLink>
      )}
      {key === undefined ? null : (
        <Link
          page="logs"
          parameters={{ project, q: exactTerm("key", key), order: "asc", from: ALL_TIME, to: undefined }}
          class="button"
        >
          Everything with this key
        </Link>
      )}
      {id === undefined || parseNear(parameters["near"] ?? "")?.id === id ? null : (
        <Link page="logs" parameters={{ ...stays, ...nearParameters({ time, id }) }} class="button">
          Around this
        </Link>
      )}
    </span>
  );
}
