// The storage page against the compiled server: the file's size and bound, the promise of a 202, and each project's
// share.

import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Browser } from "playwright-core";
import type { UsageResponse } from "../../src/core/account_responses.ts";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { MARKUP, takenAsMarkup } from "../support/markup.ts";
import { read } from "../support/read_api.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const TABLES = `
[[keys]]
name = "shop keys"
project = "shop"
server = "sk_shop0123456789abc"
[projects.shop]
retention = "90d"
[storage]
max_size = "64MiB"
`;

async function sendBoth(server: TestServer): Promise<void> {
  await server.send([1, 2, 3].map((number) => ({ message: `order ${number}` })));
  await server.send([{ message: "x" }], { key: "sk_shop0123456789abc" });
}

describe("the page", () => {
  test("shows the file against its limit, and each project's records, retention and bytes", () =>
    withServer(configText({ tables: TABLES }), async (server) => {
      await sendBoth(server);
      const { storage } = await read<UsageResponse>(server, "usage");
      const bytesOf = (name: string) => storage.find(({ project }) => project === name)?.bytes ?? 0;
      await withAppPage(browser, server, { path: "/storage?sort=project" }, async ({ page }) => {
        const meter = page.getByRole("meter", { name: "Size of the data file" });
        await meter.waitFor();
        await expectSoon(() => meter.getAttribute("aria-valuemax")).toBe(String(64 * 2 ** 20));
        await expectSoon(async () => Number(await meter.getAttribute("aria-valuenow"))).toBeGreaterThan(4_096);
        const rows = page.getByRole("table", { name: "Storage by project" }).getByRole("row");
        const shown = async () => {
          const cells = await Promise.all([1, 2].map((row) => rows.nth(row).getByRole("cell").allInnerTexts()));
          return cells.map(([project, records, blocks, bytes, , perRecord, kept]) => {
            return { project, records, blocks, bytes, perRecord, kept };
          });
        };
        await expectSoon(shown).toEqual([
          {
            project: "default",
            records: "3",
            blocks: "1",
            bytes: `${bytesOf("default")} B`,
            perRecord: `${Math.round(bytesOf("default") / 3)} B`,
            kept: "30 d",
          },
          {
            project: "shop",
            records: "1",
            blocks: "1",
            bytes: `${bytesOf("shop")} B`,
            perRecord: `${bytesOf("shop")} B`,
            kept: "90 d",
          },
        ]);
        await page.getByRole("combobox", { name: "Project" }).selectOption("shop");
        await rows.nth(2).waitFor({ state: "detached" });
        await rows.nth(1).getByText("shop").waitFor();
      });
    }));

  test.each([
    ["sync", "Nothing is lost, even if the power fails"],
    ["write", "a power failure can lose the last moments"],
    ["memory", "If the process dies, entries not yet written are lost"],
  ])("says what durability %p promises", (durability, sentence) =>
    withServer(configText({ tables: `[storage]\ndurability = "${durability}"\n` }), (server) =>
      withAppPage(browser, server, { path: "/storage" }, async ({ page }) => {
        await page.getByText(sentence).waitFor();
        await page.getByText(`storage.durability = "${durability}"`).waitFor();
      }),
    ),
  );
});

test("axe finds nothing in both themes, empty and with records, also on a phone", () =>
  withServer(configText({ tables: TABLES }), (server) =>
    withAppPage(browser, server, { path: "/storage" }, async ({ page, ...app }) => {
      await page.getByRole("heading", { name: "By project" }).waitFor();
      await page.getByRole("meter").first().waitFor();
      await expectAccessible(page, THEMES);
      await sendBoth(server);
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await app.open("/storage");
        await page.getByRole("link", { name: "shop" }).waitFor();
        await expectAccessible(page, THEMES);
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      }
    }),
  ));

test("projects that look like markup stay text", () => {
  const pairs = MARKUP.map(
    (project, index) =>
      `[[keys]]\nname = "pair ${index}"\nproject = ${JSON.stringify(project)}\nserver = "sk_markup0123456789${index}"\n`,
  );
  return withServer(configText({ tables: pairs.join("") }), async (server) => {
    for (const index of MARKUP.keys()) await server.send([{ message: "a" }], { key: `sk_markup0123456789${index}` });
    await withAppPage(browser, server, { path: "/storage" }, async ({ page }) => {
      for (const name of MARKUP) await page.getByRole("link", { name, exact: true }).waitFor();
      await expectSoon(() => takenAsMarkup(page)).toEqual([]);
    });
  });
});
