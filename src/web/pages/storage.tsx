// The storage page: the data file, what a 202 promises, and what each project takes and keeps.

import { formatBytes } from "../../core/amounts.ts";
import { EmptyState } from "../components/notice.tsx";
import { Page } from "../components/page.tsx";
import { QueryView } from "../components/query_view.tsx";
import { useQuery, useScope } from "../hooks.ts";
import { DurabilityPanel, FilePanel, totalOf } from "./storage/file_panel.tsx";
import { ProjectTable } from "./storage/project_table.tsx";

const POLL_MS = 15_000;

export function StoragePage() {
  const { project } = useScope();
  const status = useQuery("/api/v1/status", {}, { pollMs: POLL_MS });
  const usage = useQuery("/api/v1/usage", {}, { pollMs: POLL_MS });
  return (
    <Page title="Storage">
      <QueryView query={status}>
        {(answer) => (
          <div class="storage-panels">
            <FilePanel status={answer} />
            <DurabilityPanel status={answer} />
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
                  All records together take {formatBytes(total.bytes)}, compressed
                  {total.perRecord === null ? "" : `: ${formatBytes(total.perRecord)} a record`}. Times are those of the
                  records.
                </p>
              </>
            );
          }}
        </QueryView>
      </section>
    </Page>
  );
}
