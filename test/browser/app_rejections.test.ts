// The rejections page against the compiled server: reasons, hints, and entries as trees.

import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
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

const SHOP = '[[keys]]\nname = "shop keys"\nproject = "shop"\nserver = "sk_shop0123456789abc"\n';

function nested(levels: number): unknown {
  return levels === 0 ? "bottom" : { inner: nested(levels - 1) };
}

/** An empty one, one with seconds for milliseconds, one that nests too deep; and one of another project. */
async function sendBad(server: TestServer): Promise<void> {
  await server.send([{}, { message: "Order placed", timestamp: 1_700_000_000 }]);
  await server.send([{ message: "too deep", metadata: nested(120) }]);
  await server.send(
    [{ touchpoint: "api/x", startTime: 2_000, endTime: 1_000, metadata: { user: { id: 7, tags: ["a", "b"] } } }],
    { key: "sk_shop0123456789abc" },
  );
}

function withBad(path: string, work: (page: Page, server: TestServer) => Promise<void>): Promise<void> {
  return withServer(configText({ tables: SHOP }), async (server) => {
    await sendBad(server);
    await withAppPage(browser, server, { path }, ({ page }) => work(page, server));
  });
}

const heads = (page: Page) => page.getByRole("list", { name: "Dropped entries" }).locator("[data-rejection]");

describe("the list", () => {
  test("has the latest first, each with its reason; opened, the hint and the entry as a tree", () =>
    withBad("/rejections", async (page) => {
      await expectSoon(() => heads(page).locator(".badge").allInnerTexts()).toEqual([
        "negative_duration",
        "too_deep",
        "too_old",
        "empty",
      ]);
      await heads(page).nth(2).click();
      await page.getByText("did you send seconds? Times are milliseconds.").waitFor();
      await heads(page).nth(0).click();
      const tree = page.getByRole("group", { name: "Entry" });
      await tree.getByText("startTime: 2000").waitFor();
      await tree.getByRole("button", { name: "tags: [ ] 2 items" }).click();
      await tree.getByText('0: "a"').waitFor();
      await page.reload();
      await tree.getByText("startTime: 2000").waitFor();
      await expectSoon(() => heads(page).nth(0).getAttribute("aria-expanded")).toBe("true");
    }));

  test("is narrowed by reason and by project, in the address", () =>
    withBad("/rejections", async (page) => {
      const reasons = page.getByRole("group", { name: "Reasons" });
      await reasons.getByRole("button", { name: "empty 1" }).click();
      await heads(page).nth(1).waitFor({ state: "detached" });
      await expectSoon(() => heads(page).count()).toBe(1);
      await expectSoon(() => new URL(page.url()).searchParams.get("reason")).toBe("empty");
      await page.getByRole("combobox", { name: "Project" }).selectOption("shop");
      await page.getByText("None of the latest entries was dropped as empty").waitFor();
      await reasons.getByRole("button", { name: "All 1" }).click();
      await heads(page).getByText("negative_duration").waitFor();
      await page.goBack();
      await page.getByText("None of the latest entries was dropped as empty").waitFor();
    }));

  test("goes by arrow keys, and opens an entry of any depth a level at a time", () =>
    withBad("/rejections", async (page) => {
      await heads(page).nth(0).focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      const tree = page.getByRole("group", { name: "Entry" });
      await tree.getByText("metadata: { } 1 member").waitFor();
      const closed = tree.locator("button[aria-expanded=false]");
      for (let level = 0; level < 5; level++) await closed.click();
      await expectSoon(() => closed.count()).toBe(1);
    }));

  test("says when nothing was dropped", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/rejections" }, async ({ page }) => {
        await page.getByText("Nothing was dropped").waitFor();
        await expectAccessible(page);
      }),
    ));
});

test("a truncated entry is shown as far as it is stored", () =>
  withServer(configText(), async (server) => {
    await server.send([{ message: "y".repeat(9_000), timestamp: 5 }]);
    await withAppPage(browser, server, { path: "/rejections?open=1" }, async ({ page }) => {
      await page.getByText("The entry was too long to keep").waitFor();
      await expectSoon(async () => (await page.locator("pre").innerText()).length).toBeGreaterThan(4_000);
      await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(1280);
    });
  }));

test("axe finds nothing in both themes, also on a phone", () =>
  withServer(configText({ tables: SHOP }), async (server) => {
    await sendBad(server);
    await withAppPage(browser, server, { path: "/rejections" }, async ({ page, ...app }) => {
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await app.open("/rejections");
        await heads(page).nth(0).click();
        await page.getByRole("group", { name: "Entry" }).waitFor();
        await expectAccessible(page, THEMES);
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      }
    });
  }));

test("entries that look like markup stay text, in names and in values", () =>
  withServer(configText(), async (server) => {
    const metadata = Object.fromEntries(MARKUP.map((text) => [text, { [text]: text, list: [text] }]));
    await server.send(MARKUP.map((text) => ({ message: text, touchpoint: text, key: text, timestamp: 5, metadata })));
    await withAppPage(browser, server, { path: "/rejections" }, async ({ page }) => {
      for (const [index, text] of MARKUP.toReversed().entries()) {
        await heads(page).nth(index).click();
        const tree = page.getByRole("group", { name: "Entry" });
        await tree.getByText(`key: ${JSON.stringify(text)}`, { exact: true }).waitFor();
        await expectSoon(() => takenAsMarkup(page)).toEqual([]);
      }
    });
  }));
