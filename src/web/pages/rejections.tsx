// The rejections page: the latest entries that were accepted with their batch and not stored, each with its reason and what to do.

import { useSignal } from "@preact/signals";
import { formatCount } from "../../core/amounts.ts";
import type { RejectionRow } from "../../core/responses.ts";
import { Button } from "../components/button.tsx";
import { Link } from "../components/link.tsx";
import { EmptyState, Notice } from "../components/notice.tsx";
import { Page } from "../components/page.tsx";
import { QueryView } from "../components/query_view.tsx";
import { useParameter, useQuery, useScope } from "../hooks.ts";
import { parseReason, REASON_TEXTS, reasonCounts } from "./rejections/reasons.ts";
import { Rejection } from "./rejections/row.tsx";

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
  const question = { ...(project === "" ? {} : { project }), limit };
  const query = useQuery("/api/v1/rejections", question, { pollMs: POLL_MS });
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
