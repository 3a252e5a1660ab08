// How the server is now: whether it takes entries, how full its queue and its disk are, and what it dropped.

import type { ComponentChildren } from "preact";
import { formatBytes, formatCount, formatCountOf, formatDuration } from "../../../core/amounts.ts";
import type { StatusAnswer } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { Badge } from "../../components/badge.tsx";
import { Link } from "../../components/link.tsx";
import { Notice } from "../../components/notice.tsx";
import { useQuery } from "../../hooks.ts";
import { Meter } from "./meter.tsx";
import { QuietView } from "./quiet_view.tsx";

const POLL_MS = 5_000;

const DURABILITY: Readonly<Record<StatusAnswer["durability"], string>> = {
  sync: "on disk when answered",
  write: "with the system when answered",
  memory: "in the queue when answered",
};

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
      <QuietView query={status}>{(answer) => <Figures status={answer} />}</QuietView>
    </section>
  );
}

function Readiness({ status, isOffline }: { readonly status: StatusAnswer | undefined; readonly isOffline: boolean }) {
  if (isOffline) return <Badge tone="error">not reached</Badge>;
  if (status === undefined) return null;
  return status.ready ? <Badge tone="good">ready</Badge> : <Badge tone="error">takes no entries</Badge>;
}

function Figures({ status }: { readonly status: StatusAnswer }) {
  const { environment } = useApp();
  const { ready, reason, queue, entries, storage, durability, startedAt, version } = status;
  const dropped = Object.entries(entries.dropped).filter(([, count]) => count > 0);
  const droppedCount = dropped.reduce((sum, [, count]) => sum + count, 0);
  return (
    <div class="overview-health">
      {ready ? null : (
        <Notice tone="error" title="Batches are answered 503. ">
          {reason}
        </Notice>
      )}
      <Measure
        name="Queue"
        text={`${formatCount(queue.requests)} of ${formatCount(queue.requestsMax)} requests`}
        note={`${formatBytes(queue.bytes)} of ${formatBytes(queue.bytesMax)}; when full, senders are asked to wait`}
        share={Math.max(shareOf(queue.requests, queue.requestsMax), shareOf(queue.bytes, queue.bytesMax))}
        warnFrom={0.5}
      />
      <Measure
        name="Disk"
        text={`${formatBytes(storage.bytesOnDisk)} of ${formatBytes(storage.bytesMax)}`}
        note={`${formatCountOf(storage.records, "record")}; when full, the oldest go first`}
        share={shareOf(storage.bytesOnDisk, storage.bytesMax)}
        warnFrom={0.9}
      />
      <dl class="overview-facts">
        <Fact name="Waiting for their other half">{formatCount(entries.open)}</Fact>
        <Fact name="Dropped so far">
          <Link
            page="rejections"
            title={dropped.map(([reason, count]) => `${reason} ${formatCount(count)}`).join(", ")}
          >
            {formatCount(droppedCount)}
          </Link>
        </Fact>
        <Fact name="An entry is">{DURABILITY[durability]}</Fact>
        <Fact name="Up for">
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
      <Meter label={name} share={share} warnFrom={warnFrom} />
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
