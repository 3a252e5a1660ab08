// The record that a link opens, where the list does not have it: older than what is loaded, or outside of the time range.

import type { ShownRecord } from "../../../core/record.ts";
import { Notice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useParameter, useQuery } from "../../hooks.ts";
import { RecordRow } from "./record_row.tsx";

export function LinkedRecord({ id }: { readonly id: number }) {
  const [, setOpen] = useParameter("open");
  const query = useQuery("/api/v1/entries", { q: `id:${id}`, limit: 1 });
  const close = () => setOpen("", "replace");
  const closing = { action: { label: "Close", run: close } };
  return (
    <section class="logs-linked" aria-label="Linked record">
      <QueryView query={query}>
        {({ entries: [record] }) =>
          record === undefined ? (
            <Notice tone="warn" {...closing}>
              Record {id} is not stored here, or not any more.
            </Notice>
          ) : (
            <Linked record={record} onClose={close} />
          )
        }
      </QueryView>
    </section>
  );
}

function Linked({ record, onClose }: { readonly record: ShownRecord; readonly onClose: () => void }) {
  return (
    <>
      <p class="hint">The linked record, which the list below does not have.</p>
      <RecordRow record={record} isOpen isActive showsProject onToggle={onClose} />
    </>
  );
}
