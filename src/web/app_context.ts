// What lives as long as the app does, made once and handed to every component through a context.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { assert } from "../core/errors.ts";
import type { UsageAnswer } from "../core/responses.ts";
import { Api } from "./api/client.ts";
import { Query, type QueryEnvironment } from "./api/query.ts";
import { createSignedFetch } from "./api/signed_fetch.ts";
import { Tail, type TailBatch } from "./api/tail.ts";
import { Announcer } from "./state/announcer.ts";
import { PageChanges } from "./state/page_changes.ts";
import { Router } from "./state/router.ts";
import { Session, type SharedText } from "./state/session.ts";
import { Shortcuts } from "./state/shortcuts.ts";
import { watchTheme } from "./state/theme.ts";

export interface App {
  readonly api: Api;
  readonly router: Router;
  readonly session: Session;
  readonly shortcuts: Shortcuts;
  /** Switches single keys on or off, here and when the app is opened again. */
  readonly setShortcuts: (areOn: boolean) => void;
  readonly announcer: Announcer;
  readonly pageChanges: PageChanges;
  readonly environment: QueryEnvironment;
  /** Usage and storage of all projects: the list of projects, and whether anything was ever stored. */
  readonly usage: Query<UsageAnswer>;
  /** Grows when somebody asks for everything anew. */
  readonly refreshes: Signal<number>;
  /** Whether the page is dark. */
  readonly theme: ReadonlySignal<boolean>;
  /** False where the browser does not say where a request comes from, so that nobody can sign in. */
  readonly isSecure: boolean;
  /** Of the server. */
  readonly version: string;
  /** A live tail that nobody has started yet. */
  createTail(onBatch: (batch: TailBatch) => void): Tail;
}

const SHORTCUTS_SETTING = "simplelogs.shortcuts";
const SESSION_SECRET = "simplelogs.session";

const AppContext = createContext<App | undefined>(undefined);

export const AppProvider = AppContext.Provider;

/** The app that a component belongs to. */
export function useApp(): App {
  const app = useContext(AppContext);
  assert(app !== undefined, "every component is inside of an AppProvider");
  return app;
}

/** Joins the parts to the browser. */
export function createApp(window: Window): App {
  const { document } = window;
  const { reading, version = "" } = document.documentElement.dataset;
  const session = new Session(reading !== "off", sharedText(window, SESSION_SECRET));
  const schedule = (run: () => void, ms: number) => {
    const timer = window.setTimeout(run, ms);
    return () => window.clearTimeout(timer);
  };
  const environment: QueryEnvironment = { clock: () => Date.now(), schedule, isVisible: visibilityOf(document) };
  const shortcuts = new Shortcuts(() => performance.now(), readSetting(window, SHORTCUTS_SETTING) !== "off");
  const fetch = createSignedFetch((path, init) => window.fetch(path, init), session);
  return {
    api: new Api({
      fetch,
      wait: (ms, signal) => waitFor(ms, signal, schedule),
      onAnswer: () => session.confirm(),
    }),
    router: new Router(window),
    session,
    shortcuts,
    setShortcuts: (areOn) => {
      shortcuts.areOn.value = areOn;
      writeSetting(window, SHORTCUTS_SETTING, areOn ? "on" : "off");
    },
    announcer: new Announcer(),
    pageChanges: new PageChanges(),
    environment,
    usage: new Query<UsageAnswer>(environment),
    refreshes: signal(0),
    theme: watchTheme(window.matchMedia("(prefers-color-scheme: dark)")),
    isSecure: window.isSecureContext,
    version,
    createTail: (onBatch) => new Tail({ fetch, schedule, onBatch }),
  };
}

/** Undefined where the browser keeps nothing. */
function readSetting(window: Window, name: string): string | undefined {
  try {
    return window.localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

function writeSetting(window: Window, name: string, value: string): void {
  try {
    window.localStorage.setItem(name, value);
  } catch {
    // The setting lasts as long as the page then.
  }
}

/** A text in the origin's storage; where the browser keeps nothing it lives as long as the page, for this tab. */
function sharedText(window: Window, name: string): SharedText {
  return {
    read: () => readSetting(window, name),
    write(text) {
      if (text !== undefined) writeSetting(window, name, text);
      else removeSetting(window, name);
    },
    watch(changed) {
      window.addEventListener("storage", (event) => {
        // Without a key, everything was cleared.
        if (event.key === name || event.key === null) changed();
      });
      // A page that the browser kept aside was told nothing.
      window.addEventListener("pageshow", (event) => {
        if (event.persisted) changed();
      });
    },
  };
}

function removeSetting(window: Window, name: string): void {
  try {
    window.localStorage.removeItem(name);
  } catch {
    // There was none then.
  }
}

function visibilityOf(document: Document): ReadonlySignal<boolean> {
  const isVisible = signal(!document.hidden);
  document.addEventListener("visibilitychange", () => {
    isVisible.value = !document.hidden;
  });
  return isVisible;
}

function waitFor(ms: number, signal: AbortSignal | undefined, schedule: QueryEnvironment["schedule"]): Promise<void> {
  return new Promise((resolve) => {
    const cancel = schedule(resolve, ms);
    signal?.addEventListener("abort", () => {
      cancel();
      resolve();
    });
  });
}
