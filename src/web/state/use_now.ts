// The time as a value that ticks.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useApp } from "./app_context.ts";

/** The time in Unix ms, updated every `everyMs` while the page is visible. Undefined: it stands still. */
export function useNow(everyMs: number | undefined): number {
  const { environment } = useApp();
  const now = useSignal(environment.clock());
  const isVisible = environment.isVisible.value;
  useEffect(() => {
    if (!isVisible || everyMs === undefined) return undefined;
    let cancel: (() => void) | undefined;
    const tick = () => {
      now.value = environment.clock();
      cancel = environment.schedule(tick, everyMs);
    };
    tick();
    return () => cancel?.();
  }, [environment, now, everyMs, isVisible]);
  return now.value;
}
