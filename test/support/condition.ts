// Waiting for something to become true, in tests that cannot know when.

/** Ends when the condition holds; fails after the limit, naming what was awaited. */
export async function untilTrue(what: string, holds: () => boolean, limitMs = 5000): Promise<void> {
  const endAt = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > endAt) throw new Error(`still not after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
