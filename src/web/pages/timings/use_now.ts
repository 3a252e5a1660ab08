// The clock on the wall, while somebody looks.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useApp } from "../../app_context.ts";

/** Unix ms, anew every `everyMs`. */
export function useNow(everyMs: number): number {
  const { environment } = useApp();
  const now = useSignal(environment.clock());
  const isVisible = environment.isVisible.value;
  useEffect(() => {
    if (!isVisible) return undefined;
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
