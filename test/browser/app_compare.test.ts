// Comparing with another range, and markers in charts, in a real browser against the compiled server.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const MINUTE_MS = 60_000;
const WITH_MARKERS = `${configText()}\n[markers]\nq = "touchpoint:deploy/*"\nlabel = "metadata.build"\n`;
const LIST = "What changed, by touchpoint";

const timings = (touchpoint: string, agoMs: number, duration: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ touchpoint, startTime: Date.now() - agoMs + index, duration }));

/** Half an hour ago db/slow takes 300 ms, an hour before 100 ms; and there was a deploy 50 minutes ago. */
async function sendChanges(server: TestServer): Promise<void> {
  const [recent, earlier] = [30 * MINUTE_MS, 90 * MINUTE_MS];
  await server.send([
    ...timings("db/slow", recent, 300, 60),
    ...timings("db/slow", earlier, 100, 50),
    ...timings("db/same", recent, 20, 90),
    ...timings("db/same", earlier, 20, 90),
    ...timings("api/few", recent, 90, 10),
    ...timings("api/few", earlier, 60, 10),
    ...timings("api/new", recent, 5, 40),
    ...timings("api/old", earlier, 5, 40),
    ...timings("api/old", 170 * MINUTE_MS, 5, 1),
    {
      touchpoint: "deploy/shop",
      message: "deployed build 12",
      metadata: { build: "b12" },
      timestamp: Date.now() - 50 * MINUTE_MS,
    },
  ]);
}

const addressOf = (page: Page) => new URL(page.url()).pathname + decodeURIComponent(new URL(page.url()).search);

async function rowsOf(page: Page, table: string): Promise<string[][]> {
  const rows = await page.getByRole("table", { name: table }).locator("tbody tr").all();
  return Promise.all(rows.map(async (row) => (await row.locator("td").allInnerTexts()).map((text) => text.trim())));
}

const namesOf = async (page: Page) => (await rowsOf(page, LIST)).map(([name]) => name?.replaceAll(/\s+/g, " "));

describe("comparing with another range", () => {
  test("lists what became worse times how often, what is new, gone, or too few, and the address carries it", () =>
    withServer(configText(), async (server) => {
      await sendChanges(server);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page, ...app }) => {
        await page.getByRole("combobox", { name: "Compare with" }).selectOption("the time before");
        await page.getByRole("table", { name: LIST }).waitFor();
        await expectSoon(() => namesOf(page)).toEqual([
          "db/slow",
          "db/same",
          "api/few few",
          "api/new new",
          "api/old gone",
        ]);
        await expectSoon(() => addressOf(page)).toBe("/timings?compare=previous");
        const slow = async () => (await rowsOf(page, LIST))[0] ?? [];
        await expectSoon(async () => (await slow()).slice(1, 8)).toEqual([
          "60",
          "+10",
          "300 ms",
          "+200 ms",
          "300 ms",
          "+200 ms",
          "18 s",
        ]);
        await expectSoon(async () => (await slow())[8]).toStartWith("+1");
        await page.getByText(/^Compared with \d{4}-\d{2}-\d{2} .* – .*\.$/).waitFor();
        await page.getByRole("button", { name: "Δ count" }).click();
        await expectSoon(async () => (await namesOf(page))[0]).toBe("api/new new");
        await page.getByRole("link", { name: "db/slow" }).click();
        // In the lines over time, and in the heat map.
        await page.locator(".chart-mark.is-dashed", { hasText: "p95 before" }).nth(1).waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings?compare=previous&show=touchpoint:db/slow&sort=-dcount");
        await app.open("/timings?compare=previous&sort=name");
        await page.getByRole("table", { name: LIST }).waitFor();
        await expectSoon(async () => (await namesOf(page))[0]).toBe("api/few few");
        await page.getByRole("combobox", { name: "Compare with" }).selectOption("nothing");
        await page.getByRole("table", { name: "Timings by touchpoint" }).waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings?sort=name");
      });
    }));

  test("takes a typed range, refuses what is none, and says what is no longer kept", () =>
    withServer(configText(), async (server) => {
      await sendChanges(server);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        await page.getByRole("combobox", { name: "Compare with" }).selectOption("another range…");
        const field = page.getByLabel("Range to compare with");
        await field.fill("the day of the llama");
        await field.press("Enter");
        await page.getByRole("alert").filter({ hasText: "Write a length" }).waitFor();
        await field.fill("2h ago to 1h ago");
        await field.press("Enter");
        await page.getByRole("table", { name: LIST }).waitFor();
        await expectSoon(async () => (await namesOf(page))[0]).toBe("db/slow");
        await expectSoon(() => addressOf(page)).toMatch(/^\/timings\?compare=\d{4}-.*Z\.\.\d{4}-.*Z$/);
        await page.getByRole("combobox", { name: "Compare with" }).selectOption("a week before");
        await page.getByText("there is nothing to compare with").waitFor();
        await expectNone(page.getByText("new", { exact: true }));
      });
    }));

  test("shows on the overview what became slower, and the counts before as a dashed line", () =>
    withServer(configText(), async (server) => {
      await sendChanges(server);
      await withAppPage(browser, server, { path: "/?compare=previous" }, async ({ page, ...app }) => {
        await page.getByRole("heading", { name: "What became slower" }).waitFor();
        await page.getByRole("table", { name: "What became slower, times how often" }).waitFor();
        const slower = async () =>
          (await rowsOf(page, "What became slower, times how often")).map(([name]) => name?.replaceAll(/\s+/g, " "));
        await expectSoon(slower).toEqual(["db/slow", "api/few few", "api/new new"]);
        await page.locator(".chart-mark.is-dashed", { hasText: "all before" }).waitFor();
        await page.getByText("+5.3 % to before").waitFor();
        await page.getByRole("link", { name: "All changes" }).click();
        await page.getByRole("table", { name: LIST }).waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings?compare=previous");
        await app.open("/");
        await page.getByRole("heading", { name: "Slowest touchpoints" }).waitFor();
      });
    }));

  test("is accessible in both themes, and fits a phone", () =>
    withServer(WITH_MARKERS, async (server) => {
      await sendChanges(server);
      await withAppPage(browser, server, { path: "/timings?compare=previous" }, async ({ page, ...app }) => {
        const look = async (path: string, shown: string) => {
          await page.setViewportSize({ width: 1280, height: 800 });
          await app.open(path);
          await page.getByText(shown).first().waitFor();
          await expectAccessible(page, THEMES);
          await page.setViewportSize({ width: 390, height: 844 });
          await eventually("the page fits", async () => {
            return (await page.evaluate<number>("document.scrollingElement.scrollWidth")) === 390;
          });
        };
        await look("/timings?compare=previous", "Worse is");
        await look("/timings?compare=2026-01-01..2026-01-02", "nothing to compare with");
        await look("/timings?compare=previous&show=touchpoint:db/slow", "p95 before");
        await look("/?compare=previous", "all before");
        await look("/logs", "b12");
      });
    }));
});

