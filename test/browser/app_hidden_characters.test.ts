// Names and texts of clients with characters that nobody can see, or that turn the writing: on every page they are seen
// as what they are, and copying gives what was sent.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import type { ShownRecord } from "../../src/core/record.ts";
import { expectAccessible, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon, settled } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

const SCREENSHOTS = process.env["SIMPLELOGS_TEST_SCREENSHOTS"];
const EVIL = "ui/\u202eevil";
const SHOWN = "ui/\\u202eevil";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Every text that the page shows or says, fields' values apart, with a character in it that nobody can see. */
const HIDDEN_TEXTS = `(() => {
  const hidden = /[\\u061c\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]/;
  const found = hidden.test(document.title) ? ["title: " + document.title] : [];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE && hidden.test(node.data)) found.push(node.parentElement.outerHTML);
    for (const { name, value } of node.attributes ?? []) {
      if (!["value", "href", "id", "for"].includes(name) && !name.startsWith("data-") && hidden.test(value)) found.push(name + "=" + value);
    }
  }
  return found;
})()`;

async function expectAllVisible(page: Page, name: string): Promise<void> {
  await settled(page);
  await expectSoon(() => page.evaluate(HIDDEN_TEXTS)).toEqual([]);
  if (SCREENSHOTS === undefined) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
}

async function sendEvil(server: TestServer): Promise<void> {
  const now = Date.now();
  await server.send([
    {
      touchpoint: EVIL,
      level: "error",
      message: "one \u202etext\u2066 of\u200b a\u200fclient",
      key: "k\u202ey",
      timestamp: now,
    },
    {
      touchpoint: EVIL,
      message: "שלום ui",
      metadata: { "na\u202eme": "va\u202elue", nested: { "x\u202ey": ["\u202e"] } },
      timestamp: now,
    },
    { touchpoint: EVIL, startTime: now - 50, endTime: now, duration: 50, metadata: { a: "\u202e" } },
    { touchpoint: `${EVIL}/runs`, key: "r\u202en", startTime: now },
    { touchpoint: EVIL, message: "future \u202e", timestamp: now + 3 * 86_400_000 },
  ]);
}

describe("hidden characters", () => {
  test.each([
    ["overview", "/", SHOWN],
    ["logs", "/logs", SHOWN],
    ["timings", "/timings", "\\u202eevil"],
    ["running", "/timings?view=running", "\\u202eevil"],
    ["touchpoints", "/touchpoints", "\\u202eevil"],
    ["rejections", "/rejections", "future \\u202e"],
    ["usage", "/usage", ""],
    ["storage", "/storage", ""],
    ["keys", "/keys", ""],
  ])("are escapes on %s", (name, path, shown) =>
    withServer(configText(), async (server) => {
      await sendEvil(server);
      await withAppPage(browser, server, { path }, async ({ page }) => {
        if (shown !== "") await page.getByText(shown).first().waitFor();
        if (name === "rejections") await page.locator("[data-rejection]").first().click();
        await expectAllVisible(page, name);
        await expectAccessible(page);
      });
    }),
  );

  test("are escapes in details, suggestions and the tree, and copied as they were sent", () =>
    withServer(configText(), async (server) => {
      await sendEvil(server);
      const options = { path: "/logs?q=שלום", permissions: ["clipboard-read", "clipboard-write"] };
      await withAppPage(browser, server, options, async ({ page }) => {
        await page.locator(".logs-line").first().click();
        await page.getByRole("button", { name: "Copy as JSON" }).waitFor();
        await page.getByText("va\\u202elue").first().waitFor();
        await expectAllVisible(page, "details");
        await page.getByRole("button", { name: "Copy as JSON" }).click();
        await page.getByText("Copied").first().waitFor();
        const copied = JSON.parse(await page.evaluate<string>("navigator.clipboard.readText()")) as ShownRecord;
        expect([copied.touchpoint, copied.metadata]).toEqual([
          EVIL,
          { "na\u202eme": "va\u202elue", nested: { "x\u202ey": ["\u202e"] } },
        ]);
        await page.getByText("va\\u202elue").last().selectText();
        await page.keyboard.press("Control+c");
        await expectSoon(() => page.evaluate<string>("navigator.clipboard.readText()")).toBe("va\u202elue");
        await page.getByText("va\\u202elue").last().waitFor();
        await page.goto(`${server.url}/logs`);
        await page.getByRole("button", { name: "By touchpoint" }).click();
        await page.getByLabel("Search", { exact: true }).fill("touchpoint:");
        await page.locator(".suggestion").first().waitFor();
        await expectAllVisible(page, "suggestions");
        await page.getByLabel("Search", { exact: true }).fill("metadata.");
        await page.locator(".suggestion").first().waitFor();
        await expectAllVisible(page, "names");
      });
    }));
});
