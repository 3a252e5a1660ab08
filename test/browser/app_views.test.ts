// Saved views and links in a real browser: saved from a page, opened from the navigation, renamed, deleted, shared.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

interface Options {
  readonly path: string;
  readonly viewport?: { width: number; height: number };
  readonly expected?: readonly RegExp[];
  readonly permissions?: string[];
}

function withViews(options: Options, work: (page: Page, server: TestServer) => Promise<void>): Promise<void> {
  return withServer(configText(), async (server) => {
    await server.send([
      { message: "broken", level: "error", timestamp: Date.now() },
      { message: "fine", timestamp: Date.now() },
    ]);
    await withAppPage(browser, server, options, ({ page }) => work(page, server));
  });
}

function addressOf(page: Page): string {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
}

function dialogOf(page: Page) {
  return page.getByRole("dialog", { name: "Views" });
}

async function saveAs(page: Page, name: string): Promise<void> {
  await page.keyboard.press("v");
  await dialogOf(page).getByLabel("Save what is shown now as").fill(name);
  await page.keyboard.press("Enter");
  await dialogOf(page).getByRole("link", { name }).waitFor();
}

describe("a saved view", () => {
  test("is in the navigation, also of another browser, and opens what was saved", () =>
    withViews({ path: "/logs?from=6h&q=level:error&columns=key&open=1" }, async (page, server) => {
      await page.locator(".logs-line").first().waitFor();
      await saveAs(page, "Errors");
      await expectAccessible(page, THEMES);
      await page.keyboard.press("Escape");
      const views = page.getByRole("region", { name: "Views" });
      await expectSoon(() => views.getByRole("link", { name: "Errors" }).getAttribute("href")).toBe(
        "/logs?from=6h&q=level:error&columns=key",
      );
      await expectSoon(() => views.getByRole("link", { name: "Errors" }).getAttribute("aria-current")).toBe("true");
      await expectAccessible(page, THEMES);
      await withAppPage(browser, server, { path: "/usage?from=7d" }, async ({ page: other }) => {
        await other.getByRole("region", { name: "Views" }).getByRole("link", { name: "Errors" }).click();
        await other.locator(".logs-line", { hasText: "broken" }).waitFor();
        await expectSoon(() => addressOf(other)).toBe("/logs?from=6h&q=level:error&columns=key");
      });
    }));

  test("of a taken name is refused with a sentence, and can be renamed, given to a project, and deleted after a question", () =>
    withViews({ path: "/timings?from=24h", expected: [/status of 409/] }, async (page) => {
      await page.getByRole("heading", { level: 1, name: "Timings" }).waitFor();
      await saveAs(page, "Slow");
      await dialogOf(page).getByLabel("Save what is shown now as").fill(" Slow ");
      await page.keyboard.press("Enter");
      await dialogOf(page).getByText('there is a view "Slow" for everybody already: choose another name').waitFor();
      await expectAccessible(page, THEMES);
      await dialogOf(page).getByRole("button", { name: "Rename Slow" }).click();
      await expectAccessible(page, THEMES);
      const row = dialogOf(page).locator(".views-row");
      await page.keyboard.type("Slowest");
      await row.getByLabel("Whose view it is").selectOption("Of default");
      await row.getByRole("button", { name: "Rename", exact: true }).click();
      const renamed = dialogOf(page).getByRole("link", { name: "Slowest default" });
      await renamed.waitFor();
      await dialogOf(page).getByRole("button", { name: "Delete Slowest" }).click();
      await expectSoon(() => page.evaluate("document.activeElement.textContent")).toBe("Keep");
      await expectAccessible(page, THEMES);
      await page.keyboard.press("Enter");
      await renamed.waitFor();
      await dialogOf(page).getByRole("button", { name: "Delete Slowest" }).click();
      await row.getByRole("button", { name: "Delete", exact: true }).click();
      await dialogOf(page).getByText("None yet.").waitFor();
    }));

  test("of a fixed range says that the range is not saved, and shows the loss of the server", () =>
    withViews(
      { path: "/logs?from=2026-01-31T10:00:00Z&to=2026-01-31T11:00:00Z&q=a", expected: [/status of 503/] },
      async (page) => {
        await page.getByText("No records", { exact: true }).first().waitFor();
        await page.keyboard.press("v");
        await dialogOf(page).getByText("Its fixed time range is not saved").waitFor();
        await page.route("**/api/v1/views", (route) =>
          route.request().method() === "POST"
            ? route.fulfill({ status: 503, json: { message: "the data file cannot be written: disk is full" } })
            : route.continue(),
        );
        await dialogOf(page).getByLabel("Save what is shown now as").fill("x");
        await page.keyboard.press("Enter");
        await dialogOf(page).getByText("disk is full").waitFor();
        await page.unroute("**/api/v1/views");
        await page.keyboard.press("Enter");
        await dialogOf(page).getByRole("link", { name: "x" }).click();
        await dialogOf(page).waitFor({ state: "detached" });
        await expectSoon(() => addressOf(page)).toBe("/logs?q=a");
      },
    ));

  test("is saved, opened and shared on a phone, where nothing scrolls sideways", () =>
    withViews({ path: "/logs?q=level:error", viewport: { width: 390, height: 844 } }, async (page) => {
      await page.getByRole("button", { name: "Views" }).click();
      await dialogOf(page).getByLabel("Save what is shown now as").fill("Errors of the last hour in all projects");
      await dialogOf(page).getByRole("button", { name: "Save view" }).click();
      const link = dialogOf(page).getByRole("link", { name: "Errors of the last hour in all projects" });
      await link.waitFor();
      await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(390);
      await expectSoon(() =>
        page.evaluate(
          "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('dialog'))",
        ),
      ).toBe(0);
      await expectAccessible(page, THEMES);
      await dialogOf(page).getByRole("button", { name: "Close" }).click();
      await page.goto(page.url().replace(/\/logs.*/, "/usage"));
      await page.getByRole("button", { name: "Views" }).click();
      await link.click();
      await page.locator(".logs-line", { hasText: "broken" }).waitFor();
    }));
});

describe("a link to what is shown now", () => {
  test("has fixed times and the open record, and shows the same to another", () =>
    withViews(
      { path: "/logs?q=level:error", permissions: ["clipboard-read", "clipboard-write"] },
      async (page, server) => {
        await page.locator(".logs-line", { hasText: "broken" }).click();
        await page.getByRole("group", { name: /^Record/ }).waitFor();
        await page.getByRole("button", { name: "Copy a link to what is shown now" }).click();
        await page.getByRole("status").getByText("Copied a link").waitFor();
        const link = new URL(await page.evaluate<string>("navigator.clipboard.readText()"));
        const { from = "", to = "", q, open } = Object.fromEntries(link.searchParams);
        expect([Date.parse(to) - Date.parse(from), q, open]).toEqual([3_600_000, "level:error", "1"]);
        await withAppPage(browser, server, { path: link.pathname + link.search }, async ({ page: other }) => {
          await other.getByRole("group", { name: "Record 1" }).waitFor();
          await expectSoon(() => other.locator(".logs-line").count()).toBe(1);
        });
      },
    ));
});
