// The state of the timings page in its address, and links that change part of it.

import { useMemo } from "preact/hooks";
import { useProjectParameter } from "../../api/server_context.ts";
import { Link } from "../../components/link.tsx";
import { TraceLink } from "../../components/trace_link.tsx";
import { useApp } from "../../state/app_context.ts";
import type { ParameterChanges } from "../../state/router.ts";
import { joinSearches } from "../../state/search_text.ts";
import { parseSelection, type Selection, selectionParameters, selectionTerm } from "../../state/selection.ts";
import type { TraceBeginning } from "../../state/trace_address.ts";

/** How often figures of a relative range are refreshed, in ms. */
export const FIGURES_POLL_MS = 30_000;

const TIMINGS_TABS = ["figures", "running", "unfinished"] as const;
/** A tab of the page, as the address names it. */
export type TimingsTab = (typeof TIMINGS_TABS)[number];

export interface TimingsView {
  /** The search as typed. "": all timings. */
  readonly q: string;
  /** Undefined: all timings. */
  readonly selection: Selection | undefined;
  readonly tab: TimingsTab;
  /** The search and the selection as one search. */
  readonly search: string;
  /** The page's parameters with some of them changed. The others stay. */
  readonly place: (changes: ParameterChanges) => ParameterChanges;
}

/** The state of the page. Subscribes the component to the address. */
export function useTimingsView(): TimingsView {
  const { router } = useApp();
  const { parameters } = router.address.value;
  const { q = "", show = "", tab = "" } = parameters;
  return useMemo(() => {
    const selection = parseSelection(show);
    const term = selection === undefined ? undefined : selectionTerm(selection);
    return {
      q,
      selection,
      tab: TIMINGS_TABS.find((known) => known === tab) ?? "figures",
      search: joinSearches(q, term),
      place: (changes) => ({ ...parameters, ...changes }),
    };
  }, [parameters, q, show, tab]);
}

interface TouchpointLinkProps {
  /** Undefined or "": the timing has none. */
  readonly name: string | undefined;
  /** Another project may have the same name. */
  readonly project: string;
}

/** A link to the figures of a project's touchpoint. */
export function TouchpointLink({ name, project }: TouchpointLinkProps) {
  const { place } = useTimingsView();
  const ofProject = useProjectParameter(project);
  if (name === undefined || name === "") return <span class="muted">none</span>;
  return (
    <Link
      page="timings"
      parameters={place({ ...selectionParameters({ kind: "touchpoint", name }), ...ofProject, tab: undefined })}
      class="timings-name"
      title={name}
    >
      {name}
    </Link>
  );
}

/** A link to the trace of a correlation key. */
export function KeyLink({ of }: { readonly of: TraceBeginning }) {
  const { key = "" } = of;
  if (key === "") return <span class="muted">none</span>;
  return (
    <TraceLink of={of} class="timings-name code">
      {key}
    </TraceLink>
  );
}

/** A message, cut to one line. The tooltip has the whole text. */
export function MessageText({ text = "" }: { readonly text: string | undefined }) {
  return (
    <span class="timings-message muted" title={text}>
      {text}
    </span>
  );
}
