// The trace page: all records of a key around a time, and what of it still runs. It lies over the page that it was
// opened from; the address holds the key, the time, the open record and the zoom.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import type { TraceResponse } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button, CopyButton } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, Notice, ScanNotice, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useApp, useParameter, useShortcut, useTimes } from "../../state/app_context.ts";
import { exactTerm } from "../../state/search_text.ts";
import { ALL_TIME } from "../../state/time_range.ts";
import { TRACE_CLOSED, type TraceAddress, traceOf } from "../../state/trace_address.ts";
import { useNow } from "../../state/use_now.ts";
import { RecordDetails } from "../logs/record_details.tsx";
import { itemsOf } from "./items.ts";
import { layOut, lengthOf } from "./layout.ts";
import { TraceSentence } from "./sentence.tsx";
import { TraceTable } from "./table.tsx";
import { Waterfall } from "./waterfall.tsx";

/** How often a trace in which something runs is asked for again, and how often its bars grow, in ms. */
const POLL_MS = 3_000;
const TICK_MS = 1_000;

/** The trace that the address names. */
export function TracePage() {
  const { router } = useApp();
  const trace = traceOf(router.address.value.parameters);
  return trace === undefined ? null : <Trace key={trace.key} trace={trace} />;
}

function Trace({ trace }: { readonly trace: TraceAddress }) {
  const { router } = useApp();
  const [span, setSpan] = useParameter("span");
  const close = () => router.change(TRACE_CLOSED);
  useShortcut("Escape", "Close the record, then the trace", () => (span === "" ? close() : setSpan("", "replace")));
  const { key, project } = trace;
  return (
    <Page
      title="Trace"
      actions={
        <>
          <Tools />
          <Link
            page="logs"
            parameters={{
              ...(project === "" ? {} : { project }),
              q: exactTerm("key", key),
              order: "asc",
              from: ALL_TIME,
              to: undefined,
            }}
            class="button"
          >
            <Icon name="logs" /> In Logs
          </Link>
          <Button icon="close" onPress={close}>
            Close
          </Button>
        </>
      }
    >
      <div class="trace">
        <div class="trace-key">
          <span class="code">{key}</span>
          <CopyButton text={key} label="Copy the key" />
        </div>
        <TraceQuery trace={trace} />
      </div>
    </Page>
  );
}

/** How the trace is shown. */
function Tools() {
  const [as, setAs] = useParameter("traceAs");
  const [logs, setLogs] = useParameter("traceLogs");
  const isTable = as === TABLE;
  const toggleTable = () => setAs(isTable ? "" : TABLE, "replace");
  const toggleLogs = () => setLogs(logs === "" ? "off" : "", "replace");
  useShortcut("v", "Trace as a table, or as bars", toggleTable);
  return (
    <>
      {isTable ? null : (
        <Button icon="logs" isPressed={logs === ""} onPress={toggleLogs} title="A line for each log of a timing">
          Log lines
        </Button>
      )}
      <Button icon="overview" isPressed={isTable} onPress={toggleTable}>
        As a table
      </Button>
    </>
  );
}

function TraceQuery({ trace: { key, project, around } }: { readonly trace: TraceAddress }) {
  const hasRunning = useSignal(false);
  const query = useQuery("/api/v1/trace", { key, project, around }, { pollMs: hasRunning.value ? POLL_MS : undefined });
  const { value } = query.state.value;
  useEffect(() => {
    hasRunning.value = value !== undefined && value.running.length > 0;
  }, [value]);
  return (
    <QueryView
      query={query}
      isEmpty={({ records, running }) => records.length === 0 && running.length === 0}
      empty={<NoTrace project={project} />}
      loading={<Skeleton lines={12} />}
      announce={({ records, running }) => `${formatCountOf(records.length + running.length, "record")} of the trace`}
    >
      {(response) => (
        <div class="trace-answer">
          <Notices response={response} />
          <TraceView response={response} around={around === undefined ? undefined : Date.parse(around)} />
        </div>
      )}
    </QueryView>
  );
}

