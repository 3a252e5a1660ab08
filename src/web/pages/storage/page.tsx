// The storage page: the size of the data file, what a 202 promises, and the size and retention of each project.

import type { FileSpace, ProjectStorage, StatusResponse, UsageResponse } from "../../../core/account_responses.ts";
import { formatBytes, formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import { DAY_MS } from "../../../core/limits.ts";
import { useQuery } from "../../api/server_context.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, Notice } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Badge, formatShare, Instant, Meter } from "../../components/values.tsx";
import { useApp, useScope } from "../../state/app_context.ts";
import { foreseeDisk } from "./forecast.ts";

const POLL_MS = 15_000;

export function StoragePage() {
  const { project } = useScope();
  const status = useQuery("/api/v1/status", {}, { pollMs: POLL_MS });
  const usage = useQuery("/api/v1/usage", {}, { pollMs: POLL_MS });
  return (
    <Page title="Storage">
      <QueryView query={status}>
        {(response) => (
          <div class="storage-panels">
            {response.storage === null ? null : (
              <FilePanel status={response} space={response.storage} usage={usage.state.value.value} />
            )}
            <DurabilityPanel status={response} />
            {response.shipping === undefined ? null : <ShippingPanel shipping={response.shipping} />}
          </div>
        )}
      </QueryView>
      <section class="storage-projects" aria-labelledby="storage-projects">
        <h2 id="storage-projects">By project</h2>
        <QueryView
          query={usage}
          isEmpty={({ storage }) => storage.every((row) => project !== "" && row.project !== project)}
          empty={
            <EmptyState title={project === "" ? "Nothing is stored yet" : `Project ${project} stores nothing yet`} />
          }
        >
          {({ storage }) => {
            const total = totalOf(storage);
            return (
              <>
                <ProjectTable
                  rows={storage.filter((row) => project === "" || row.project === project)}
                  bytes={total.bytes}
                />
                <p class="hint storage-total">
                  All records take {formatBytes(total.bytes)}, compressed
                  {total.perRecord === null ? "" : `: ${formatBytes(total.perRecord)} per record`}. Times are the
                  records' own.
                </p>
              </>
            );
          }}
        </QueryView>
      </section>
    </Page>
  );
}

/** From this share of max_size on, the page warns that the oldest data will be deleted. */
const HIGH_SHARE = 0.9;

interface FilePanelProps {
  readonly status: StatusResponse;
  readonly space: FileSpace;
  /** Undefined: not known yet. */
  readonly usage: UsageResponse | undefined;
}

function FilePanel({ status, space, usage }: FilePanelProps) {
  const { environment } = useApp();
  const { bytesOnDisk, bytesMax, records, blocks } = space;
  const share = bytesOnDisk / bytesMax;
  return (
    <section class="panel storage-file" aria-label="Data file">
      <div class="panel-head">
        <h2>Data file</h2>
        {status.ready ? <Badge tone="good">ready</Badge> : <Badge tone="error">not ready</Badge>}
      </div>
      {status.reason === null ? null : <Notice tone="error">{status.reason}</Notice>}
      <p class="storage-amount number">
        <b>{formatBytes(bytesOnDisk)}</b> <span class="muted">of {formatBytes(bytesMax)}</span>{" "}
        <span class="muted">({formatShare(share)})</span>
      </p>
      <Meter
        label="Size of the data file"
        value={bytesOnDisk}
        max={bytesMax}
        text={`${formatBytes(bytesOnDisk)} of ${formatBytes(bytesMax)}`}
      />
      <Forecast space={space} usage={usage} now={environment.clock()} />
      {share < HIGH_SHARE ? null : (
        <Notice tone="warn">
          The file is close to <code>storage.max_size</code>. At the limit, the oldest data is deleted, even before its
          retention ends.
        </Notice>
      )}
      <dl class="storage-facts">
        <div>
          <dt>Records</dt>
          <dd class="number">{formatCount(records)}</dd>
        </div>
        <div>
          <dt>Blocks</dt>
          <dd class="number">{formatCount(blocks)}</dd>
        </div>
      </dl>
      <p class="hint">
        Includes indexes, counters and free space. At <code>storage.max_size</code> the oldest data is deleted first.
      </p>
    </section>
  );
}

/** A file that is full within so many days is shown as a warning. */
const SOON_DAYS = 30;

function Forecast({ space, usage, now }: Omit<FilePanelProps, "status"> & { readonly now: number }) {
  const forecast = usage === undefined ? undefined : foreseeDisk(space, usage.storage, now);
  if (forecast === undefined) return null;
  const days = Math.floor((forecast.fullAt - now) / DAY_MS);
  return (
    <p class={days < SOON_DAYS ? "storage-forecast" : "muted"}>
      File full {days < 1 ? "within a day" : `in ${formatCountOf(days, "day")}`} at this pace, on{" "}
      {formatDay(forecast.fullAt)}. {formatDay(forecast.oldest)} goes first.
    </p>
  );
}

/** "Oct 20", a day of UTC, as blocks are. */
function formatDay(time: number): string {
  return new Date(time).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" });
}

function DurabilityPanel({ status }: { readonly status: StatusResponse }) {
  return (
    <section class="panel storage-file" aria-label="Durability">
      <div class="panel-head">
        <h2>Durability</h2>
        <code>storage.durability = "{status.durability}"</code>
      </div>
      <p>{DURABILITY_TEXTS[status.durability]}</p>
      <p class="hint">
        Retention counts from a record's time. Expired records are hidden at once, and deleted with their block up to a
        day later. Both are set in <code>simplelogs.toml</code>: the retention for each project, applied at once; the
        durability for the whole server, applied at its start.
      </p>
    </section>
  );
}

type Shipping = NonNullable<StatusResponse["shipping"]>;

function ShippingPanel({ shipping }: { readonly shipping: Shipping }) {
  const { backlogBytes, backlogBytesMax, backlogRecords, lagMs, problem, records, batches, failures } = shipping;
  return (
    <section class="panel storage-file storage-shipping" aria-label="ClickHouse">
      <div class="panel-head">
        <h2>ClickHouse</h2>
        {problem === null ? <Badge tone="good">shipping</Badge> : <Badge tone="error">not shipping</Badge>}
      </div>
      {problem === null ? null : (
        <Notice tone="error" title="Nothing is shipped at the moment. ">
          {problem}
        </Notice>
      )}
      {backlogBytes > backlogBytesMax ? (
        <Notice tone="error" title="Requests are refused. ">
          What waits takes more than <code>clickhouse.backlog_max</code>. They are accepted again as soon as enough is
          shipped.
        </Notice>
      ) : null}
      <p>
        {backlogRecords === 0
          ? "Every record is stored in the cluster."
          : `${formatCountOf(backlogRecords, "record")} not there yet, the oldest received ${formatDuration(lagMs)} ago.`}
      </p>
      <p class="hint">
        What waits takes {formatBytes(backlogBytes)} of {formatBytes(backlogBytesMax)} (
        <code>clickhouse.backlog_max</code>): past that nothing more is accepted, and nothing that waits is deleted.
        Since the start of the server {formatCountOf(records, "record")} shipped in {formatCountOf(batches, "insert")},{" "}
        {formatCountOf(failures, "failed attempt")}. The other figures of this page are the data file's: what is shipped
        stays there for <code>clickhouse.keep_local</code>.
      </p>
    </section>
  );
}

/** Compressed bytes of all rows, and of a record on average. */
export function totalOf(rows: UsageResponse["storage"]): { readonly bytes: number; readonly perRecord: number | null } {
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const records = rows.reduce((sum, row) => sum + row.records, 0);
  return { bytes, perRecord: bytesPerRecord({ bytes, records }) };
}

interface ProjectTableProps {
  readonly rows: readonly ProjectStorage[];
  /** Compressed bytes of all rows. */
  readonly bytes: number;
}

function ProjectTable({ rows, bytes }: ProjectTableProps) {
  return (
    <DataTable
      label="Storage by project"
      columns={columnsOf(bytes)}
      rows={rows}
      rowKey={({ project }) => project}
      sortParameter="sort"
      sortDefault="-bytes"
    />
  );
}

const dash = <span class="muted">–</span>;

function columnsOf(total: number): readonly Column<ProjectStorage>[] {
  return [
    {
      id: "project",
      header: "Project",
      sortValue: ({ project }) => project,
      cell: ({ project }) => (
        <Link page="logs" parameters={{ project }} class="storage-project">
          {project}
        </Link>
      ),
    },
    {
      id: "records",
      header: "Records",
      align: "end",
      sortValue: ({ records }) => records,
      cell: ({ records }) => formatCount(records),
    },
    {
      id: "blocks",
      header: "Blocks",
      hint: "A block holds up to 65,536 records of one UTC day",
      align: "end",
      isMinor: true,
      sortValue: ({ blocks }) => blocks,
      cell: ({ blocks }) => formatCount(blocks),
    },
    {
      id: "bytes",
      header: "On disk",
      hint: "Compressed",
      align: "end",
      sortValue: ({ bytes }) => bytes,
      cell: ({ bytes }) => formatBytes(bytes),
    },
    {
      id: "share",
      header: "Share",
      hint: "Share of all records' bytes",
      isMinor: true,
      cell: ({ project, bytes }) => (
        <span class="storage-share">
          <Meter
            label={`Share of ${project}`}
            value={bytes}
            max={Math.max(1, total)}
            text={`${formatBytes(bytes)} of ${formatBytes(total)}`}
            isPart
          />
        </span>
      ),
    },
    {
      id: "perRecord",
      header: "Per record",
      hint: "Average compressed size of a record",
      align: "end",
      isMinor: true,
      sortValue: bytesPerRecord,
      cell: (row) => {
        const perRecord = bytesPerRecord(row);
        return perRecord === null ? dash : formatBytes(perRecord);
      },
    },
    {
      id: "retention",
      header: "Kept",
      hint: "Retention",
      align: "end",
      sortValue: ({ retentionMs }) => retentionMs,
      cell: ({ retentionMs }) => <span class="number">{formatDuration(retentionMs)}</span>,
    },
    {
      id: "oldest",
      header: "Oldest",
      isMinor: true,
      sortValue: ({ oldest }) => oldest,
      cell: ({ oldest }) => (oldest === null ? dash : <Instant time={oldest} />),
    },
    {
      id: "newest",
      header: "Newest",
      isMinor: true,
      sortValue: ({ newest }) => newest,
      cell: ({ newest }) => (newest === null ? dash : <Instant time={newest} />),
    },
  ];
}

type Durability = StatusResponse["durability"];

const DURABILITY_TEXTS: Readonly<Record<Durability, string>> = {
  sync: "A 202 means that the entries are synced to disk. Nothing is lost, even if the power fails.",
  write:
    "A 202 means that the operating system has the entries. Nothing is lost if the server is killed; a power failure can lose the last moments.",
  memory: "A 202 means that the entries are in memory. If the process dies, entries not yet written are lost.",
};

/** Compressed bytes of a record on average. Null: there is no record. */
function bytesPerRecord({ bytes, records }: { readonly bytes: number; readonly records: number }): number | null {
  return records === 0 ? null : bytes / records;
}
