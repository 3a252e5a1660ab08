// The logs page: a search, its records over time, and the records themselves. Search, range, opened record, grouping and live tail are
// in the address.

import { useMemo } from "preact/hooks";
import { useApp } from "../app_context.ts";
import { Page } from "../components/page.tsx";
import { useParameter, useQuery, useScope } from "../hooks.ts";
import { rangeBounds } from "../state/time_range.ts";
import { Histogram, totalOf } from "./logs/histogram.tsx";
import { LinkedRecord } from "./logs/linked_record.tsx";
import { RecordView } from "./logs/record_view.tsx";
import { SearchBar } from "./logs/search_bar.tsx";
import { LIVE_PAUSED, TailNotices, Toolbar } from "./logs/toolbar.tsx";
import { TouchpointPanel } from "./logs/touchpoint_panel.tsx";
import { type Records, useRecords } from "./logs/use_records.ts";

/** While records come in by themselves, the histogram is asked for anew so often, in ms. */
const LIVE_POLL_MS = 5_000;

export function LogsPage() {
  const { environment } = useApp();
  const { question: scope, range } = useScope();
  const [q] = useParameter("q");
  const [live] = useParameter("live");
  const [group] = useParameter("group");
  const question = useMemo(() => ({ ...scope, ...(q === "" ? {} : { q }) }), [scope, q]);
  const canFollow = range.kind === "last" || range.to === undefined;
  const isFollowing = live !== "" && canFollow;
  const { from: timeMin } = useMemo(() => rangeBounds(range, environment.clock()), [range]);
  const records = useRecords({ parameters: question, isFollowing, isPaused: live === LIVE_PAUSED, timeMin });
  const histogram = useQuery("/api/v1/histogram", question, isFollowing ? { pollMs: LIVE_POLL_MS } : {});
  const counted = histogram.state.value;
  const { problem } = records;
  return (
    <Page title="Logs">
      <div class="logs">
        <SearchBar problem={problem?.kind === "refused" ? problem : undefined} />
        <Histogram query={histogram} />
        <Toolbar
          total={counted.value === undefined || counted.problem !== undefined ? undefined : totalOf(counted.value)}
          records={records}
          question={question}
          canFollow={canFollow}
        />
        {isFollowing ? <TailNotices records={records} /> : null}
        <OpenedElsewhere records={records} />
        <div class="logs-body">
          {group === "" ? null : <TouchpointPanel />}
          <RecordView records={records} />
        </div>
      </div>
    </Page>
  );
}

/** The opened record, unless it is in the list. */
function OpenedElsewhere({ records: { list } }: { readonly records: Records }) {
  const [open] = useParameter("open");
  const id = /^[1-9]\d{0,15}$/.test(open) ? Number(open) : undefined;
  void list.version.value;
  if (id === undefined || !list.isReady || list.indexOf(id) !== -1) return null;
  return <LinkedRecord key={id} id={id} />;
}
