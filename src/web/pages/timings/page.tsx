// The timings page: all touchpoints as a tree, or one selection in detail; running timings; timings that never
// finished.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { AlertLink } from "../../components/alert_link.tsx";
import { IconButton } from "../../components/button.tsx";
import { ComparePicker } from "../../components/compare_picker.tsx";
import { Link } from "../../components/link.tsx";
import { Page, Tabs } from "../../components/page.tsx";
import { useApp, useShortcut } from "../../state/app_context.ts";
import { useCompare } from "../../state/compare.ts";
import {
  formatSelection,
  outerCategories,
  type Selection,
  selectionParameters,
  selectionTitle,
} from "../../state/selection.ts";
import { ComparedView } from "./compared_view.tsx";
import { DetailView } from "./detail_view.tsx";
import { RunningView, UnfinishedView } from "./open_timings.tsx";
import { TreeView } from "./tree_view.tsx";
import { type TimingsTab, useTimingsView } from "./view_state.tsx";

export function TimingsPage() {
  const { router } = useApp();
  const { q, selection, tab, search, place } = useTimingsView();
  const isCompared = useCompare().kind !== "";
  const select = (id: TimingsTab) => router.change({ tab: id === "figures" ? "" : id });
  const goUp = () => {
    if (selection === undefined) return;
    const outer = outerCategories(selection).at(-1);
    const next: Selection | undefined = outer === undefined ? undefined : { kind: "category", name: outer };
    router.go(router.place("timings", place(selectionParameters(next))));
  };
  useShortcut("u", "Up one category", goUp);
  return (
    <Page
      title="Timings"
      actions={
        <>
          {tab === "figures" ? <ComparePicker /> : null}
          <SearchField q={q} />
          {tab === "unfinished" ? null : <AlertLink kind={tab === "running" ? "running" : "percentile"} q={search} />}
        </>
      }
    >
      {selection === undefined ? null : <Trail selection={selection} />}
      <div class="timings-page">
        <Tabs label="Timings" tabs={TABS} selected={tab} onSelect={select}>
          {tab === "running" ? (
            <RunningView />
          ) : tab === "unfinished" ? (
            <UnfinishedView />
          ) : selection === undefined ? (
            isCompared ? (
              <ComparedView />
            ) : (
              <TreeView />
            )
          ) : (
            <DetailView key={formatSelection(selection)} selection={selection} />
          )}
        </Tabs>
      </div>
    </Page>
  );
}

const TABS: readonly { readonly id: TimingsTab; readonly label: string }[] = [
  { id: "figures", label: "Durations" },
  { id: "running", label: "Running now" },
  { id: "unfinished", label: "Never finished" },
];

/** The breadcrumb from all timings to the selection. It takes the focus, since the link that was pressed is gone. */
function Trail({ selection }: { readonly selection: Selection }) {
  const { place } = useTimingsView();
  const current = useRef<HTMLHeadingElement>(null);
  const id = formatSelection(selection);
  useEffect(() => {
    if (document.activeElement === document.body) current.current?.focus();
  }, [id]);
  const outer = outerCategories(selection);
  const last = outer.at(-1) ?? "";
  const title = selectionTitle(selection);
  return (
    <nav class="timings-trail" aria-label="Breadcrumb">
      <Link page="timings" parameters={place(selectionParameters(undefined))}>
        All timings
      </Link>
      {outer.map((name, at) => (
        <span key={name} class="timings-crumb">
          <span aria-hidden="true">›</span>
          <Link page="timings" parameters={place(selectionParameters({ kind: "category", name }))}>
            {name.slice((outer[at - 1] ?? "").length)}
          </Link>
        </span>
      ))}
      <span class="timings-crumb">
        <span aria-hidden="true">›</span>
        <h2 ref={current} tabIndex={-1} title={title}>
          {title.slice(last.length) || "(itself)"}
        </h2>
      </span>
    </nav>
  );
}

/** The page's search. Enter or leaving the field applies it; Escape restores the applied one. */
function SearchField({ q }: { readonly q: string }) {
  const { router } = useApp();
  const typed = useSignal(q);
  useEffect(() => {
    typed.value = q;
  }, [typed, q]);
  const submit = (text: string) => router.change({ q: text.trim() });
  return (
    <div class="timings-search">
      <input
        type="text"
        class="field"
        aria-label="Search timings"
        placeholder="Search: a name, key:req-*, duration:>1s"
        data-search-field=""
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") submit(typed.value);
          else if (event.key === "Escape") typed.value = q;
        }}
        onBlur={() => submit(typed.value)}
      />
      {q === "" ? null : <IconButton icon="close" label="Clear the search" onPress={() => submit("")} />}
    </div>
  );
}
