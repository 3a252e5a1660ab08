// The usage page against the compiled server: months against their plan, days, and what was dropped.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { MARKUP, takenAsMarkup } from "../support/markup.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const LIMITED = configText({ tables: '[projects.default]\nmonthly_entries = 5\noverage = "drop"\n' });

/** Four logs and a timing stored, one of them empty before, two past the plan of five. */
async function sendPastPlan(server: TestServer): Promise<void> {
  await server.send([{}, ...[1, 2, 3, 4].map((number) => ({ message: `log ${number}` })), { duration: 7 }]);
  await server.send([{ message: "past the plan" }, { message: "past the plan too" }]);
}

test("a month is compared with its plan, and dropped counts link to the entries", () =>
  withServer(LIMITED, async (server) => {
    await sendPastPlan(server);
    await withAppPage(browser, server, { path: "/usage" }, async ({ page }) => {
      const plan = page.getByRole("list", { name: "Usage against the plan" }).getByRole("listitem");
      await plan.getByText("of 5 entries").waitFor();
      const text = await expectSoon(async () => (await plan.innerText()).replaceAll(/\s+/g, " ")).toContain(
        "Received 8 Stored 5",
      );
      expect(text).toContain("Entries over the plan are dropped.");
      expect(text).toContain("quota 2 empty 1");
      await expectSoon(() => plan.getByRole("meter", { name: "Plan of default" }).getAttribute("aria-valuemax")).toBe(
        "5",
      );
      await plan.getByRole("link", { name: "quota 2" }).click();
      await page.getByRole("heading", { name: "Rejections", level: 1 }).waitFor();
      await expectSoon(() => new URL(page.url()).search).toBe("?project=default&reason=quota");
      await page.getByText("past the plan too").waitFor();
    });
  }));

test("the days of a month are counted, and other months can be chosen", () =>
  // The month before is more than 30 days ago when this one ends.
  withServer(configText({ tables: '[projects.default]\nretention = "90d"\n' }), async (server) => {
    const now = new Date();
    const earlier = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) - 3_600_000;
    await server.send([{ message: "a" }, { message: "b" }, { duration: 7 }, { message: "old", timestamp: earlier }]);
    const month = now.toISOString().slice(0, 7);
    const before = new Date(earlier).toISOString().slice(0, 10);
    await withAppPage(browser, server, { path: "/usage", timezoneId: "America/New_York" }, async ({ page }) => {
      const rows = page.getByRole("table", { name: /^Records by day/ }).getByRole("row");
      await rows.nth(1).waitFor({ state: "attached" });
      await expectSoon(() => rows.allInnerTexts()).toEqual([
        "Time\tLogs\tTimings",
        `${now.toISOString().slice(0, 10)} 00:00:00.000\t2\t1`,
      ]);
      await expectSoon(() => page.getByRole("combobox", { name: "Month" }).inputValue()).toBe(month);
      await page.goto(`${server.url}/usage?month=${before.slice(0, 7)}`);
      // It was received this month; its time, and so its bytes, are of the month before.
      const plan = page.getByRole("list", { name: "Usage against the plan" });
      await plan.getByText("0 entries").waitFor();
      await rows.filter({ hasText: before }).waitFor({ state: "attached" });
      await expectSoon(() => rows.nth(1).innerText()).toBe(`${before} 00:00:00.000\t1\t0`);
      await page.getByRole("link", { name: month }).click();
      await page.getByText("so far").waitFor();
    });
  }));

test("the page says when nothing was received, or the month is not valid", () =>
  withServer(configText(), async (server) => {
    await withAppPage(browser, server, { path: "/usage?month=2026-13" }, async ({ page }) => {
      await page.getByText("Nothing was received yet").waitFor();
      await expectAccessible(page);
      await server.send([{ message: "a" }]);
      await page.reload();
      await page.getByText(/The month in the link is not valid/).waitFor();
      await page.getByText("no limit").waitFor();
    });
  }));

test("axe finds nothing in both themes, also on a phone", () =>
  withServer(LIMITED, async (server) => {
    await sendPastPlan(server);
    await withAppPage(browser, server, { path: "/usage" }, async ({ page, ...app }) => {
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await app.open("/usage");
        await page.getByRole("img", { name: /^Records by day/ }).waitFor();
        await expectAccessible(page, THEMES);
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      }
    });
  }));

test("projects that look like markup stay text", () => {
  const pairs = MARKUP.map(
    (project, index) =>
      `[[keys]]\nname = "pair ${index}"\nproject = ${JSON.stringify(project)}\nserver = "sk_markup0123456789${index}"\n`,
  );
  return withServer(configText({ tables: pairs.join("") }), async (server) => {
    for (const index of MARKUP.keys()) await server.send([{ message: "a" }], { key: `sk_markup0123456789${index}` });
    await withAppPage(browser, server, { path: "/usage" }, async ({ page }) => {
      for (const name of MARKUP) await page.getByRole("heading", { name, exact: true }).waitFor();
      await expectSoon(() => takenAsMarkup(page)).toEqual([]);
    });
  });
});
