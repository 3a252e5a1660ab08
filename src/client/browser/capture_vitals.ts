// Web vitals become timings. CLS has no unit, so it becomes a log.

import type { Logger } from "../core/types.ts";

/** `load`: makes `window.SimpleLogsVitals`. */
export async function captureVitals(
  logger: Pick<Logger, "log" | "record">,
  load: () => Promise<unknown>,
): Promise<void> {
  await load();
  window.SimpleLogsVitals?.(({ name, value, rating }) => {
    const touchpoint = `vitals/${name}`;
    const metadata = { value, rating, path: location.pathname };
    if (name === "CLS") logger.log({ touchpoint, metadata });
    else logger.record({ touchpoint, duration: value, metadata });
  });
}
