// The rejections page: the latest entries that were not stored although their batch was accepted. Each has its reason
// and a hint.

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { RejectionRow } from "../../../core/account_responses.ts";
import { DROP_REASONS, type DropReason } from "../../../core/drop.ts";
import { formatCount } from "../../../core/format.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button, CopyButton } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, Notice } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { TraceLink } from "../../components/trace_link.tsx";
import { Badge, Instant } from "../../components/values.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import { JsonTree } from "./json_tree.tsx";

const POLL_MS = 15_000;
const LIMIT = 200;
/** The largest limit that the server accepts. */
const LIMIT_MAX = 1_000;
/** Rows shown in the beginning, and added by each press. */
const ROWS_STEP = 100;

export function RejectionsPage() {
  const { project } = useScope();
  const [depth, setDepth] = useParameter("show");
  const limit = depth === "more" ? LIMIT_MAX : LIMIT;
  const parameters = { ...(project === "" ? {} : { project }), limit };
  const query = useQuery("/api/v1/rejections", parameters, { pollMs: POLL_MS });
  return (
    <Page title="Rejections">
      <p class="muted">
        The latest entries that were not stored although their batch was accepted, from any time. The total counts are
        under <Link page="usage">usage</Link>.
      </p>
      <QueryView
        query={query}
        isEmpty={({ rejections }) => rejections.length === 0}
        empty={
          <EmptyState title="Nothing was dropped">
            Every received entry{project === "" ? "" : ` of project ${project}`} is stored, or waits for its start or
            end.
          </EmptyState>
        }
      >
        {({ rejections }) => (
          <>
            <Rejections rows={rejections} />
            {rejections.length < limit ? null : (
              <p class="rejections-more">
                {limit === LIMIT_MAX ? null : (
                  <Button onPress={() => setDepth("more", "replace")}>Show the latest {formatCount(LIMIT_MAX)}</Button>
                )}
                <span class="hint">Showing the latest {formatCount(limit)}. There may be older ones.</span>
              </p>
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}

function Rejections({ rows }: { readonly rows: readonly RejectionRow[] }) {
  const [reasonText, setReason] = useParameter("reason");
  const [openText, setOpen] = useParameter("open");
  const rowsMax = useSignal(ROWS_STEP);
  const reason = parseReason(reasonText);
  const wanted = reason === undefined ? rows : rows.filter((row) => row.reason === reason);
  const openAt = wanted.findIndex(({ id }) => String(id) === openText);
  const shown = wanted.slice(0, Math.max(rowsMax.value, openAt + 1));
  return (
    <>
      {reasonText !== "" && reason === undefined ? (
        <Notice tone="warn">The reason in the link is unknown. Showing all reasons.</Notice>
      ) : null}
      <div class="rejections-reasons" role="group" aria-label="Reasons">
        <Button isPressed={reason === undefined} onPress={() => setReason("")}>
          All <span class="muted number">{formatCount(rows.length)}</span>
        </Button>
        {reasonCounts(rows, reasonText).map((one) => (
          <Button
            key={one.reason}
            isPressed={one.reason === reason}
            title={REASON_TEXTS[one.reason]}
            onPress={() => setReason(one.reason)}
          >
            {one.reason} <span class="muted number">{formatCount(one.count)}</span>
          </Button>
        ))}
      </div>
      {shown.length === 0 && reason !== undefined ? (
        <EmptyState title={`None of the latest entries was dropped as ${reason}`}>{REASON_TEXTS[reason]}</EmptyState>
      ) : (
        <ul class="rejections-list" aria-label="Dropped entries" onKeyDown={moveBetween}>
          {shown.map((row) => (
            <Rejection
              key={row.id}
              row={row}
              isOpen={String(row.id) === openText}
              onToggle={() => setOpen(String(row.id) === openText ? "" : String(row.id), "replace")}
            />
          ))}
        </ul>
      )}
      {shown.length === wanted.length ? null : (
        <p class="rejections-more">
          <Button
            onPress={() => {
              rowsMax.value = shown.length + ROWS_STEP;
            }}
          >
            Show {formatCount(Math.min(ROWS_STEP, wanted.length - shown.length))} more
          </Button>
          <span class="hint">
            {formatCount(shown.length)} of {formatCount(wanted.length)}
          </span>
        </p>
      )}
    </>
  );
}

/** The arrow keys move the focus between entries. */
function moveBetween(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const from = event.target;
  if (step === 0 || !(from instanceof HTMLElement) || from.dataset["rejection"] === undefined) return;
  const heads = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-rejection]")];
  const next = heads[heads.indexOf(from) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

const TITLE_LENGTH_MAX = 200;

interface RejectionProps {
  readonly row: RejectionRow;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

export function Rejection({ row, isOpen, onToggle }: RejectionProps) {
  const id = useId();
  const { reason, receivedAt, project, apiKey, hint, entry } = row;
  return (
    <li class="rejections-row" data-open={isOpen}>
      <button
        type="button"
        class="rejections-head"
        data-rejection=""
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={onToggle}
      >
        <Icon name="chevron" />
        <Instant time={receivedAt} />
        <span>
          <Badge tone={reason === "duplicate" ? "neutral" : reason === "internal" ? "error" : "warn"}>{reason}</Badge>
        </span>
        <span class="muted rejections-origin">
          {project} · {apiKey}
        </span>
        <span class="rejections-title">{entryTitle(entry).slice(0, TITLE_LENGTH_MAX)}</span>
      </button>
      {isOpen ? (
        <div id={id} class="rejections-detail">
          <p>
            <strong class="rejections-why">Why: {REASON_TEXTS[reason]}.</strong> {hint}
          </p>
          <p class="muted">
            Sent to project {project} with the keys of {apiKey}.
          </p>
          <div class="rejections-entry">
            <div class="rejections-entry-head">
              <h2 class="rejections-caption">
                {Array.isArray(entry) ? "The entries as they were sent" : "The entry as it was sent"}
              </h2>
              {keyOf(entry) === undefined ? null : (
                <TraceLink of={{ key: keyOf(entry), project, time: receivedAt }} class="code">
                  Trace of its key
                </TraceLink>
              )}
              <CopyButton
                text={typeof entry === "string" ? entry : JSON.stringify(entry, null, 2)}
                label="Copy the entry as JSON"
              />
            </div>
            {typeof entry === "string" ? (
              <>
                <p class="hint">The entry was too long to keep. This is its beginning.</p>
                <pre class="rejections-text">{entry}</pre>
              </>
            ) : (
              <JsonTree label="Entry" value={entry} />
            )}
          </div>
        </div>
      ) : null}
    </li>
  );
}

/** Each reason in a few words. */
const REASON_TEXTS: Readonly<Record<DropReason, string>> = {
  invalid: "could not be read",
  ignored: "of a kind that is not stored",
  empty: "no content",
  invalid_time: "invalid time",
  too_deep: "metadata nested too deeply",
  negative_duration: "ends before it starts",
  too_old: "older than the retention",
  in_future: "more than 24 hours in the future",
  duplicate: "sent before",
  quota: "over the month's plan",
  internal: "an error of the server",
};

export interface ReasonCount {
  readonly reason: DropReason;
  readonly count: number;
}

/** The reasons that occur, most frequent first. `chosen` is always included. */
export function reasonCounts(rows: readonly RejectionRow[], chosen: string): readonly ReasonCount[] {
  return DROP_REASONS.map((reason) => ({ reason, count: rows.filter((row) => row.reason === reason).length }))
    .filter(({ reason, count }) => count > 0 || reason === chosen)
    .toSorted((a, b) => b.count - a.count);
}

/** The reason in an address. Undefined for "" and for unknown reasons. */
export function parseReason(text: string): DropReason | undefined {
  return DROP_REASONS.find((reason) => reason === text);
}

/** The entry's correlation key. Undefined: it has none. */
export function keyOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null || !Object.hasOwn(entry, "key")) return undefined;
  const key: unknown = Reflect.get(entry, "key");
  return typeof key === "string" && key !== "" ? key : undefined;
}

/** An entry in one line: its message, touchpoint or key, or else its JSON. */
export function entryTitle(entry: unknown): string {
  if (Array.isArray(entry)) return `${entry.length} ${entry.length === 1 ? "entry" : "entries"}`;
  if (typeof entry === "string") return entry;
  if (typeof entry !== "object" || entry === null) return JSON.stringify(entry) ?? "";
  const named = ["message", "touchpoint", "key"].map((name) =>
    Object.hasOwn(entry, name) ? Reflect.get(entry, name) : "",
  );
  const title = named.find((text) => typeof text === "string" && text !== "");
  return typeof title === "string" ? title : JSON.stringify(entry);
}
