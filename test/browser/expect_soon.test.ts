// How a page is read in tests: again until it is as expected, and for an absence once it has settled.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { startBrowser, startWebsite, type Website } from "../support/browser.ts";
import { expectNone, expectSoon, placeOf, watchRequests } from "../support/expect_soon.ts";

/** How long an answer of the site is held back, and how long the tests wait for what does not come, in ms. */
const HELD_MS = 300;
const LIMIT_MS = 1_000;

let browser: Browser;
let website: Website;
beforeAll(async () => {
  browser = await startBrowser();
  website = await startWebsite(
    () => `fetch("/answer").then(async () => {
      document.querySelector("h1").textContent = "Answered";
      document.querySelector("h1").style.marginTop = "200px";
      document.body.append(Object.assign(document.createElement("p"), { textContent: "late" }));
      await fetch("/second");
      document.querySelector("s").remove();
    })`,
    () => "<body><h1>Asked</h1><s>first</s>",
  );
});
afterAll(async () => {
  await browser.close();
  await website.close();
});

/** A page whose answers come late. */
async function withSlowPage(work: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext();
  watchRequests(context);
  await context.route(/answer|second/, async (route) => {
    await Bun.sleep(HELD_MS);
    await route.continue();
  });
  try {
    const page = await context.newPage();
    await page.goto(website.origin("localhost"));
    await work(page);
  } finally {
    await context.close();
  }
}

/** What a promise fails with; "" where it does not. */
const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "",
    (error: Error) => error.message,
  );

describe("what a page shows", () => {
  test("is read until it is as expected, and given", () =>
    withSlowPage(async (page) => {
      const title = page.locator("h1");
      const shown = await expectSoon(() => title.innerText()).toStartWith("Ans");
      expect(shown).toBe("Answered");
    }));

  test("and never comes fails with what was shown at the end", () =>
    withSlowPage(async (page) => {
      const title = page.locator("h1");
      const failure = await failureOf(expectSoon(() => title.innerText(), LIMIT_MS).toBe("Refused"));
      expect(failure).toContain("Refused");
      expect(failure).toContain("Answered");
    }));

  test("has its place once nothing moves it any more", () =>
    withSlowPage(async (page) => {
      const { y } = await placeOf(page.locator("h1"));
      expect(y).toBeWithin(190, 250);
    }));
});

describe("what a page does not show", () => {
  test("is looked for once its answers are there", () =>
    withSlowPage(async (page) => {
      const failure = await failureOf(expectNone(page.locator("p"), LIMIT_MS));
      expect(failure).toContain("late");
    }));

  test("may have gone with the last answer", () => withSlowPage((page) => expectNone(page.locator("s"), LIMIT_MS)));
});
