// What a page shows is read until it is as expected: an answer, a navigation or a drawing may still be under way when
// the test looks. That something is not there is read on a page that has settled: before, it says nothing.

import { expect, type Matchers } from "bun:test";
import type { BrowserContext, Locator, Page, Request } from "playwright-core";

/** How long a page may take to show what is expected, in ms: generous, since machines are slow and shared. */
export const SHOWN_MS_MAX = 60_000;
/** How long a page may load before it is judged as it is, in ms: a test may hold an answer back. */
const SETTLED_MS_MAX = 3_000;

/** Pauses between two looks, in ms: they grow, since looking takes time from what is waited for. */
const PAUSE_MS_MIN = 10;
const PAUSE_MS_MAX = 100;

/** Streams, which are under way for as long as the page wants. */
const STREAM = /\/api\/v1\/tail(?:\?|$)/;

type MatcherName = Exclude<keyof Matchers, "not" | "resolves" | "rejects">;

/**
 * The matchers of `expect`, each as a promise of what was accepted; without `not`, which a page that has not begun to
 * change fulfils.
 */
export type SoonMatchers<T> = {
  readonly [Name in MatcherName]: (...expected: Parameters<Matchers<T>[Name]>) => Promise<T>;
};

/**
 * `expect` for what is read from a page: `await expectSoon(() => locator.innerText()).toBe("60")`. Reads again until the
 * matcher accepts the value; fails with what the last reading or matcher said.
 */
export function expectSoon<T>(read: () => T | Promise<T>, limitMs = SHOWN_MS_MAX): SoonMatchers<T> {
  const matcher =
    (name: MatcherName) =>
    async (...expected: unknown[]) => {
      const endAtMs = Date.now() + limitMs;
      for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 1.2)) {
        try {
          const value = await read();
          const matchers = expect(value) as unknown as Record<MatcherName, (...args: unknown[]) => void>;
          matchers[name](...expected);
          return value;
        } catch (error) {
          if (Date.now() > endAtMs) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    };
  return new Proxy({} as SoonMatchers<T>, {
    // A promise has `then`; what this gives is none.
    get: (_, name) => (name === "then" || typeof name === "symbol" ? undefined : matcher(name as MatcherName)),
  });
}

/** Fails unless the page, once it has settled, has no such element. */
export async function expectNone(locator: Locator, limitMs = SHOWN_MS_MAX): Promise<void> {
  await settled(locator.page());
  await expectSoon(() => locator.allTextContents(), limitMs).toEqual([]);
}

/** Where it is on the page, scrolled into view, once the page has settled: for a pointer, which comes a moment later. */
export async function placeOf(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  await locator.waitFor();
  await settled(locator.page());
  await locator.scrollIntoViewIfNeeded();
  const box = await locator.boundingBox();
  if (box === null) throw new Error(`${String(locator)} has no place on the page`);
  return box;
}

const requestsUnderWay = new WeakMap<Page, Set<Request>>();

/** Lets `settled` know what the pages of a browser profile wait for; called before they are opened. */
export function watchRequests(context: BrowserContext): void {
  context.on("page", (page) => {
    const underWay = new Set<Request>();
    requestsUnderWay.set(page, underWay);
    page.on("request", (request) => {
      if (!STREAM.test(request.url())) underWay.add(request);
    });
    page.on("requestfinished", (request) => underWay.delete(request));
    page.on("requestfailed", (request) => underWay.delete(request));
  });
}

/**
 * Ends when the page waits for nothing: it has drawn twice, no request is under way, and no part of it is busy. Ends
 * after a time in any case: three seconds, where a test holds an answer back.
 */
export async function settled(page: Page, limitMs = SETTLED_MS_MAX): Promise<void> {
  const endAtMs = Date.now() + limitMs;
  let hasDrawn = false;
  while (Date.now() < endAtMs) {
    const isQuiet = (requestsUnderWay.get(page)?.size ?? 0) === 0 && !(await isBusy(page));
    if (isQuiet && hasDrawn) return;
    hasDrawn = isQuiet;
    await drawnTwice(page);
  }
}

/** A page that is just left is busy. */
function isBusy(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`document.querySelector('[aria-busy="true"]') !== null`).catch(() => true);
}

async function drawnTwice(page: Page): Promise<void> {
  await page
    .evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    .catch(() => undefined);
}
