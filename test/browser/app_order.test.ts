// The order of the list and the ways on from a record, in a real browser: oldest first, what was around it, everything
// with its key, one value followed.

import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

const PHONE = { width: 390, height: 844 };
const DAY_MS = 86_400_000;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

function withLogs(
  path: string,
  entries: readonly unknown[],
  work: (page: Page, server: TestServer) => Promise<void>,
  tables = "",
): Promise<void> {
  return withServer(configText({ tables }), async (server) => {
    await server.send(entries);
    await withAppPage(browser, server, { path }, ({ page }) => work(page, server));
  });
}

function entry(message: string, agoMs: number, more: Readonly<Record<string, unknown>> = {}) {
  return { touchpoint: "api/users", level: "info", message, timestamp: Date.now() - agoMs, ...more };
}

/** "number 0" is the newest; every third is of another touchpoint, and has a key. */
const many = () =>
  Array.from({ length: 160 }, (_, index) =>
    entry(`number ${index}`, 60_000 + index * 1_000, index % 3 === 0 ? { touchpoint: "db/users", key: "k" } : {}),
  );

const lines = (page: Page) => page.locator(".virtual-list .logs-line");
const details = (page: Page) => page.getByRole("group", { name: /^Record/ });
const parameters = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);
const messages = async (page: Page) =>
  (await lines(page).allInnerTexts()).map((text) => /number \d+/.exec(text)?.[0] ?? "").filter((text) => text !== "");
const fits = (page: Page) => page.evaluate<number>("document.scrollingElement.scrollWidth");

describe("the list", () => {
  test("is turned by a key and by a button, in the address; a live tail ends, and turns it back", () =>
    withLogs(
      "/logs?live=on",
      [entry("number 1", 5_000), entry("number 2", 9_000), entry("number 3", 7_000)],
      async (page) => {
        await page.getByText("live", { exact: true }).waitFor();
        await page.keyboard.press("o");
        await page.getByRole("list", { name: "Records, oldest first" }).waitFor();
        await page.getByText("3 in all").waitFor();
        await expectSoon(() => messages(page)).toEqual(["number 2", "number 3", "number 1"]);
        await expectSoon(() => parameters(page)).toEqual({ order: "asc" });
        await expectAccessible(page, THEMES);
        await page.reload();
        await page.getByText("3 in all").waitFor();
        await expectSoon(() => messages(page)).toEqual(["number 2", "number 3", "number 1"]);
        await page.getByRole("button", { name: "Live", exact: true }).click();
        await page.getByRole("list", { name: "Records, newest first" }).waitFor();
        await expectSoon(() => parameters(page)).toEqual({ live: "on" });
        await page.getByRole("button", { name: "Oldest first" }).click();
        await page.getByRole("button", { name: "Oldest first", pressed: true }).click();
        await page.getByRole("list", { name: "Records, newest first" }).waitFor();
        await expectSoon(() => parameters(page)).toEqual({});
      },
    ));

  test("loads further pages in the order that it has", () =>
    withLogs(
      "/logs?order=asc",
      Array.from({ length: 1_200 }, (_, index) => entry(`number ${index}`, 1_000_000 - index)),
      async (page) => {
        await page.getByText("number 0", { exact: true }).waitFor();
        await page.getByRole("list", { name: "Records, oldest first" }).focus();
        await eventually("the end of the list is in view", async () => {
          await page.keyboard.press("End");
          return page.getByText("1,200 in all").isVisible();
        });
        await page.getByText("number 1199", { exact: true }).waitFor();
      },
    ));
});

