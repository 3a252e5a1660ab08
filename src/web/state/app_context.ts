// The parts of the app that every component may use: the address, time, the keyboard, and the screen reader's messages.
// Nothing here knows the server; api/server_context.ts has that half.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useRef } from "preact/hooks";
import { assert } from "../../core/errors.ts";
import { type Clocks, formatInstant, formatSecond } from "../../core/format.ts";
import type { Marker } from "../../core/responses.ts";
import type { Environment } from "./browser.ts";
import type { Connection } from "./connection.ts";
import type { Firing } from "./firings.ts";
import type { RecentSearches } from "./recent_searches.ts";
import type { Move, Router } from "./router.ts";
import type { Shortcut, Shortcuts } from "./shortcuts.ts";
import { rangeQuery, readRange, type TimeRange } from "./time_range.ts";

/** What components use of the app itself. */
export interface App {
  readonly router: Router;
  readonly shortcuts: Shortcuts;
  /** Switches shortcuts of a single key on or off, and remembers the choice. */
  readonly setShortcuts: (areOn: boolean) => void;
  readonly announcer: Announcer;
  readonly pageChanges: PageChanges;
  readonly environment: Environment;
  /** Whether the server answers. */
  readonly connection: Connection;
  /** Whether the page is dark. */
  readonly isDark: ReadonlySignal<boolean>;
  /** The clocks whose times are shown, as the address says. */
  readonly clocks: ReadonlySignal<Clocks>;
  readonly searches: RecentSearches;
  /** The markers of the chosen scope: lines in its charts. The frame loads them. */
  readonly markers: Signal<readonly Marker[]>;
  /** When alerts of the chosen scope fired: bands in its charts. The frame loads them. */
  readonly firings: Signal<readonly Firing[]>;
}

const AppContext = createContext<App | undefined>(undefined);

/** Provides the app to the components inside of it. */
export const AppProvider = AppContext.Provider;

/** The app of the component that calls. Throws AssertionError outside of an AppProvider. */
export function useApp(): App {
  const app = useContext(AppContext);
  assert(app !== undefined, "every component is inside of an AppProvider");
  return app;
}

/** Messages that a screen reader reads without moving: one polite region for the whole app. */
export class Announcer {
  readonly #message: Signal<string> = signal("");

  get message(): ReadonlySignal<string> {
    return this.#message;
  }

  /** Announces a sentence. An invisible character makes a repeated sentence new, so that it is read again. */
  say(message: string): void {
    this.#message.value = message === this.#message.peek() ? `${message}\u00A0` : message;
  }
}

/** Tells the first page from later ones: the focus moves to a page's title only after a change of pages. */
export class PageChanges {
  #hasArrived = false;

  /** Each page calls this once, when it appears. Returns false for the first page. */
  arrive(): boolean {
    const isChange = this.#hasArrived;
    this.#hasArrived = true;
    return isChange;
  }
}

/** The project and the time range that are chosen in the header. */
export interface Scope {
  /** "": all projects. */
  readonly project: string;
  readonly range: TimeRange;
  /** Why the range in the address was not used. */
  readonly rangeProblem: string | undefined;
  /** `project`, `from` and `to` as the read API takes them. */
  readonly parameters: { readonly project?: string; readonly from?: string; readonly to?: string };
}

/** The chosen scope. Subscribes the component to the address. */
export function useScope(): Scope {
  const { router, environment } = useApp();
  const { parameters } = router.address.value;
  const { project = "", from, to, clocks } = parameters;
  return useMemo(() => {
    const { range, problem } = readRange(parameters, environment.clock());
    return {
      project,
      range,
      rangeProblem: problem,
      parameters: { ...(project === "" ? {} : { project }), ...rangeQuery(range) },
    };
  }, [project, from, to, clocks]);
}

/** One parameter of the address ("" when absent) and its setter. Subscribes the component to the address. */
export function useParameter(name: string): [value: string, set: (value: string, move?: Move) => void] {
  const { router } = useApp();
  const value = router.address.value.parameters[name] ?? "";
  const set = useMemo(() => (value: string, move?: Move) => router.change({ [name]: value }, move), [router, name]);
  return [value, set];
}

/** How times are written, in the chosen clocks. Subscribes the component to the choice. */
export interface ShownTimes {
  readonly clocks: Clocks;
  /** "2026-01-31 12:00:00.123". `time` in Unix ms. */
  readonly instant: (time: number) => string;
  /** "2026-01-31 12:00:00". */
  readonly second: (time: number) => string;
}

/** The way to write times. Subscribes the component to the chosen clocks. */
export function useTimes(): ShownTimes {
  const clocks = useApp().clocks.value;
  return {
    clocks,
    instant: (time) => formatInstant(time, clocks),
    second: (time) => formatSecond(time, clocks),
  };
}

/** Adds a shortcut for as long as the component exists. `group` is its heading in the list of shortcuts. */
export function useShortcut(keys: string, label: string, run: () => void, group = "This page"): void {
  const { shortcuts } = useApp();
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const shortcut: Shortcut = { keys, label, group, run: () => latest.current() };
    return shortcuts.add(shortcut);
  }, [shortcuts, keys, label, group]);
}
