// Light or dark, as the system has it: charts draw with the colours of the moment and must know when they change.

import { type ReadonlySignal, signal } from "@preact/signals";

/** True while the system asks for a dark page. */
export function watchTheme(query: MediaQueryList): ReadonlySignal<boolean> {
  const isDark = signal(query.matches);
  query.addEventListener("change", () => {
    isDark.value = query.matches;
  });
  return isDark;
}
