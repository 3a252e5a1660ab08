// Waiting for something that must be asked for: a figure of a server, a file, a page.

const ASK_EVERY_MS = 10;

/** Ends when the answer is true; fails after the limit, naming what was awaited. */
export async function eventually(what: string, holds: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
  const endAt = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > endAt) throw new Error(`still not after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
