// Two panels of the overview: the state of the server (readiness, queue, disk, dropped entries), and each project's
// entries of the month against its limit. A mark on each bar shows where an even pace would be now.

import type { ComponentChildren } from "preact";
import type { StatusResponse, UsageResponse } from "../../../core/account_responses.ts";
import { formatBytes, formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import { monthOf } from "../../../core/instant.ts";
import { useQuery, useServer } from "../../api/server_context.ts";
import { Link } from "../../components/link.tsx";
import { Notice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Badge, formatShare, Meter } from "../../components/values.tsx";
import { useApp, useScope } from "../../state/app_context.ts";
import { monthElapsed, type PlanRow, planRows } from "./figures.ts";

const POLL_MS = 5_000;

const DURABILITY: Readonly<Record<StatusResponse["durability"], string>> = {
  sync: "synced to disk before the 202",
  write: "with the operating system before the 202",
  memory: "in memory before the 202",
};

/** The state of the server. */
export function Health() {
  const status = useQuery("/api/v1/status", {}, { pollMs: POLL_MS });
  const { value, problem } = status.state.value;
  return (
    <section class="panel" aria-labelledby="overview-health">
      <div class="panel-head">
        <h2 id="overview-health">
          Server <Readiness status={value} isOffline={problem?.kind === "offline"} />
        </h2>
        <Link page="storage">Storage</Link>
      </div>
      <QueryView isSecondary query={status}>
        {(response) => <Figures status={response} />}
      </QueryView>
    </section>
  );
}

function Readiness({
  status,
  isOffline,
}: {
  readonly status: StatusResponse | undefined;
  readonly isOffline: boolean;
}) {
  if (isOffline) return <Badge tone="error">unreachable</Badge>;
  if (status === undefined) return null;
  return status.ready ? <Badge tone="good">ready</Badge> : <Badge tone="error">not accepting entries</Badge>;
}

function Figures({ status }: { readonly status: StatusResponse }) {
  const { environment } = useApp();
  const { ready, reason, queue, entries, storage, durability, startedAt, version } = status;
  const dropped = Object.entries(entries?.dropped ?? {}).filter(([, count]) => count > 0);
  const droppedCount = dropped.reduce((sum, [, count]) => sum + count, 0);
  return (
    <div class="overview-health">
      {ready ? null : (
        <Notice tone="error" title="Requests get a 503. ">
          {reason}
        </Notice>
      )}
      <Measure
        name="Queue"
        text={`${formatCount(queue.requests)} of ${formatCount(queue.requestsMax)} requests`}
        note={`${formatBytes(queue.bytes)} of ${formatBytes(queue.bytesMax)}; when full, senders must wait`}
        share={Math.max(shareOf(queue.requests, queue.requestsMax), shareOf(queue.bytes, queue.bytesMax))}
        warnFrom={0.5}
      />
      {storage === null ? null : (
        <Measure
          name="Disk"
          text={`${formatBytes(storage.bytesOnDisk)} of ${formatBytes(storage.bytesMax)}`}
          note={`${formatCountOf(storage.records, "record")}; when full, the oldest are deleted`}
          share={shareOf(storage.bytesOnDisk, storage.bytesMax)}
          warnFrom={0.9}
        />
      )}
      <dl class="overview-facts">
        {entries === null ? null : (
          <>
            <Fact name="Waiting for their start or end">{formatCount(entries.open)}</Fact>
            <Fact name="Dropped in total">
              <Link
                page="rejections"
                title={dropped.map(([reason, count]) => `${reason} ${formatCount(count)}`).join(", ")}
              >
                {formatCount(droppedCount)}
              </Link>
            </Fact>
          </>
        )}
        <Fact name="An accepted entry is">{DURABILITY[durability]}</Fact>
        <Fact name="Uptime">
          {formatDuration(Math.max(0, environment.clock() - startedAt))}, version {version}
        </Fact>
      </dl>
    </div>
  );
}

interface MeasureProps {
  readonly name: string;
  readonly text: string;
  readonly note: string;
  readonly share: number;
  readonly warnFrom: number;
}

function Measure({ name, text, note, share, warnFrom }: MeasureProps) {
  return (
    <div class="overview-measure">
      <div class="overview-measure-text">
        <span>{name}</span>
        <span class="number">{text}</span>
      </div>
      <Meter label={name} value={share} max={1} text={formatShare(share)} warnFrom={warnFrom} />
      <p class="hint">{note}</p>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{children}</dd>
    </div>
  );
}

function shareOf(part: number, all: number): number {
  return all === 0 ? 0 : part / all;
}

const ROWS_MAX = 5;

/** The projects' entries of the month against their limits. */
export function Plan({ usage }: { readonly usage: UsageResponse }) {
  const { environment } = useApp();
  const { usage: query } = useServer();
  const { project } = useScope();
  const now = environment.clock();
  const rows = planRows(usage, project, now);
  const gone = monthElapsed(now);
  const further = rows.length - ROWS_MAX;
  return (
    <section class="panel" aria-labelledby="overview-plan">
      <div class="panel-head">
        <h2 id="overview-plan">This month</h2>
        <Link page="usage">Usage</Link>
      </div>
      <div class="query-view" data-stale={query.state.value.isStale}>
        <div class="query-content overview-plan">
          <p class="hint">
            {monthOf(now)} (UTC), {formatShare(gone)} elapsed
          </p>
          {rows.length === 0 ? <p class="muted">No entries this month yet.</p> : null}
          {rows.slice(0, ROWS_MAX).map((row) => (
            <ProjectPlan key={row.project} row={row} gone={gone} />
          ))}
          {further > 0 ? (
            <p>
              <Link page="usage">{formatCount(further)} more</Link>
            </p>
          ) : null}
        </div>
      </div>
    </section>
  );
}

function ProjectPlan({ row, gone }: { readonly row: PlanRow; readonly gone: number }) {
  const { project, admitted, limit, share, overage, overagePolicy, lost } = row;
  return (
    <div class="overview-measure">
      <div class="overview-measure-text">
        <span class="overview-name" title={project}>
          {project}
        </span>
        <span class="number">
          {formatCount(admitted)}
          {limit === null ? (
            <span class="muted"> · no limit</span>
          ) : (
            <span class="muted"> of {formatCount(limit)}</span>
          )}
        </span>
      </div>
      {share === null ? null : (
        <Meter label={`Monthly limit of ${project}`} value={share} max={1} text={formatShare(share)} mark={gone} />
      )}
      {share === null ? null : (
        <div class="overview-measure-text hint">
          <span class="number">{formatShare(share)} used</span>
          {lost > 0 ? (
            <Badge tone="error">{formatCount(lost)} over the limit, dropped</Badge>
          ) : overage > 0 ? (
            <Badge tone={overagePolicy === "drop" ? "error" : "warn"}>
              {formatCount(overage)} over the limit, {overagePolicy === "drop" ? "dropped" : "still stored"}
            </Badge>
          ) : share > gone ? (
            <span>ahead of an even pace</span>
          ) : (
            <span>within an even pace</span>
          )}
        </div>
      )}
    </div>
  );
}
