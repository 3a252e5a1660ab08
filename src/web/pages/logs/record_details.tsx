// Everything that a record has: its fields, and the metadata as a tree. Every value can be added to the search or excluded from it.

import type { ShownRecord } from "../../../core/record.ts";
import { LevelBadge, StatusBadge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { CopyButton } from "../../components/copy_button.tsx";
import { Duration, Instant } from "../../components/time.tsx";
import { useParameter } from "../../hooks.ts";
import { MemberList, ValueLine } from "./value_tree.tsx";

const TIMES = ["time", "receivedAt", "startTime", "endTime"] as const;
const TEXTS = ["touchpoint", "key", "message", "project", "apiKey", "source", "keyType", "kind"] as const;

export function RecordDetails({ record }: { readonly record: ShownRecord }) {
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
