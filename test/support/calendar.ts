// Tests whose server counts by the month begin well within one.

const MONTH_LEFT_MS_MIN = 60_000;

/** Where the month (UTC) is about to end, waits until the next one has begun. */
export async function withinOneMonth(): Promise<void> {
  const now = new Date();
  const leftMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) - now.getTime();
  if (leftMs < MONTH_LEFT_MS_MIN) await new Promise((resolve) => setTimeout(resolve, leftMs));
}
