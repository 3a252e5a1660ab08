// The browser's services as the app uses them: time, visibility, the colour scheme, and storage. Storage may be
// blocked; then a value lasts as long as the page.

import { type ReadonlySignal, signal } from "@preact/signals";
import type { SharedText } from "./session.ts";

/** Time and attention. Tests inject their own. */
export interface Environment {
  /** Unix ms. */
  readonly clock: () => number;
  /** Runs a function once after `ms`. Returns a function that cancels it. */
  readonly schedule: (run: () => void, ms: number) => () => void;
  /** False while the page is hidden. */
  readonly isVisible: ReadonlySignal<boolean>;
}

/** The environment of a real page. */
export function browserEnvironment(window: Window): Environment {
  return {
    clock: () => Date.now(),
    schedule: (run, ms) => {
      const timer = window.setTimeout(run, ms);
      return () => window.clearTimeout(timer);
    },
    isVisible: visibilityOf(window.document),
  };
}

/** Resolves after `ms`, or when the signal aborts. */
export function waitFor(ms: number, signal: AbortSignal | undefined, schedule: Environment["schedule"]): Promise<void> {
  return new Promise((resolve) => {
    const cancel = schedule(resolve, ms);
    signal?.addEventListener("abort", () => {
      cancel();
      resolve();
    });
  });
}

/** True while the system asks for a dark page. Charts read the theme's colours and draw again when it changes. */
export function watchTheme(query: MediaQueryList): ReadonlySignal<boolean> {
  const isDark = signal(query.matches);
  query.addEventListener("change", () => {
    isDark.value = query.matches;
  });
  return isDark;
}

/** A setting in the origin's storage. Undefined when absent, or when storage is blocked. */
export function readSetting(window: Window, name: string): string | undefined {
  try {
    return window.localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a setting; undefined removes it. Does nothing when storage is blocked. */
export function writeSetting(window: Window, name: string, value: string | undefined): void {
  try {
    if (value === undefined) window.localStorage.removeItem(name);
    else window.localStorage.setItem(name, value);
  } catch {
    // The setting then lasts as long as the page.
  }
}

/** A setting that all tabs of the origin share. */
export function sharedText(window: Window, name: string): SharedText {
  return {
    read: () => readSetting(window, name),
    write: (text) => writeSetting(window, name, text),
    watch(changed) {
      window.addEventListener("storage", (event) => {
        // The event has no key when everything was cleared.
        if (event.key === name || event.key === null) changed();
      });
      // A page restored from the back/forward cache missed the events of the meantime.
      window.addEventListener("pageshow", (event) => {
        if (event.persisted) changed();
      });
    },
  };
}

function visibilityOf(document: Document): ReadonlySignal<boolean> {
  const isVisible = signal(!document.hidden);
  document.addEventListener("visibilitychange", () => {
    isVisible.value = !document.hidden;
  });
  return isVisible;
}
