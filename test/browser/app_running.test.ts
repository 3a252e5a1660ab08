// Running starts against the compiled server: how long, how unusual, when their time is out, and that a search for their
// key finds them whatever the time range.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** One start that is stuck, one that is merely long, and one whose touchpoint has no usual duration. */
async function sendStarts(server: TestServer): Promise<void> {
  const now = Date.now();
  await server.send([
    ...Array.from({ length: 20 }, () => ({ touchpoint: "api/pay", duration: 100, timestamp: now - 3_600_000 })),
    ...Array.from({ length: 20 }, () => ({
      touchpoint: "jobs/nightly",
      duration: 900_000,
      timestamp: now - 3_600_000,
    })),
    { touchpoint: "api/pay", key: "req-7", startTime: now - 60_000, message: "authorize", metadata: { orderId: "o1" } },
    { touchpoint: "jobs/nightly", key: "night-1", startTime: now - 600_000 },
    { touchpoint: "jobs/other", key: "other-1", startTime: now - 300_000 },
  ]);
}

function withStarts(path: string, work: Parameters<typeof withAppPage<void>>[3], width = 1280): Promise<void> {
  return withServer(configText(), async (server) => {
    await sendStarts(server);
    await withAppPage(browser, server, { path, viewport: { width, height: 800 } }, work);
  });
}

describe("what is stuck", () => {
  test("is the first row of what runs: two presses from the overview, with its metadata and the time that is left", () =>
    withStarts("/", async ({ page }) => {
      await page.getByRole("navigation").getByRole("link", { name: "Timings" }).click();
      await page.getByRole("tab", { name: "Running now" }).click();
      const table = page.getByRole("table", { name: "Running timings, most unusual first" });
      await table.waitFor();
      const rows = table.getByRole("row");
      const first = await expectSoon(() => rows.nth(1).innerText()).toMatch(/\d{3} × its p99/);
      expect(first).toContain("api/pay");
      expect(first).toContain("authorize · orderId=o1");
      expect(first).toMatch(/in 59 m/);
      await expectSoon(() => rows.nth(2).innerText()).toContain("within its p99");
      await expectSoon(() => rows.nth(3).innerText()).toContain("jobs/other");
    }));

  test("is ordered by age as well, and the address keeps that", () =>
    withStarts("/timings?tab=running", async ({ page }) => {
      await page.getByRole("button", { name: "Longest first" }).click();
      const table = page.getByRole("table", { name: "Running timings, longest first" });
      await table.getByRole("row").nth(1).getByText("jobs/nightly").waitFor();
      await page.reload();
      await table.getByRole("row").nth(1).getByText("jobs/nightly").waitFor();
    }));

  test("has no time range in the header, since what runs does so in any", () =>
    withStarts("/timings?tab=running", async ({ page }) => {
      await page.getByRole("table").waitFor();
      await expectNone(page.getByRole("button", { name: /^Time range/ }));
      await page.getByRole("tab", { name: "Durations" }).click();
      await page.getByRole("button", { name: /^Time range/ }).waitFor();
    }));

  test.each([1280, 390])("is accessible in both themes, %d px wide", (width) =>
    withStarts(
      "/timings?tab=running",
      async ({ page }) => {
        await page.getByRole("table").waitFor();
        await expectAccessible(page, THEMES);
        await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(width);
      },
      width,
    ),
  );
});

describe("a search for the key of a running start", () => {
  test.each(["key:req-7", "req-7", "o1"])("tells of it in a range that has no record: %s", (q) =>
    withStarts(`/logs?from=1&to=2&q=${q}`, async ({ page }) => {
      const notice = page.getByRole("region", { name: "Running now" });
      await notice.waitFor();
      await expectSoon(() => notice.innerText()).toMatch(/1 timing of this search runs now, in any time range/);
      await expectSoon(() => notice.innerText()).toMatch(/api\/pay\s+req-7\s+for 1 m/);
      await expectAccessible(page, THEMES);
      await notice.getByRole("link", { name: "Show what runs" }).click();
      await page.getByRole("table", { name: /^Running timings/ }).waitFor();
      await expectSoon(() => page.getByRole("table").getByRole("row").count()).toBe(2);
    }),
  );

  test("tells of nothing where nothing of it runs, or nothing is searched", () =>
    withStarts("/logs?q=key:req-8", async ({ page }) => {
      const notice = page.getByRole("region", { name: "Running now" });
      await page.getByText("No records", { exact: true }).first().waitFor();
      await expectNone(notice);
      await page.goto(page.url().replace("req-8", "req-7"));
      await notice.waitFor();
      await page.getByRole("combobox", { name: "Search" }).fill("");
      await page.keyboard.press("Enter");
      await notice.waitFor({ state: "detached" });
    }));
});
