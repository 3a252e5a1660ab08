// The page of refused batches: the latest first, by status, reason, key and origin, each with what to do about it.

import type { ComponentChildren } from "preact";
import { formatCount } from "../../../core/format.ts";
import type { RefusalReason, RefusalRow, RefusalsResponse } from "../../../core/refusals.ts";
import { REFUSED_STATUSES } from "../../../core/refused_statuses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { visibleText } from "../../components/safe_text.ts";
import { Badge, Instant, Sparkline } from "../../components/values.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import { keyText, refusalsOf } from "../../state/attention.ts";

const POLL_MS = 15_000;
/** As many as the server holds. */
const LIMIT = 500;

export function RefusedPage() {
  const { project } = useScope();
  const query = useQuery("/api/v1/refusals", { limit: LIMIT }, { pollMs: POLL_MS });
  return (
    <Page title="Refused">
      <p class="muted">
        Batches of which nothing was taken. Entries that were dropped from accepted batches are under{" "}
        <Link page="rejections">rejections</Link>.
      </p>
      <QueryView
        query={query}
        isEmpty={({ refusals }) => refusalsOf(refusals, project).length === 0}
        empty={
          <EmptyState title="Nothing was refused since the server started">
            A batch with a wrong key, from a page whose origin is not listed, or of a wrong form would be here.
          </EmptyState>
        }
      >
        {(response) => <Refused response={response} rows={refusalsOf(response.refusals, project)} />}
      </QueryView>
    </Page>
  );
}

function Refused({ response, rows }: { readonly response: RefusalsResponse; readonly rows: readonly RefusalRow[] }) {
  const [chosen, choose] = useParameter("status");
  const statuses = REFUSED_STATUSES.filter((status) => rows.some((row) => row.status === status));
  const shown = statuses.some((status) => String(status) === chosen)
    ? rows.filter(({ status }) => String(status) === chosen)
    : rows;
  return (
    <>
      <div class="refused-statuses" role="group" aria-label="Statuses">
        <Button isPressed={shown === rows} onPress={() => choose("")}>
          All
        </Button>
        {statuses.map((status) => (
          <Button
            key={status}
            isPressed={shown !== rows && String(status) === chosen}
            title={STATUS_TEXTS[status]}
            onPress={() => choose(String(status))}
          >
            {status} <span class="muted number">{formatCount(sumOf(rows, status))}</span>
            <Sparkline
              label={`${status} by hour, the last day`}
              widthPx={48}
              heightPx={14}
              values={response.hours.map(({ refused }) => refused[status] ?? 0)}
            />
          </Button>
        ))}
      </div>
      <ul class="refused-list" aria-label="Refused batches">
        {shown.map((row) => (
          <Refusal key={nameOf(row)} row={row} />
        ))}
      </ul>
      <p class="hint refused-end">
        In memory since <Instant time={response.since} />: a restart of the server forgets them. Batches without a known
        key are listed for every project.
        {response.forgotten === 0
          ? null
          : ` Of groups that made room for others, ${formatCount(response.forgotten)} are not listed.`}
      </p>
    </>
  );
}

function Refusal({ row }: { readonly row: RefusalRow }) {
  const { status, reason, problem, hint, project, protocol, origin, addresses, count, lastDay, first, last } = row;
  return (
    <li class="refused-row">
      <div class="refused-head">
        <Badge tone={status === 503 || status === 500 ? "error" : "warn"}>{status}</Badge>
        <strong>{REASON_TEXTS[reason]}</strong>
        {reason === "key_missing" ? null : <span class="refused-key">{visibleText(keyText(row))}</span>}
        <span class="refused-count number">
          {formatCount(count)} × <span class="muted">({formatCount(lastDay)} in the last day)</span>
        </span>
      </div>
      <p>{hint}</p>
      {problem === null ? null : <p class="refused-problem">{visibleText(problem)}</p>}
      <dl class="refused-facts">
        <Fact name="Last">
          <Instant time={last} />
        </Fact>
        <Fact name="First">
          <Instant time={first} />
        </Fact>
        <Fact name="Origin">{origin === null ? "none" : visibleText(origin)}</Fact>
        <Fact name="Address">{addresses.join(", ")}</Fact>
        <Fact name="Project">{project ?? "unknown"}</Fact>
        <Fact name="Protocol">{protocol}</Fact>
      </dl>
    </li>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function nameOf({ reason, keyType, apiKey, project, masked, protocol, origin }: RefusalRow): string {
  return JSON.stringify([reason, keyType, apiKey, project, masked, protocol, origin]);
}

function sumOf(rows: readonly RefusalRow[], status: RefusalRow["status"]): number {
  return rows.reduce((sum, row) => sum + (row.status === status ? row.count : 0), 0);
}

const STATUS_TEXTS: Readonly<Record<RefusalRow["status"], string>> = {
  400: "could not be read",
  401: "without a live key",
  403: "from an origin that is not listed",
  413: "too large",
  415: "in an unknown encoding or form",
  422: "with wrong entries",
  429: "over a key's rate",
  500: "the server failed",
  503: "the server could not store",
};

/** Each reason in a few words. */
const REASON_TEXTS: Readonly<Record<RefusalReason, string>> = {
  not_json: "No JSON",
  malformed: "Not in its protocol's form",
  unreadable: "Did not decompress",
  key_missing: "No key",
  key_unknown: "Unknown or revoked key",
  key_not_found: "No live key in a large body",
  key_type_differs: "Key of the other type",
  origin_refused: "Origin not listed",
  too_large: "Too large",
  too_many_entries: "Too many entries",
  unknown_encoding: "Unknown encoding",
  unknown_type: "Unknown content type",
  utf16: "UTF-16",
  invalid: "Wrong entries",
  other_body: "Idempotency key of another body",
  rate: "Over the key's rate",
  internal: "Server error",
  unavailable: "Could not be stored",
};
