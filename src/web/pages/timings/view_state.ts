// What the page's address says beside project and time range, and links to the same page with some of it changed.

import { useMemo } from "preact/hooks";
import { useApp } from "../../app_context.ts";
import type { ParameterChanges } from "../../state/address.ts";
import { formatSelection, joinSearches, parseSelection, type Selection, selectionTerm } from "./selection.ts";

/** Figures of a range that moves along are renewed so often, in ms. */
export const FIGURES_POLL_MS = 30_000;

export const TIMINGS_TABS = ["figures", "running", "unfinished"] as const;
export type TimingsTab = (typeof TIMINGS_TABS)[number];

export interface TimingsView {
  /** As it was typed; "": everything. */
  readonly q: string;
  /** Undefined: all. */
  readonly selection: Selection | undefined;
  readonly tab: TimingsTab;
  /** `q` and the selection in one search. */
  readonly search: string;
  /** The page's parameters for another selection or tab; search, order and open categories stay. */
  readonly place: (changes: ParameterChanges) => ParameterChanges;
}

/** Subscribes the component to the address. */
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

/** Shows one selection; undefined: all. */
export function showing(selection: Selection | undefined): ParameterChanges {
  return { show: selection === undefined ? undefined : formatSelection(selection) };
}
