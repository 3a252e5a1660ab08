// The rejections page: the latest entries that were accepted with their batch and not stored, each with its reason and what to do.

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
import { Badge, Instant } from "../../components/values.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import { JsonTree } from "./json_tree.tsx";

const POLL_MS = 15_000;
const LIMIT = 200;
/** The most that the server gives. */
const LIMIT_MAX = 1_000;
/** Rows at first, and further ones at a press. */
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
        Entries whose batch was accepted and that were not stored all the same: the latest, whatever the time range. How
        many there were in all stands under <Link page="usage">usage</Link>.
      </p>
      <QueryView
        query={query}
        isEmpty={({ rejections }) => rejections.length === 0}
        empty={
          <EmptyState title="Nothing was dropped">
            Every entry that was received {project === "" ? "" : `for project ${project} `}is stored, or waits for its
            other half.
          </EmptyState>
        }
      >
        {({ rejections }) => (
          <>
            <Rejections rows={rejections} />
            {rejections.length < limit ? null : (
              <p class="rejections-more">
                {limit === LIMIT_MAX ? null : (
                  <Button onPress={() => setDepth("more", "replace")}>
                    Look at the latest {formatCount(LIMIT_MAX)}
                  </Button>
                )}
                <span class="hint">These are the latest {formatCount(limit)}; there may be older ones.</span>
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
        <Notice tone="warn">The link's reason is not known: all reasons are shown.</Notice>
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
        <EmptyState title={`None of the latest was dropped as ${reason}`}>{REASON_TEXTS[reason]}</EmptyState>
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

/** Up and down lead to the next entry. */
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
            Sent into project {project} with the keys of {apiKey}.
          </p>
          <div class="rejections-entry">
            <div class="rejections-entry-head">
              <h2 class="rejections-caption">
                {Array.isArray(entry) ? "The entries as they were sent" : "The entry as it was sent"}
              </h2>
              <CopyButton
                text={typeof entry === "string" ? entry : JSON.stringify(entry, null, 2)}
                label="Copy the entry as JSON"
              />
            </div>
            {typeof entry === "string" ? (
              <>
                <p class="hint">It was too long to keep whole: this is its beginning.</p>
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

/** For people, in a few words. */
const REASON_TEXTS: Readonly<Record<DropReason, string>> = {
  empty: "nothing in it",
  invalid_time: "a time that is none",
  too_deep: "metadata nested too deeply",
  negative_duration: "ends before it starts",
  too_old: "older than the retention",
  in_future: "more than 24 hours ahead",
  duplicate: "sent before",
  quota: "past the month's plan",
  internal: "a fault of the server",
};

export interface ReasonCount {
  readonly reason: DropReason;
  readonly count: number;
}

/** Reasons that occur, most frequent first; `chosen` also where it does not. */
export function reasonCounts(rows: readonly RejectionRow[], chosen: string): readonly ReasonCount[] {
  return DROP_REASONS.map((reason) => ({ reason, count: rows.filter((row) => row.reason === reason).length }))
    .filter(({ reason, count }) => count > 0 || reason === chosen)
    .toSorted((a, b) => b.count - a.count);
}

/** The reason that an address names; undefined for none, and for what is none. */
export function parseReason(text: string): DropReason | undefined {
  return DROP_REASONS.find((reason) => reason === text);
}

/** What of an entry fits into a line: its message, touchpoint or key. */
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
