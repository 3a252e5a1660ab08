// The storage page's panel about ClickHouse, in a real browser against the compiled server: that all is shipped, what
// waits, and why nothing is shipped. SCREENSHOTS=FOLDER keeps what it looks like.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { ClickHouseServer } from "../clickhouse/server.ts";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { configText, SERVER_KEY, withServer } from "../support/server.ts";

const TEST_MS_MAX = 120_000;
const DATABASE = "logs";
/** A desk and a phone. */
const WIDTHS = [1280, 390];

let engine: ClickHouseServer;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([ClickHouseServer.start(), startBrowser()]);
}, 120_000);
afterAll(() => Promise.all([engine.stop(), browser.close()]));
beforeEach(async () => {
  engine.comeBack();
  await engine.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await engine.ask(`CREATE DATABASE ${DATABASE}`);
});

const tableOf = (lines = "") => `[clickhouse]\nurl = ["${engine.url}"]\ndatabase = "${DATABASE}"\n${lines}`;
const configOf = () => configText({ tables: tableOf() });

async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

test(
  "the storage page says that all is shipped, and why it is not, on a desk and on a phone",
  () =>
    withServer(configOf(), async (server) => {
      await server.send(Array.from({ length: 1_234 }, (_, n) => ({ message: `entry ${n}` })));
      await withAppPage(browser, server, { path: "/storage" }, async ({ page, ...app }) => {
        const panel = page.getByRole("region", { name: "ClickHouse" });
        /** The page is asked again every 15 s; who opens it anew sees it at once. */
        const untilShown = (text: RegExp) => {
          const read = async () => {
            await app.open("/storage");
            await panel.waitFor();
            return await panel.innerText();
          };
          return expectSoon(read).toMatch(text);
        };
        const looksRight = async (name: string) => {
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            await panel.waitFor();
            await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(width);
            await expectAccessible(page, THEMES);
            await keep(page, `${name}-${width}`);
          }
        };
        await untilShown(/Every record is stored in the cluster\.[^]*1,234 records shipped in [1-9]\d* inserts?/);
        await looksRight("shipped");
        engine.leave();
        await server.send([{ message: "waits" }]);
        const shown = await untilShown(
          /Nothing is shipped at the moment\.[^]*1 record not there yet[^]*[1-9]\d* failed attempts?\./,
        );
        expect(shown).toContain("cannot reach http://127.0.0.1:");
        expect(shown).not.toContain("fetch()");
        expect(shown).toContain("not shipping");
        await looksRight("away");
      });
    }),
  TEST_MS_MAX,
);

test(
  "the storage page says that requests are refused, past backlog_max",
  () =>
    withServer(configText({ tables: tableOf('backlog_max = "1MiB"\n') }), async (server) => {
      engine.leave();
      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("base64");
      for (let status = 202; status === 202; ) {
        const entries = [{ message: noise() }];
        ({ status } = await server.post({ key: SERVER_KEY, source: "server", entries }));
      }
      await withAppPage(browser, server, { path: "/storage" }, async ({ page }) => {
        const panel = page.getByRole("region", { name: "ClickHouse" });
        await panel.getByText("Nothing is shipped at the moment.").waitFor();
        await panel.getByText("Requests are refused.").waitFor();
        await keep(page, "refused");
      });
    }),
  TEST_MS_MAX,
);

test(
  "without a cluster the page has no such panel",
  () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/storage" }, async ({ page }) => {
        await page.getByRole("heading", { name: "Durability" }).waitFor();
        await expectNone(page.getByRole("region", { name: "ClickHouse" }));
      }),
    ),
  TEST_MS_MAX,
);
