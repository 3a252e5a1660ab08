// What people come to the app for, on two weeks of a shop's data, wide and on a phone: each job in at most four actions,
// from the overview on. An action is a click, a key, a text typed and sent, or a drag.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { sendTwoWeeks } from "../../scripts/src/example_data/send.ts";
import { FACTS, twoWeeks } from "../../scripts/src/example_data/two_weeks.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { type AppPage, expectAccessible, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { CLIENT_KEY, configText, SERVER_KEY, TestServer } from "../support/server.ts";

const ACTIONS_MAX = 4;
const SEED = 15;
const REQUESTS_A_DAY = 6_000;
const BLOG_KEY = "sk_blog0123456789abcdef";
const WIDTHS = [1_280, 390] as const;
/** A pair a width, since it is revoked. */
const leakedKey = (width: number) => `sk_leaked${width}0123456789abcdef`;
/** `shopEntries` of the plan are used but for one. */
const configOf = (shopEntries: number) =>
  configText({
    pair: 'project = "shop"\norigins = ["http://localhost:3000"]',
    tables: `[[keys]]
name = "blog"
project = "blog"
server = "${BLOG_KEY}"

${WIDTHS.map((width) => `[[keys]]\nname = "leaked ${width}"\nserver = "${leakedKey(width)}"\n`).join("\n")}
[projects.shop]
monthly_entries = ${shopEntries + 1}
retention = "400d"

[storage]
max_size = "40MiB"

[markers]
q = "touchpoint:deploy/*"
label = "metadata.build"
`,
  });
let browser: Browser;
let server: TestServer;

beforeAll(async () => {
  browser = await startBrowser();
  const options = { seed: SEED, now: Date.now(), requestsADay: REQUESTS_A_DAY };
  const shopEntries = twoWeeks(options).reduce((count, { project }) => count + (project === "shop" ? 1 : 0), 0);
  server = new TestServer(mkdtempSync(join(tmpdir(), "simplelogs-jobs-")), configOf(shopEntries));
  await server.start();
  const keys = {
    "shop.server": SERVER_KEY,
    "shop.client": CLIENT_KEY,
    "blog.server": BLOG_KEY,
    "blog.client": undefined,
  };
  const target = { url: server.url, origin: "http://localhost:3000", keys };
  await sendTwoWeeks(target, options);
});

afterAll(async () => {
  await browser.close();
  await server.kill();
  rmSync(server.folder, { recursive: true, force: true });
});

/** What a person does, counted. */
class Hands {
  readonly page: Page;
  #actions = 0;

  constructor(page: Page) {
    this.page = page;
  }

  get actions(): number {
    return this.#actions;
  }

  click(target: Locator): Promise<void> {
    this.#actions++;
    return target.click();
  }

  /** Goes to a page by the navigation. */
  goTo(name: string): Promise<void> {
    const link = this.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true });
    return this.click(link);
  }

  async type(target: Locator, text: string): Promise<void> {
    this.#actions++;
    await target.fill(text);
    await target.press("Enter");
  }

  async choose(target: Locator, option: string): Promise<void> {
    this.#actions++;
    await target.selectOption(option);
  }
}

/** The time, or one half a day within the month: at its begin there is no pace yet, at its end it is over before a limit. */
function withinMonth(now: number): number {
  const date = new Date(now);
  const [begin, end] = [0, 1].map((months) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months)) as [
    number,
    number,
  ];
  return Math.min(Math.max(now, begin + DAY_MS / 2), end - DAY_MS / 2);
}