describe("markers", () => {
  test("are named lines in every chart; one opens its record, and among timings compares the time since", () =>
    withServer(WITH_MARKERS, async (server) => {
      await sendChanges(server);
      await withAppPage(browser, server, { path: "/logs" }, async ({ page, ...app }) => {
        const marker = page.getByRole("link", { name: "Marker: b12" });
        await marker.first().click();
        await page.getByText("deployed build 12").first().waitFor();
        await expectSoon(() => addressOf(page)).toMatch(/^\/logs\?open=\d+$/);
        await app.open("/");
        await marker.first().waitFor();
        await expectSoon(() => marker.first().getAttribute("title")).toMatch(/^b12, \d{4}-.*\nOpen the record$/);
        await app.open("/timings?show=touchpoint:db/slow");
        await page.getByRole("heading", { name: "Over time" }).waitFor();
        // Durations, counts, and the heat map.
        await marker.nth(2).waitFor();
        await marker.first().focus();
        await page.keyboard.press("Enter");
        // In the lines over time, and in the heat map.
        await page.locator(".chart-mark.is-dashed", { hasText: "p95 before" }).nth(1).waitFor();
        await expectSoon(() => addressOf(page)).toMatch(
          /^\/timings\?from=\d{4}-.*Z&compare=previous&show=touchpoint:db\/slow$/,
        );
        // The lines begin at the deploy, 50 minutes ago; 40 minutes before that is in the time before.
        const count = page.locator(".timings-figures dd").first();
        await expectSoon(async () => (await count.innerText()).replaceAll(/\s+/g, " ")).toStartWith("60 +10");
      });
    }));

  test("are not asked for and not drawn where the configuration names none", () =>
    withServer(configText(), async (server) => {
      await sendChanges(server);
      await withAppPage(browser, server, { path: "/" }, async ({ page, ...app }) => {
        const asked: string[] = [];
        page.on("request", (request) => asked.push(new URL(request.url()).pathname));
        await app.open("/logs");
        await page.locator(".chart-canvas canvas").waitFor();
        await page.getByText("201 records").first().waitFor();
        expect(asked.filter((path) => path.endsWith("/markers"))).toEqual([]);
        expect(asked).toContain("/api/v1/histogram");
        await expectNone(page.locator(".chart-marker"));
      });
    }));
});
