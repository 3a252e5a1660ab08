// The range in four numbers: entries, the share of errors, timings, and what runs now. Each leads to where it can be read in full.

import type { ComponentChildren } from "preact";
import { formatCount, formatCountOf, formatDuration } from "../../../core/amounts.ts";
import type { PageName } from "../../../core/pages.ts";
import { useApp } from "../../app_context.ts";
import { Link } from "../../components/link.tsx";
import { Sparkline } from "../../components/sparkline.tsx";
import { useQuery, useScope } from "../../hooks.ts";
import type { ParameterChanges } from "../../state/address.ts";
import { formatRate, formatShare, type Traffic } from "./traffic_figures.ts";

/** What runs is asked for so often, in ms: it has no range that could be over. */
const RUNNING_POLL_MS = 5_000;

interface TilesProps {
  /** Undefined: not known yet. */
  readonly traffic: Traffic | undefined;
  /** Of another range, or of an earlier time than it should be. */
  readonly isStale: boolean;
  readonly isLoading: boolean;
}

export function Tiles({ traffic, isStale, isLoading }: TilesProps) {
  const { environment } = useApp();
  const { project } = useScope();
  const runningQuery = useQuery(
    "/api/v1/timings/running",
    { ...(project === "" ? {} : { project }), limit: 1 },
    { pollMs: RUNNING_POLL_MS },
  );
  const running = runningQuery.state.value;
  const longest = running.value?.running[0];
  return (
    <ul class="overview-tiles" aria-label="In numbers">
      <Tile
        label="Entries"
        page="logs"
        value={traffic === undefined ? undefined : formatCount(traffic.entries)}
        note={traffic === undefined ? "" : `${formatRate(traffic.rate)} a minute`}
        isStale={isStale}
        isLoading={isLoading}
      />
      <Tile
        label="Error share"
        page="logs"
        parameters={{ q: "kind:log level:error" }}
        value={traffic === undefined ? undefined : traffic.errorShare === null ? "–" : formatShare(traffic.errorShare)}
        note={
          traffic === undefined
            ? ""
            : `${formatCountOf(traffic.errors, "error")} in ${formatCountOf(traffic.logs, "log")}`
        }
        isStale={isStale}
        isLoading={isLoading}
        isBad={(traffic?.errors ?? 0) > 0}
      >
        {traffic === undefined || traffic.errors === 0 ? null : (
          <Sparkline values={traffic.errorShares} label="Error share over the time range" widthPx={72} heightPx={24} />
        )}
      </Tile>
      <Tile
        label="Timings"
        page="timings"
        value={traffic === undefined ? undefined : formatCount(traffic.timings)}
        note="measured durations"
        isStale={isStale}
        isLoading={isLoading}
      />
      <Tile
        label="Running now"
        page="timings"
        parameters={{ tab: "running" }}
        value={running.value === undefined ? undefined : formatCount(running.value.count)}
        note={
          running.value === undefined
            ? ""
            : longest === undefined
              ? "no start waits for its end"
              : `longest for ${formatDuration(Math.max(0, environment.clock() - longest.startTime))}`
        }
        isStale={running.isStale}
        isLoading={running.isLoading}
      />
    </ul>
  );
}

interface TileProps {
  readonly label: string;
  readonly page: PageName;
  readonly parameters?: ParameterChanges;
  /** Undefined: not known yet. */
  readonly value: string | undefined;
  readonly note: string;
  readonly isStale: boolean;
  readonly isLoading: boolean;
  readonly isBad?: boolean;
  readonly children?: ComponentChildren;
}

function Tile({ label, page, parameters, value, note, isStale, isLoading, isBad = false, children }: TileProps) {
  return (
    <li class="panel overview-tile" data-stale={isStale} aria-busy={value === undefined && isLoading}>
      <Link page={page} parameters={parameters} class="overview-tile-label">
        {label}
      </Link>
      <span class={`overview-tile-value number ${isBad ? "is-bad" : ""}`}>{value ?? (isLoading ? "…" : "–")}</span>
      <span class="overview-tile-note hint number">{note === "" ? "\u00A0" : note}</span>
      {children === undefined || children === null ? null : <span class="overview-tile-shape">{children}</span>}
    </li>
  );
}
