// Waiting for something to become true, in tests that cannot know when. It ends as soon as it is true, so limits are
// generous: machines are slow and shared.

/** Pauses between two looks, in ms: they grow, since looking takes time from what is waited for. */
const PAUSE_MS_MIN = 2;
const PAUSE_MS_MAX = 20;

/** Ends when the condition holds; fails after the limit, naming what was awaited. */
export async function untilTrue(what: string, holds: () => boolean, limitMs = 90_000): Promise<void> {
  const endAtMs = Date.now() + limitMs;
  let pauseMs = PAUSE_MS_MIN;
  while (!holds()) {
    if (Date.now() > endAtMs) throw new Error(`still not after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 1.2);
  }
}