function NoTrace({ project }: { readonly project: string }) {
  return (
    <EmptyState title="No record has this key">
      {project === "" ? "In no project, now." : `In project ${project}, now.`} Records are deleted when they are older
      than their project's retention.
    </EmptyState>
  );
}

/** What the answer leaves out, and the projects that share the key. */
function Notices({ response }: { readonly response: TraceResponse }) {
  const { router } = useApp();
  const { records, running, isCutBefore, isCutAfter, moreRunning } = response;
  const times = useTimes();
  const showing = (which: string, time: number) => ({
    action: {
      label: `Show ${which} ones`,
      run: () => router.change({ around: new Date(time).toISOString(), zoom: undefined }),
    },
  });
  const projects = [...new Set([...records, ...running].map(({ project }) => project))];
  const [first, last] = [records.at(0)?.time, records.at(-1)?.time];
  return (
    <>
      <ScanNotice notes={response} />
      {isCutBefore && first !== undefined ? (
        <Notice tone="warn" {...showing("older", first)}>
          The trace is cut: the {formatCountOf(records.length, "record")} nearest to the chosen time are shown. There
          are older ones, before {times.second(first)}.
        </Notice>
      ) : null}
      {isCutAfter && last !== undefined ? (
        <Notice tone="warn" {...showing("newer", last)}>
          The trace is cut: the {formatCountOf(records.length, "record")} nearest to the chosen time are shown. There
          are newer ones, after {times.second(last)}.
        </Notice>
      ) : null}
      {moreRunning === 0 ? null : (
        <Notice tone="warn">{formatCountOf(moreRunning, "more running start")} of this key are not shown.</Notice>
      )}
      {projects.length < 2 ? null : (
        <div class="trace-projects">
          {`${formatCount(projects.length)} projects have this key:`}
          {projects.map((project) => (
            <Button key={project} onPress={() => router.change({ traceProject: project })}>
              {project}
            </Button>
          ))}
        </div>
      )}
    </>
  );
}

interface TraceViewProps {
  readonly response: TraceResponse;
  /** Unix ms. */
  readonly around: number | undefined;
}

function TraceView({ response, around }: TraceViewProps) {
  const [span, setSpan] = useParameter("span");
  const [as] = useParameter("traceAs");
  const [logs] = useParameter("traceLogs");
  const now = useNow(response.running.length > 0 ? TICK_MS : undefined);
  const items = useMemo(() => itemsOf(response, now), [response, now]);
  const layout = useMemo(() => layOut(items), [items]);
  const open = items.find(({ id }) => id === span);
  const openRow = open === undefined ? undefined : layout.rows.find(({ at }) => items[at] === open);
  const isTable = as === TABLE;
  return (
    <>
      <TraceSentence items={items} layout={layout} onOpen={(id) => setSpan(id, "replace")} />
      <div class="trace-body" data-open={open !== undefined}>
        {isTable ? (
          <TraceTable items={items} layout={layout} />
        ) : (
          <Waterfall items={items} layout={layout} around={around} hasLogLines={logs === ""} />
        )}
        {open === undefined ? null : (
          <aside class="trace-side" aria-label="Record of the trace">
            {open.isLog || openRow === undefined ? null : (
              <p class="hint">
                {formatDuration(open.end - open.start)}, {formatDuration(lengthOf(openRow.own))} of it its own,{" "}
                {formatDuration(lengthOf(openRow.path))} on the longest path
              </p>
            )}
            <RecordDetails
              record={open.record}
              title={open.record.id === undefined ? "Running start" : `Record ${open.record.id}`}
              onClose={() => setSpan("", "replace")}
            />
          </aside>
        )}
      </div>
    </>
  );
}

/** The value of the parameter traceAs. */
const TABLE = "table";
