// The toolbar above the list: the live tail, errors only, grouping, wrapping, the number of records, and export.

import { formatCountOf } from "../../../core/format.ts";
import { useServer } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { DownloadLink } from "../../components/link.tsx";
import { Notice } from "../../components/notice.tsx";
import { Popover } from "../../components/overlays.tsx";
import { Badge } from "../../components/values.tsx";
import { useApp, useParameter, useShortcut } from "../../state/app_context.ts";
import type { QueryParameters } from "../../state/query.ts";
import { hasTerm, withoutTerm, withTerm } from "../../state/search_text.ts";
import { ColumnPicker, formatColumns, useColumns } from "./columns.tsx";
import { OLDEST_FIRST, OrderButton } from "./order.tsx";
import type { Records } from "./use_records.ts";
import { ViewSwitch } from "./view_switch.tsx";
import { WhyToggle } from "./why_rail.tsx";

/** Values of the address's parameters. */
const LIVE_ON = "on";
export const LIVE_PAUSED = "paused";
const GROUP_TOUCHPOINT = "touchpoint";
const ERRORS = "level:error";

interface ToolbarProps {
  /** Records of the search. Undefined: not known. */
  readonly total: number | undefined;
  readonly records: Records;
  /** The scope and the search. */
  readonly parameters: QueryParameters;
  /** Whether the time range ends now, so that a live tail makes sense. */
  readonly canFollow: boolean;
}

/** The toolbar with the shortcuts of the page. */
export function Toolbar({ total, records, parameters, canFollow }: ToolbarProps) {
  const [search, setSearch] = useParameter("q");
  const [group, setGroup] = useParameter("group");
  const [live, setLive] = useParameter("live");
  const [wrap, setWrap] = useParameter("wrap");
  const [names] = useColumns();
  const [order] = useParameter("order");
  const { router } = useApp();
  const { api } = useServer();
  const requestAddress = (path: string, parameters: QueryParameters) => api.downloadAddress(path, parameters);
  const areErrors = hasTerm(search, ERRORS);
  const toggleErrors = () => setSearch(areErrors ? withoutTerm(search, ERRORS) : withTerm(search, ERRORS));
  const toggleGroup = () => setGroup(group === "" ? GROUP_TOUCHPOINT : "", "replace");
  const toggleWrap = () => setWrap(wrap === "" ? "on" : "", "replace");
  const isFollowing = live !== "" && canFollow && order !== OLDEST_FIRST;
  const toggleLive = () => {
    if (isFollowing) setLive("", "replace");
    else if (canFollow) router.change({ live: LIVE_ON, order: undefined }, "replace");
  };
  const isPaused = live === LIVE_PAUSED;
  const togglePause = () => {
    if (isFollowing) setLive(isPaused ? LIVE_ON : LIVE_PAUSED, "replace");
  };
  useShortcut("e", "Errors only, or all levels", toggleErrors);
  useShortcut("f", "Start or stop the live tail", toggleLive);
  useShortcut("p", "Pause or resume the live tail", togglePause);
  useShortcut("b", "Group by touchpoint", toggleGroup);
  useShortcut("w", "Wrap long lines, or cut them", toggleWrap);
  return (
    <div class="logs-toolbar">
      <ViewSwitch />
      <Button
        icon={isFollowing ? "close" : "play"}
        isPressed={isFollowing}
        isDisabled={!canFollow}
        onPress={toggleLive}
        title={canFollow ? "Shows new records as they are stored" : "Needs a time range that ends now"}
      >
        Live
      </Button>
      {isFollowing ? (
        <Button icon={isPaused ? "play" : "pause"} isPressed={isPaused} onPress={togglePause}>
          {isPaused ? "Resume" : "Pause"}
        </Button>
      ) : null}
      {isFollowing ? <TailState records={records} isPaused={isPaused} /> : null}
      <Button isPressed={areErrors} onPress={toggleErrors}>
        Errors only
      </Button>
      <Button icon="touchpoints" isPressed={group !== ""} onPress={toggleGroup}>
        <span>
          <span class="wide-only">By touchpoint</span>
          <span class="narrow-only">Tree</span>
        </span>
      </Button>
      <OrderButton />
      <Button icon="wrap" isPressed={wrap !== ""} onPress={toggleWrap} title="Shows whole texts, over several lines">
        Wrap
      </Button>
      <ColumnPicker />
      <WhyToggle />
      <span class="logs-total number muted">{total === undefined ? "" : formatCountOf(total, "record")}</span>
      <Popover label="Export" name="Export the search" icon="download">
        {() => (
          <div class="logs-export">
            <p class="muted">All records of this search and time range.</p>
            <DownloadLink
              path="/api/v1/export"
              parameters={{ ...parameters, format: "ndjson" }}
              fileName="logs.ndjson"
              requestAddress={requestAddress}
              class="button"
            >
              NDJSON, whole records
            </DownloadLink>
            <DownloadLink
              path="/api/v1/export"
              parameters={{ ...parameters, format: "csv", csv: "spreadsheet" }}
              fileName="logs.csv"
              requestAddress={requestAddress}
              class="button"
            >
              CSV, for spreadsheets
            </DownloadLink>
            {names.length === 0 ? null : (
              <DownloadLink
                path="/api/v1/export"
                parameters={{
                  ...parameters,
                  format: "csv",
                  csv: "spreadsheet",
                  columns: formatColumns(["time", "level", "touchpoint", ...names, "duration", "message"]),
                }}
                fileName="logs.csv"
                requestAddress={requestAddress}
                class="button"
              >
                CSV, these columns
              </DownloadLink>
            )}
          </div>
        )}
      </Popover>
    </div>
  );
}

/** The state of the tail, and how many records wait. */
function TailState({ records, isPaused }: { readonly records: Records; readonly isPaused: boolean }) {
  const { tail, waiting } = records;
  const state = tail.state.value;
  if (isPaused) {
    return (
      <Badge tone="warn">
        {waiting.value === 0 ? "paused" : `paused · ${formatCountOf(waiting.value, "new record")}`}
      </Badge>
    );
  }
  if (state === "live") return <Badge tone="good">live</Badge>;
  return <Badge tone="neutral">{state === "connecting" ? "connecting…" : "disconnected"}</Badge>;
}

/** How many records the tail skipped, and why it is interrupted. */
export function TailNotices({ records }: { readonly records: Records }) {
  const { tail, missed, reload } = records;
  const problem = tail.problem.value;
  const loading = { action: { label: "Load them", run: reload } };
  return (
    <>
      {missed.value === 0 ? null : (
        <Notice tone="warn" {...loading}>
          {formatCountOf(missed.value, "record")} arrived too fast to show.
        </Notice>
      )}
      {problem === undefined || problem.kind === "refused" || problem.kind === "signed_out" ? null : (
        <Notice tone="warn">{problem.message} Trying again.</Notice>
      )}
    </>
  );
}
