// Waiting for something to become true, in tests that cannot know when. It ends as soon as it is true, so limits are generous: machines
// are slow and shared.

/** Ends when the condition holds; fails after the limit, naming what was awaited. */
export async function untilTrue(what: string, holds: () => boolean, limitMs = 30_000): Promise<void> {
  const endAt = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > endAt) throw new Error(`still not after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
