// Waiting for something that must be asked for: a figure of a server, a file, a page.

/** Pauses between two questions, in ms: they grow, since asking takes time from what is waited for. */
const PAUSE_MS_MIN = 10;
const PAUSE_MS_MAX = 100;

/** Ends when the answer is true; fails after the limit, naming what was awaited. */
export async function eventually(what: string, holds: () => Promise<boolean>, limitMs = 90_000): Promise<void> {
  const endAtMs = Date.now() + limitMs;
  let pauseMs = PAUSE_MS_MIN;
  while (!(await holds())) {
    if (Date.now() > endAtMs) throw new Error(`still not after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 1.2);
  }
}