describe("around a record", () => {
  test("are the 50 before and the 50 after, from any range; the address carries it, and the search comes back", () =>
    withLogs("/logs?q=number+from+80&from=1h", [...many(), entry("from number 80", 140_500)], async (page) => {
      await page.getByText("1 in all").waitFor();
      await lines(page).first().click();
      await details(page).getByRole("link", { name: "Around this" }).click();
      await page.getByText(/The 50 records before and after record \d+, of project default/).waitFor();
      const marked = page.locator('[data-marked="true"] .logs-line');
      await marked.getByText("from number 80").waitFor();
      await eventually("the record is in view", () =>
        page.evaluate<boolean>(`(() => {
          const { top, bottom } = document.querySelector('[data-marked="true"]').getBoundingClientRect();
          return top > 0 && bottom < innerHeight;
        })()`),
      );
      await expectSoon(() => page.locator(".virtual-row").first().getAttribute("aria-setsize")).toBe("102");
      await expectNone(page.getByRole("button", { name: /^Time range/ }));
      await expectAccessible(page, THEMES);
      await page.getByRole("list", { name: "Records, newest first" }).focus();
      await page.keyboard.press("Home");
      await page.getByText("number 31", { exact: true }).waitFor();
      await page.keyboard.press("End");
      await page.getByText("number 130", { exact: true }).waitFor();
      const address = page.url();
      await page.goto(address);
      await marked.getByText("from number 80").waitFor();
      await page.getByRole("button", { name: "Back to the search" }).click();
      await page.getByText("1 in all").waitFor();
      await expectSoon(() => parameters(page)["q"]).toBe("number from 80");
      await page.goBack();
      await marked.waitFor();
    }));

  test("can be of the same touchpoint, source or key only, and oldest first", () =>
    withLogs("/logs", many(), async (page) => {
      await page.locator(".logs-total", { hasText: "160 records" }).waitFor();
      await page.getByText("number 6", { exact: true }).click();
      await details(page).getByRole("link", { name: "Around this" }).click();
      await page.getByText(/^The 50 records/).waitFor();
      await page.getByRole("button", { name: "Same key" }).click();
      const size = (count: number) => page.locator(`.virtual-row[aria-setsize="${count}"]`).first().waitFor();
      // Two before it, itself, 50 after, and the line that ends the list.
      await size(54);
      await expectSoon(() => parameters(page)["same"]).toBe("key");
      await page.getByRole("button", { name: "Same touchpoint" }).click();
      await page.getByRole("button", { name: "Same source" }).click();
      await expectSoon(() => parameters(page)["same"]).toBe("touchpoint,key,source");
      await page.keyboard.press("o");
      await page.getByRole("list", { name: "Records, oldest first" }).waitFor();
      await page.getByRole("list", { name: "Records, oldest first" }).focus();
      await page.keyboard.press("End");
      await page.getByText("number 0", { exact: true }).waitFor();
      await page.setViewportSize(PHONE);
      await expectSoon(() => fits(page)).toBe(PHONE.width);
      await page.locator('.logs-list[aria-busy="false"]').waitFor();
      await expectAccessible(page, THEMES);
    }));

  test("are those of its own project, whatever the header says, and of its time, when it is deleted", () => {
    const key = "sk_of-another-project-0123456789";
    const tables = `[[keys]]\nname = "other"\nproject = "other"\nserver = "${key}"`;
    return withServer(configText({ tables }), async (server) => {
      await server.send([entry("number 1", 5_000), entry("number 3", 15_000)]);
      await server.send([entry("number 2", 10_000)], { key });
      await withAppPage(browser, server, { path: "/logs" }, async ({ page }) => {
        await page.getByText("number 1", { exact: true }).click();
        await details(page).getByRole("link", { name: "Around this" }).click();
        await page.getByText(/of project default/).waitFor();
        await expectSoon(() => messages(page)).toEqual(["number 1", "number 3"]);
        await page.goto(`${server.url}/logs?near=${Date.now() - 7_000}:999`);
        await page.getByText("Record 999 does not exist, or was deleted.").waitFor();
        await page.locator(".logs-line", { hasText: "number 2" }).waitFor();
        await expectSoon(() => messages(page)).toEqual(["number 1", "number 2", "number 3"]);
        await page.goto(`${server.url}/logs?near=soon`);
        await page.getByText("The link does not name a record.").waitFor();
        await expectAccessible(page);
      });
    });
  });
});

