// What is shown while an answer is on its way: a list that loads can be seen, a search that takes long says so and can
// be stopped, and a server that goes away and comes back in the middle leaves nothing behind.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page, Route } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { configText, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Holds all requests of these paths back. Returns a function that lets them go on. */
async function holdBack(page: Page, paths: string | RegExp): Promise<() => Promise<void>> {
  const held: Route[] = [];
  await page.route(paths, (route) => {
    held.push(route);
  });
  return async () => {
    await page.unroute(paths);
    for (const route of held) await route.continue().catch(() => undefined);
  };
}

function withRecords(work: (page: Page) => Promise<void>, width = 1280): Promise<void> {
  return withServer(configText(), async (server) => {
    await server.send([
      { message: "hello", level: "error", touchpoint: "api/orders" },
      { touchpoint: "api/orders", duration: 5 },
    ]);
    const options = { path: "/keys", viewport: { width, height: 800 }, expected: [/Failed to load resource/] };
    await withAppPage(browser, server, options, async ({ page }) => {
      await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
      await work(page);
    });
  });
}

const go = (page: Page, path: string) => page.goto(new URL(path, page.url()).href);

describe("a list that loads", () => {
  test.each([1280, 390])("can be seen: its grey lines are as wide as the list, %d px", (width) =>
    withRecords(async (page) => {
      const release = await holdBack(page, "**/api/v1/entries?**");
      await go(page, "/logs");
      const line = page.locator(".logs-loading .skeleton span").first();
      await line.waitFor();
      await expectSoon(async () => (await line.boundingBox())?.width ?? 0).toBeGreaterThan(width / 2);
      await release();
      await page.getByText("hello").first().waitFor();
    }, width),
  );
});

describe("a search that takes long", () => {
  test("says so in the list and in the charts, and can be stopped and tried again", () =>
    withRecords(async (page) => {
      const release = await holdBack(page, /\/api\/v1\/(entries|histogram)\?/);
      await go(page, "/logs?q=hello");
      await page
        .getByText(/^Still searching, for [23] s$/)
        .nth(1)
        .waitFor();
      await expectAccessible(page, THEMES);
      for (const _ of ["the list", "the chart"]) {
        await page.getByRole("button", { name: "Stop", exact: true }).first().click();
      }
      await page.getByText("Stopped before the answer came.").nth(1).waitFor();
      await expectNone(page.getByText("Still searching"));
      await release();
      const again = page.getByRole("button", { name: "Try again" });
      await again.nth(1).click();
      await page.getByText("Stopped before the answer came.").nth(1).waitFor({ state: "detached" });
      await again.first().click();
      await page.getByText("hello").first().waitFor();
      await page.getByText("Stopped before the answer came.").first().waitFor({ state: "detached" });
    }));

  test("keeps the answer before it, and says that it is that", () =>
    withRecords(async (page) => {
      await go(page, "/timings");
      await page.getByRole("table", { name: "Timings by touchpoint" }).waitFor();
      const release = await holdBack(page, "**/api/v1/timings?**");
      await page.getByRole("textbox", { name: "Search timings" }).fill("duration:>1");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await page.getByText("Stopped before the answer came. Showing the previous response.").waitFor();
      await page.getByRole("table", { name: "Timings by touchpoint" }).waitFor();
      await release();
    }));
});

describe("completion", () => {
  test("offers the fields and values of what is found, with their counts there", () =>
    withServer(configText(), async (server) => {
      await server.send([
        ...[1, 2, 3].map(() => ({ touchpoint: "api/orders", level: "error" as const, message: "x" })),
        ...[1, 2].map(() => ({ touchpoint: "api/users", message: "x", metadata: { plan: "free" } })),
      ]);
      await withAppPage(browser, server, { path: "/logs?q=level:error" }, async ({ page }) => {
        const field = page.getByRole("combobox", { name: "Search" });
        await field.click();
        await field.press("End");
        await page.keyboard.type(" touchpoint:");
        const option = page.locator(".suggestion");
        await option.filter({ hasText: "api/orders" }).first().waitFor();
        await expectSoon(() => option.allInnerTexts()).toEqual([expect.stringMatching(/^api\/orders\s+3$/)]);
        await field.fill("level:error metadata");
        await page.getByRole("option", { name: "message:" }).waitFor({ state: "detached" });
        await expectNone(page.getByRole("option", { name: /plan/ }));
        await field.fill("touchpoint:");
        await option.filter({ hasText: "api/users" }).first().waitFor();
      });
    }));
});

describe("an export", () => {
  test("for spreadsheets has the chosen columns, of the search and the range", () =>
    withServer(configText(), async (server) => {
      await server.send([
        { message: "=HYPERLINK(1)", level: "error", touchpoint: "api/orders", metadata: { orderId: "o1", "a,b": 2 } },
        { message: "other", touchpoint: "api/orders" },
      ]);
      const path = "/logs?q=level:error&columns=metadata.orderId,metadata.a%252Cb";
      await withAppPage(browser, server, { path }, async ({ page }) => {
        await page.getByRole("button", { name: "Export the search" }).click();
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("link", { name: "CSV, these columns" }).click(),
        ]);
        const text = await Bun.file(await download.path()).text();
        const [head, line, end] = text.replace("\ufeff", "").split("\r\n");
        expect(head).toBe('time,level,touchpoint,metadata.orderId,"metadata.a,b",duration,message');
        expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z,error,api\/orders,o1,2,,'=HYPERLINK\(1\)$/);
        expect(end).toBe("");
      });
    }));
});
