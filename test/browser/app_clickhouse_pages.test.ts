// The app over three nodes, in a real browser against compiled servers: every page has what it has for one server with
// all records, and links and pages of records work with ids up to 2^53.

import { afterAll, beforeAll, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { ClickHouseServer } from "../clickhouse/server.ts";
import { withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon, SHOWN_MS_MAX, settled } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 300_000;
const DATABASE = "logs";
/** The last one has the highest ids that there are. */
const NODES = [1, 2, 8_191] as const;
const HOUR_MS = 3_600_000;
const HIGHEST = 8_191 * 2 ** 40;

let engine: ClickHouseServer;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([ClickHouseServer.start(), startBrowser()]);
  await engine.ask(`CREATE DATABASE ${DATABASE}`);
}, 120_000);
afterAll(() => Promise.all([engine.stop(), browser.close()]));

const configOf = (node: number) =>
  configText({ tables: `[clickhouse]\nurl = ["${engine.url}"]\ndatabase = "${DATABASE}"\nnode = ${node}\n` });

/** What each node received: minutes of the last two hours. */
function entriesOf(part: number, now: number): object[] {
  return Array.from({ length: 60 }, (_, at) => ({
    timestamp: now - (at * 3 + part) * 30_000,
    message: `Order ${part}${String(at).padStart(3, "0")} placed`,
    level: at % 10 === 0 ? "error" : "info",
    touchpoint: `api/${at % 4}`,
    key: `req-${at % 7}`,
    metadata: { part, list: [at] },
    ...(at % 3 === 0 ? { duration: 10 * at + part } : {}),
  }));
}

/** What is of the asked server itself: its usage, its disk, how long it runs, and when it received something. */
const OWN =
  /^\d+ · no limit$|^[\d.]+ \w+ of 20\.0 GiB$|^\d+ records; when full.*$|^.*, version .*$|\tunregistered\t[^\t]*\t/gm;

const textOf = (page: Page) => async () => (await page.getByRole("main").innerText()).replaceAll(OWN, "");

async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

async function withServers(
  configs: readonly string[],
  work: (servers: readonly TestServer[]) => Promise<void>,
  started: readonly TestServer[] = [],
): Promise<void> {
  const [config, ...others] = configs;
  if (config === undefined) await work(started);
  else await withServer(config, (server) => withServers(others, work, [...started, server]));
}

test(
  "every page has the same over three nodes as for one server with all records",
  async () => {
    const now = Math.floor(Date.now() / 60_000) * 60_000;
    await withServers([configText(), ...NODES.map(configOf)], async ([whole, ...nodes]) => {
      for (const [part, node] of nodes.entries()) {
        await node.send(entriesOf(part, now));
        await (whole as TestServer).send(entriesOf(part, now));
      }
      await expectSoon(() => engine.ask(`SELECT count() FROM ${DATABASE}.records`).catch(() => "")).toBe("180");
      const last = nodes.at(-1) as TestServer;
      // Of every page that has one: a range up to now would leave something out a moment later.
      const range = `from=${now - 2 * HOUR_MS}&to=${now + 60_000}`;
      const paths = {
        overview: `/?${range}`,
        logs: `/logs?${range}`,
        errors: `/logs?${range}&q=level%3Aerror&why=on`,
        patterns: `/logs?${range}&view=patterns`,
        list: `/logs?${range}&q=metadata.list%3A7`,
        timings: `/timings?${range}`,
        compared: `/timings?${range}&compare=previous`,
        touchpoints: "/touchpoints",
        trace: `/logs?${range}&trace=req-3&around=${new Date(now).toISOString()}`,
      };
      for (const [name, path] of Object.entries(paths)) {
        let expected = "";
        await withAppPage(browser, whole as TestServer, { path }, async ({ page }) => {
          await page.getByRole("main").waitFor();
          // All of it: what is loading would be expected of the other server, too.
          await settled(page, SHOWN_MS_MAX);
          expected = await expectSoon(textOf(page)).toMatch(/[^]{100}/);
          await keep(page, `whole-${name}`);
        });
        await withAppPage(browser, last, { path }, async ({ page }) => {
          await expectSoon(textOf(page)).toBe(expected);
          await keep(page, `nodes-${name}`);
        });
      }
      // Of the highest ids: a record is opened, linked to, and found by its number.
      await withAppPage(browser, last, { path: `/logs?${range}&q=id%3A${HIGHEST + 60}` }, async (app) => {
        const { page } = app;
        await page.getByText("Order 2059 placed").first().click();
        await page.getByRole("group", { name: `Record ${HIGHEST + 60}` }).waitFor();
        await keep(page, "record");
        await app.open(`/logs?${range}&q=nothing&open=${HIGHEST + 60}`);
        await page.getByRole("region", { name: "Linked record" }).getByText("Order 2059 placed").first().waitFor();
        await keep(page, "linked");
      });
      // While the cluster is away, the page says so and why.
      engine.leave();
      await withAppPage(browser, last, { path: `/logs?${range}`, expected: [/status of 503/] }, async ({ page }) => {
        await page.getByText("cannot read from ClickHouse").first().waitFor();
        await keep(page, "away");
      });
      engine.comeBack();
    });
  },
  TEST_MS_MAX,
);
