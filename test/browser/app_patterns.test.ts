// Patterns of messages in a real browser: in Logs beside the lines, and on the overview.

import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type AppPage, expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { configText, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const MINUTE_MS = 60_000;
const PATTERNS = "/logs?view=patterns";

function log(message: string, level: string, agoMs: number) {
  return { touchpoint: "api/orders", level, message, timestamp: Date.now() - agoMs };
}

/** Within the last hour: 12 placed, 3 failed, 2 new ones; in the hour before: placed and failed. */
function entries() {
  return [
    ...Array.from({ length: 12 }, (_, at) => log(`order ord_${at}f placed in ${at * 37} ms`, "info", at * MINUTE_MS)),
    ...Array.from({ length: 3 }, (_, at) => log(`payment of "user ${at}" failed: 10.0.0.${at}`, "error", at * 1_000)),
    log("card 4711 declined (a,b* -x)", "error", 2 * MINUTE_MS),
    log("card 4712 declined (a,b* -x)", "warn", 3 * MINUTE_MS),
    log("order ord_77 placed in 1.5s", "info", 90 * MINUTE_MS),
    log('payment of "user 99" failed: 10.0.0.99', "error", 91 * MINUTE_MS),
  ];
}

function withPatterns(
  options: { path?: string; viewport?: { width: number; height: number }; expected?: readonly RegExp[] },
  work: (app: AppPage & { page: Page }) => Promise<void>,
): Promise<void> {
  return withServer(configText(), async (server) => {
    await server.send(entries());
    await withAppPage(browser, server, { path: PATTERNS, ...options }, work);
  });
}

function rows(page: Page) {
  return page.getByRole("list", { name: "Patterns of messages" }).locator("> li");
}

async function texts(page: Page): Promise<string[]> {
  await rows(page).first().waitFor();
  const all = await rows(page).locator(".pattern-count, .pattern-text").allInnerTexts();
  return all.map((text) => text.replaceAll(/\s+/g, " ").trim());
}

function parameterOf(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

const PLACED = "order ord_<num> placed in <duration>";
const FAILED = 'payment of "<text>" failed: <ip>';
const DECLINED = "card <num> declined (a,b* -x)";

describe("patterns in Logs", () => {
  test("show each pattern with its count, its share, its levels, and whether it is new in this range", () =>
    withPatterns({}, async ({ page }) => {
      await expectSoon(() => texts(page)).toEqual([
        "12 71 %",
        `info ${PLACED}`,
        "3 18 %",
        `error ${FAILED}`,
        "2 12 %",
        `new error 1 warn 1 ${DECLINED}`,
      ]);
      await expectSoon(() => rows(page).first().locator(".pattern-mask").allInnerTexts()).toEqual([
        "<num>",
        "<duration>",
      ]);
      await page.getByText("3 patterns of 17 messages").waitFor();
    }));

  test("are chosen with a switch or a key, and the address keeps the choice", () =>
    withPatterns({ path: "/logs" }, async ({ page }) => {
      const toggle = page.getByRole("button", { name: "Patterns", exact: true });
      await toggle.click();
      await rows(page).first().waitFor();
      await expectSoon(async () => [parameterOf(page, "view"), await toggle.getAttribute("aria-pressed")]).toEqual([
        "patterns",
        "true",
      ]);
      await expectSoon(() => page.evaluate("document.activeElement.textContent")).toBe("Patterns");
      await page.keyboard.press("m");
      await page.locator(".logs-line").first().waitFor();
      await expectSoon(() => parameterOf(page, "view")).toBe(null);
      await page.goBack();
      await rows(page).first().waitFor();
    }));

  test("lead to exactly their lines, and are left out of the search, whatever is in them", () =>
    withPatterns({}, async ({ page }) => {
      await page.getByRole("link", { name: DECLINED }).click();
      await page.locator(".logs-total", { hasText: "2 records" }).waitFor();
      await expectSoon(() => page.locator(".logs-line").count()).toBe(2);
      await expectSoon(() => parameterOf(page, "q")).toBe(`pattern:"${DECLINED}"`);
      await page.goBack();
      await rows(page).nth(2).getByRole("button", { name: "Exclude" }).click();
      await page.getByText("2 patterns of 15 messages").waitFor();
      await expectSoon(() => parameterOf(page, "q")).toBe(`-pattern:"${DECLINED}"`);
      await page.getByRole("button", { name: "Lines" }).click();
      await page.locator(".logs-total", { hasText: "15 records" }).waitFor();
    }));

  test("are only the new ones on request, or in another order", () =>
    withPatterns({}, async ({ page }) => {
      await page.getByRole("button", { name: "New in this range (1)" }).click();
      await expectSoon(() => texts(page)).toEqual(["2 12 %", `new error 1 warn 1 ${DECLINED}`]);
      await expectSoon(() => parameterOf(page, "only")).toBe("new");
      await page.getByRole("button", { name: "New in this range (1)" }).click();
      await page.getByLabel("Order").selectOption("New first");
      await expectSoon(async () => (await texts(page))[1]).toContain(DECLINED);
      await page.getByLabel("Order").selectOption("Began last");
      await expectSoon(async () => (await texts(page))[1]).toContain(FAILED);
    }));

  test("open one record as an example, which a link shows as well", () =>
    withPatterns({}, async ({ page, ...app }) => {
      await rows(page).nth(1).getByRole("button", { name: "Example" }).click();
      await page.getByRole("group", { name: /^Record \d+$/ }).waitFor();
      const path = new URL(page.url());
      await expectAccessible(page, THEMES);
      await app.open(`${path.pathname}${path.search}`);
      await page
        .getByRole("group", { name: /^Record \d+$/ })
        .getByText("api/orders", { exact: true })
        .waitFor();
      await page.getByRole("button", { name: "Close", exact: true }).click();
      await expectSoon(() => parameterOf(page, "open")).toBe(null);
    }));

  test("are reached with the arrow keys", () =>
    withPatterns({}, async ({ page }) => {
      await page.getByRole("link", { name: PLACED }).focus();
      await page.keyboard.press("ArrowDown");
      await expectSoon(() => page.evaluate("document.activeElement.textContent")).toBe(FAILED);
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await page.locator(".logs-line").first().waitFor();
      await expectSoon(() => parameterOf(page, "q")).toBe(`pattern:"${PLACED}"`);
    }));

  test("say that there are none, what is wrong with a search, and that the server failed", () =>
    withPatterns({ path: `${PATTERNS}&q=nothing`, expected: [/status of (400|500)/] }, async ({ page, ...app }) => {
      await page.getByText("No messages").waitFor();
      await page.getByRole("button", { name: "Clear the search" }).click();
      await rows(page).first().waitFor();
      await app.open(`${PATTERNS}&q=level:eror`);
      await page.getByText("did you mean error?").waitFor();
      await page.route("**/api/v1/patterns?*", (route) => route.fulfill({ status: 500, body: "{}" }));
      await app.open(PATTERNS);
      await page.getByText("The server responded with 500.").waitFor();
      await page.unroute("**/api/v1/patterns?*");
      await page.getByRole("button", { name: "Try again" }).click();
      await rows(page).first().waitFor();
    }));

  test("are accessible in both themes, and fit a phone", () =>
    withPatterns({}, async ({ page }) => {
      await rows(page).first().waitFor();
      await expectAccessible(page, THEMES);
      await page.setViewportSize({ width: 390, height: 800 });
      await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(390);
      await expectAccessible(page, THEMES);
    }));
});

test("the overview shows the error patterns, new ones first and marked, which lead to their lines", () =>
  withPatterns({ path: "/" }, async ({ page }) => {
    const list = page.getByRole("list", { name: "Error patterns, new ones first" });
    await list.waitFor();
    const shown = async () =>
      (await list.locator(".error-pattern-text").allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " "));
    await expectSoon(shown).toEqual([`new ${DECLINED}`, FAILED]);
    await list.getByRole("link", { name: FAILED, exact: true }).click();
    await page.locator(".logs-total", { hasText: "3 records" }).waitFor();
    await expectSoon(() => parameterOf(page, "q")).toBe(`level:error pattern:"${FAILED.replaceAll('"', '\\"')}"`);
  }));