describe("the ways on from a record", () => {
  test("and its other buttons are pressed by Enter, which else opens and closes records", () =>
    withLogs("/logs", [entry("number 1", 1_000, { key: "k", metadata: { user: "u_1" } })], async (page) => {
      await page.getByText("number 1", { exact: true }).click();
      await details(page).getByRole("link", { name: "Follow, oldest first: metadata.user:u_1" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("list", { name: "Records, oldest first" }).waitFor();
      await page.goBack();
      await details(page).getByRole("link", { name: "Around this" }).focus();
      await page.keyboard.press("Enter");
      await page.getByText(/^The 50 records/).waitFor();
      // The record in the middle takes the focus once it is there.
      await page.locator('.logs-list[aria-busy="false"]').waitFor();
      await lines(page).first().waitFor();
      await page.getByRole("button", { name: "Same key" }).press("Enter");
      await page.getByRole("button", { name: "Same key", pressed: true }).waitFor();
      await details(page).getByRole("link", { name: "Trace", exact: true }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "Trace" }).waitFor();
    }));
});

describe("everything with a record's key", () => {
  test("is one click away, oldest first, of all time", () =>
    withLogs(
      "/logs",
      [
        entry("number 1", 3 * DAY_MS, { key: "req 1" }),
        entry("number 2", 1_000, { key: "req 1" }),
        entry("number 3", 2_000, { key: "req 2" }),
      ],
      async (page) => {
        await page.getByText("number 2", { exact: true }).click();
        await details(page).getByRole("link", { name: "Everything with this key" }).click();
        await page.getByText("number 1", { exact: true }).waitFor();
        await expectSoon(() => messages(page)).toEqual(["number 1", "number 2"]);
        await expectSoon(() => parameters(page)).toEqual({
          project: "default",
          from: "all",
          order: "asc",
          q: 'key:"req 1"',
        });
        await page.getByRole("button", { name: "Time range: All time" }).waitFor();
        await expectAccessible(page, THEMES);
      },
    ));
});

describe("a value that is followed", () => {
  test("is searched for alone, oldest first, within the range where that has the record", () =>
    withLogs(
      "/logs?q=level:info&from=6h",
      [
        entry("number 1", 3_000, { metadata: { user: { id: "u 1" }, roles: ["a", "b"], total: 5 } }),
        entry("number 2", 7_200_000, { level: "warn", metadata: { user: { id: "u 1" } } }),
        entry("number 3", 2_000),
      ],
      async (page) => {
        await page.getByText("number 1", { exact: true }).click();
        await details(page)
          .getByRole("link", { name: /^Follow, oldest first: metadata.roles:b/ })
          .waitFor();
        await details(page).getByRole("link", { name: 'Follow, oldest first: metadata.user.id:"u 1"' }).click();
        await page.locator(".logs-total", { hasText: "2 records" }).waitFor();
        await page.locator('.logs-list[aria-busy="false"]').waitFor();
        await expectSoon(() => messages(page)).toEqual(["number 2", "number 1"]);
        await expectSoon(() => parameters(page)).toEqual({ from: "6h", order: "asc", q: 'metadata.user.id:"u 1"' });
      },
    ));

  test("widens the range to all time where the record lies outside of it", () =>
    withLogs("/logs", [entry("number 1", 3 * DAY_MS, { metadata: { user: "u_1" } })], async (page, server) => {
      await page.goto(`${server.url}/logs?open=1`);
      await details(page).getByRole("link", { name: "Follow, oldest first: metadata.user:u_1" }).click();
      await page.getByText("1 in all").waitFor();
      await expectSoon(() => parameters(page)).toEqual({ from: "all", order: "asc", q: "metadata.user:u_1" });
    }));
});
