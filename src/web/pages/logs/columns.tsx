// Columns of the list that the user chooses from all fields. The address names them. A record enters, the texts of its
// cells leave.

import type { ShownRecord } from "../../../core/record.ts";
import { METADATA_PREFIX, SEARCH_FIELDS } from "../../../search/fields.ts";
import { useQuery } from "../../api/server_context.ts";
import { IconButton } from "../../components/button.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Popover } from "../../components/overlays.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { TraceLink } from "../../components/trace_link.tsx";
import { type ShownTimes, useParameter, useScope } from "../../state/app_context.ts";
import { metadataField } from "../../state/search_text.ts";

/** More would leave no room for the message. */
const COLUMNS_MAX = 8;
/** Fields that the picker lists. */
const FIELDS_MAX = 300;
/** Characters of a cell. Its tooltip has as many. */
const CELL_MAX = 400;
/** Fields that every line shows. */
export const ALWAYS_SHOWN: ReadonlySet<string> = new Set(["time", "level", "touchpoint", "message", "duration"]);
const TIMES: ReadonlySet<string> = new Set(["time", "receivedAt", "startTime", "endTime"]);

/** The columns in an address: "key,metadata.userId". */
export function parseColumns(text: string): readonly string[] {
  const names = text.split(",").filter((name) => name !== "");
  return [...new Set(names.map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%")))].slice(0, COLUMNS_MAX);
}

/** The inverse of parseColumns. */
export function formatColumns(names: readonly string[]): string {
  return names.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
}

/** A record's text for each of these fields. "": it has none. Several values of a list are joined by commas. */
export function cellsOf(record: ShownRecord, names: readonly string[], times: ShownTimes): readonly string[] {
  const found = new Map<string, string[]>();
  const wanted = new Set(names.filter((name) => name.startsWith(METADATA_PREFIX)));
  if (wanted.size > 0 && record.metadata !== undefined) collect(record.metadata, [], wanted, found);
  return names.map((name) => {
    const texts = found.get(name) ?? ownText(record, name, times);
    const text = texts.join(", ");
    return text.length <= CELL_MAX ? text : `${text.slice(0, CELL_MAX).toWellFormed()}…`;
  });
}

function ownText(record: ShownRecord, name: string, times: ShownTimes): readonly string[] {
  if (!SEARCH_FIELDS.some((field) => field.name === name)) return [];
  const value = (record as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof value !== "string" && typeof value !== "number") return [];
  return [typeof value === "number" && TIMES.has(name) ? times.instant(value) : String(value)];
}

/** An element of a list has the list's path. */
function collect(
  value: object,
  path: readonly string[],
  wanted: ReadonlySet<string>,
  found: Map<string, string[]>,
): void {
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    const memberPath = Array.isArray(value) ? path : [...path, name];
    if (typeof member === "object" && member !== null) {
      collect(member, memberPath, wanted, found);
      continue;
    }
    const field = metadataField(memberPath);
    if (wanted.has(field)) found.set(field, [...(found.get(field) ?? []), String(member)]);
  }
}

/** The columns of the address, and their setter. */
export function useColumns(): [names: readonly string[], set: (names: readonly string[]) => void] {
  const [text, setText] = useParameter("columns");
  return [parseColumns(text), (names) => setText(formatColumns(names), "replace")];
}

/** The heads of the columns above the list, each with a button that removes it. */
export function ColumnHeads() {
  const [names, setNames] = useColumns();
  if (names.length === 0) return null;
  return (
    <div class="logs-line logs-heads" style={{ "--columns": names.length }}>
      <span />
      <span class="logs-time code">
        {/* As wide as the times below it. */}
        <span class="logs-sample" aria-hidden="true">
          <span class="logs-date">0000-00-00 </span>00:00:00.000
        </span>
        <span class="logs-over">Time</span>
      </span>
      <span>Level</span>
      <span>Touchpoint</span>
      {names.map((name) => (
        <span key={name} class="logs-cell" title={name}>
          <span class="logs-cell-name">{shortName(name)}</span>
          <IconButton
            icon="close"
            label={`Remove the column ${name}`}
            onPress={() => setNames(names.filter((one) => one !== name))}
          />
        </span>
      ))}
      <span>Message</span>
    </div>
  );
}

function shortName(name: string): string {
  return name.startsWith(METADATA_PREFIX) ? name.slice(METADATA_PREFIX.length) : name;
}

interface CellsProps {
  readonly record: ShownRecord;
  readonly names: readonly string[];
  readonly texts: readonly string[];
}

/** A record's cells in its line. */
export function Cells({ record, names, texts }: CellsProps) {
  return (
    <>
      {names.map((name, at) => {
        const text = texts[at] ?? "";
        return (
          <span
            key={name}
            class="logs-cell code"
            data-empty={text === ""}
            title={text === "" ? name : `${name}: ${text}`}
          >
            <span class="logs-cell-label">{shortName(name)} </span>
            {text === "" ? (
              <span class="muted">–</span>
            ) : name === "key" ? (
              <TraceLink of={record} isInLine>
                {text}
              </TraceLink>
            ) : (
              text
            )}
          </span>
        );
      })}
    </>
  );
}

/** The button that opens the list of fields. */
export function ColumnPicker() {
  return (
    <Popover label="Columns" name="Columns: choose fields" icon="overview">
      {() => <FieldList />}
    </Popover>
  );
}

function FieldList() {
  const { parameters } = useScope();
  const [names, setNames] = useColumns();
  const query = useQuery("/api/v1/fields", parameters);
  const toggle = (name: string) =>
    setNames(names.includes(name) ? names.filter((one) => one !== name) : [...names, name]);
  return (
    <div class="logs-fields">
      <p class="muted">Up to {COLUMNS_MAX} fields as columns.</p>
      <QueryView
        query={query}
        isEmpty={({ fields }) => fields.length === 0}
        empty={<EmptyState title="No fields in this time range" />}
      >
        {({ fields }) => (
          <ul>
            {[...new Set([...names, ...fields.map(({ name }) => name)])]
              .filter((name) => !ALWAYS_SHOWN.has(name))
              .slice(0, FIELDS_MAX)
              .map((name) => (
                <li key={name}>
                  <label class="check code">
                    <input
                      type="checkbox"
                      checked={names.includes(name)}
                      disabled={!names.includes(name) && names.length >= COLUMNS_MAX}
                      onChange={() => toggle(name)}
                    />
                    {name}
                  </label>
                </li>
              ))}
          </ul>
        )}
      </QueryView>
    </div>
  );
}
