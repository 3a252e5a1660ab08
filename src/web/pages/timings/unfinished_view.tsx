// Starts whose end never came, newest first.

import { useSignal } from "@preact/signals";
import { formatCount } from "../../../core/amounts.ts";
import type { ShownRecord } from "../../../core/record.ts";
import { Button } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Instant } from "../../components/time.tsx";
import { useQuery, useScope } from "../../hooks.ts";
import { KeyLink, MessageText, TouchpointLink } from "./record_links.tsx";
import { joinSearches } from "./selection.ts";
import { useTimingsView } from "./view_state.ts";

/** Rows at first, and at most; whoever wants more is better served by the logs. */
const ROWS_FIRST = 100;
const ROWS_MAX = 1_000;

export function UnfinishedView() {
  const { project, question } = useScope();
  const { search } = useTimingsView();
  const limit = useSignal(ROWS_FIRST);
  const q = joinSearches(search, "status:unfinished");
  const query = useQuery("/api/v1/entries", { ...question, q, limit: limit.value });
  return (
    <QueryView
      query={query}
      isEmpty={({ entries, stoppedEarly }) => entries.length === 0 && stoppedEarly === undefined}
      empty={
        <EmptyState title="Everything finished">
          A start whose end does not come in the time that the configuration gives it is listed here.
        </EmptyState>
      }
      announce={({ entries }) => `${formatCount(entries.length)} never finished`}
    >
      {(answer) => (
        <div class="timings-stack">
          <ScanNotice notes={answer} />
          <div class="timings-bar">
            <span class="muted">
              {answer.nextCursor === null
                ? `${formatCount(answer.entries.length)} never finished in this time.`
                : `The newest ${formatCount(answer.entries.length)} of those that never finished.`}
            </span>
            <Link page="logs" parameters={{ q }}>
              Show in Logs
            </Link>
          </div>
          <DataTable
            label="Timings that never finished, newest first"
            columns={project === "" ? COLUMNS : COLUMNS.filter(({ id }) => id !== "project")}
            rows={answer.entries}
            rowKey={({ id }) => id}
          />
          {answer.nextCursor === null || limit.value >= ROWS_MAX ? null : (
            <div>
              <Button
                onPress={() => {
                  limit.value = ROWS_MAX;
                }}
              >
                Show up to {formatCount(ROWS_MAX)}
              </Button>
            </div>
          )}
        </div>
      )}
    </QueryView>
  );
}

const COLUMNS: readonly Column<ShownRecord>[] = [
  { id: "started", header: "Started", cell: ({ startTime, time }) => <Instant time={startTime ?? time} /> },
  { id: "touchpoint", header: "Touchpoint", cell: ({ touchpoint }) => <TouchpointLink name={touchpoint} /> },
  { id: "key", header: "Key", hint: "Leads to its logs", cell: ({ key }) => <KeyLink name={key} /> },
  { id: "project", header: "Project", cell: ({ project }) => project, isMinor: true },
  { id: "message", header: "Message", cell: ({ message }) => <MessageText text={message} />, isMinor: true },
];