/** One job at each width; accessible where it ends. */
function job(name: string, work: (hands: Hands, app: AppPage) => Promise<void>): void {
  for (const width of WIDTHS) {
    test(`${name}, at ${width} px`, () =>
      withAppPage(browser, server, { viewport: { width, height: 844 }, acceptDownloads: true }, async (app) => {
        await app.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
        const hands = new Hands(app.page);
        await work(hands, app);
        expect(hands.actions).toBeLessThanOrEqual(ACTIONS_MAX);
        await expectSoon(() => app.page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")).toBe(0);
        await expectAccessible(app.page);
      }));
  }
}

/** On a phone the link is in the dialog of views. */
async function share(hands: Hands): Promise<void> {
  const { page } = hands;
  if ((page.viewportSize()?.width ?? 0) < 600) {
    await hands.click(page.getByRole("button", { name: "Views" }));
    await hands.click(page.getByRole("button", { name: "Copy the link" }));
  } else {
    await hands.click(page.getByRole("button", { name: "Copy a link to what is shown now" }));
  }
  await page.getByText(/^Copied/).waitFor({ state: "attached" });
}

describe("in at most four actions", () => {
  job("why checkout fails since this morning", async (hands) => {
    const { page } = hands;
    await hands.click(
      page.getByRole("region", { name: "Errors by touchpoint" }).getByRole("link", { name: "api/checkout" }),
    );
    await hands.click(page.getByRole("button", { name: "Why?" }));
    const sentence = new RegExp(`^gateway ${FACTS.failingGateway} stands out: (?:9\\d|100) % of these`);
    const rail = page.getByRole("region", { name: "Why?" });
    await rail.getByText(sentence).waitFor();
    await rail.getByText(FACTS.failingRegion, { exact: true }).waitFor();
  });

  job("what became slower since the last deployment", async (hands) => {
    const { page } = hands;
    await hands.goTo("Timings");
    await hands.choose(page.getByLabel("Compare with"), `before ${FACTS.build}`);
    const row = page.getByRole("table", { name: /^What changed/ }).getByRole("row");
    await row
      .filter({ hasText: FACTS.slowTouchpoint })
      // At night few searches make the percentiles uneven.
      .getByText(/^\+\d{3} ms$/)
      .filter({ visible: true })
      .first()
      .waitFor();
  });

  job("what one customer did, in order", async (hands) => {
    const { page } = hands;
    await hands.goTo("Logs");
    await hands.type(page.getByRole("combobox", { name: /search/i }), `metadata.user:${FACTS.customer}`);
    await hands.click(page.getByRole("button", { name: "Oldest first" }));
    const list = page.getByRole("list", { name: "Records, oldest first" });
    await list.getByText(`${FACTS.customer} signed in`).waitFor();
    await page.keyboard.press("End");
    await list
      .getByText(/payment not authorised/)
      .last()
      .waitFor();
  });

  job("what a failed checkout waited for", async (hands) => {
    const { page } = hands;
    const errors = page.getByRole("region", { name: "Errors by touchpoint" });
    await hands.click(errors.getByRole("link", { name: "api/checkout" }));
    await hands.click(page.locator(".logs-line").first());
    await hands.click(page.getByRole("link", { name: "Trace", exact: true }).first());
    await page.getByRole("heading", { name: "Trace", level: 1 }).waitFor();
    await page.getByText(new RegExp(`s in ${FACTS.failingTouchpoint}`)).waitFor();
  });

  job("sharing what is seen", async (hands, app) => {
    const { page } = hands;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await hands.click(page.getByRole("link", { name: "All errors" }));
    await hands.click(page.locator(".logs-line").first());
    const record = page.getByRole("group", { name: /^Record/ });
    const name = await expectSoon(() => record.getAttribute("aria-label")).toMatch(/^Record/);
    await share(hands);
    const link = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(link).toMatch(/from=.*to=.*open=/);
    await app.open(link.slice(server.url.length));
    await page.getByRole("group", { name: name ?? "" }).waitFor();
  });

  job("what is stuck", async (hands) => {
    await hands.goTo("Timings");
    await hands.click(hands.page.getByRole("tab", { name: "Running now" }));
    const row = hands.page.getByRole("row").filter({ hasText: FACTS.stuckTouchpoint });
    await row.getByText(/^9 h/).waitFor();
    await row.getByText(/\d+ × its p99/).waitFor();
    await row.getByText("catalog.csv").waitFor();
  });

  job("when the quota and the disk will be full", async (hands) => {
    await hands.page.clock.setFixedTime(withinMonth(Date.now()));
    await hands.goTo("Usage");
    await hands.page.getByText(/^Limit reached on .* at this pace$/).waitFor();
    await hands.goTo("Storage");
    await hands.page.getByText(/^File full (?:within|in) .* goes first\.$/).waitFor();
  });

  job("the errors of the last hour as a spreadsheet", async (hands) => {
    const { page } = hands;
    await hands.click(page.getByRole("link", { name: "All errors" }));
    await hands.click(page.getByRole("button", { name: "Export the search" }));
    const download = page.waitForEvent("download");
    await hands.click(page.getByRole("link", { name: /CSV/ }));
    const lines = readFileSync(await (await download).path(), "utf8")
      .trim()
      .split("\n");
    const [head, ...rows] = lines;
    expect(head).toContain("touchpoint");
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.every((row) => row.includes("error"))).toBe(true);
  });

  job("watching a deployment live", async (hands) => {
    const { page } = hands;
    await hands.goTo("Logs");
    await hands.click(page.getByRole("button", { name: "Live", exact: true }));
    const build = `${Date.now()}`;
    await server.send([{ touchpoint: "deploy/shop", message: `build ${build} is live`, metadata: { build } }]);
    await page.getByText(`build ${build} is live`).first().waitFor();
  });

  job("revoking a leaked key", async (hands) => {
    const { page } = hands;
    const width = page.viewportSize()?.width ?? 0;
    const use = () => server.post({ key: leakedKey(width), source: "server", entries: [{ message: "by a stranger" }] });
    expect((await use()).status).toBe(202);
    await hands.goTo("Keys");
    await hands.click(page.getByRole("button", { name: `Revoke leaked ${width}` }));
    const dialog = page.getByRole("dialog");
    await hands.type(dialog.getByLabel(`Type leaked ${width} to confirm`), `leaked ${width}`);
    await dialog.getByText(`The running server refuses the keys of leaked ${width} now.`).waitFor();
    expect((await use()).status).toBe(401);
    await dialog.getByText("Still tried 1 time since").waitFor();
  });
});
