// The data file: how large it is, how large it may be, what is in it, and what a 202 promises.

import { formatBytes, formatCount } from "../../../core/amounts.ts";
import type { StatusAnswer, UsageAnswer } from "../../../core/responses.ts";
import { Badge } from "../../components/badge.tsx";
import { Meter } from "../../components/meter.tsx";
import { Notice } from "../../components/notice.tsx";
import { formatShare } from "../usage/months.ts";
import { bytesPerRecord, DURABILITY_TEXTS } from "./durability.ts";

/** From this share of max_size on, the oldest data is about to go. */
const HIGH_SHARE = 0.9;

export function FilePanel({ status }: { readonly status: StatusAnswer }) {
  const { bytesOnDisk, bytesMax, records, blocks } = status.storage;
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
      {share < HIGH_SHARE ? null : (
        <Notice tone="warn">
          The file is close to <code>storage.max_size</code>: the oldest data goes first, also before its retention
          ends.
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
        With indexes, counters and free space. At <code>storage.max_size</code> the oldest data goes first.
      </p>
    </section>
  );
}

export function DurabilityPanel({ status }: { readonly status: StatusAnswer }) {
  return (
    <section class="panel storage-file" aria-label="Durability">
      <div class="panel-head">
        <h2>Durability</h2>
        <code>storage.durability = "{status.durability}"</code>
      </div>
      <p>{DURABILITY_TEXTS[status.durability]}</p>
      <p class="hint">
        Retention is by the record's time. No reader shows an expired record; on disk it goes with its block, up to a
        day later. Both are set in <code>simplelogs.toml</code>: the retention for each project, and applied at once;
        the durability for the whole server, at its start.
      </p>
    </section>
  );
}

/** Bytes of records, of all projects that are shown. */
export function totalOf(rows: UsageAnswer["storage"]): { readonly bytes: number; readonly perRecord: number | null } {
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const records = rows.reduce((sum, row) => sum + row.records, 0);
  return { bytes, perRecord: bytesPerRecord({ bytes, records }) };
}
