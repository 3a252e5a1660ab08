// What each project takes, and how long it is kept.

import { formatBytes, formatCount, formatDuration } from "../../../core/amounts.ts";
import type { ProjectStorage } from "../../../core/responses.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { Meter } from "../../components/meter.tsx";
import { Instant } from "../../components/time.tsx";
import { bytesPerRecord } from "./durability.ts";

interface ProjectTableProps {
  readonly rows: readonly ProjectStorage[];
  /** Compressed bytes of all rows. */
  readonly bytes: number;
}

export function ProjectTable({ rows, bytes }: ProjectTableProps) {
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
      hint: "Of all records' bytes",
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
      header: "A record",
      hint: "Compressed bytes of a record, on average",
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
