// What goes missing, as the app says it: the strip under the header, and the page of refused batches.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon, settled } from "../support/expect_soon.ts";
import { MARKUP, takenAsMarkup } from "../support/markup.ts";
import { CLIENT_KEY, configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const FAILED_REQUEST = /Failed to load resource|ERR_/;
const REVOKED = '[[keys]]\nname = "old keys"\nproject = "shop"\nserver = "sk_oldkey0123456789ab"\nrevoked = true\n';

async function post(server: TestServer, body: unknown, headers: Record<string, string> = {}): Promise<void> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  await fetch(`${server.url}${ENQUEUE_PATH}`, { method: "POST", body: text, headers });
}

const batch = (members: object = {}) => ({
  key: SERVER_KEY,
  source: "server",
  entries: [{ message: "hi" }],
  ...members,
});

/** Three with a revoked key, two of a client key from another page, one too wrong, one without a key. */
async function sendRefused(server: TestServer): Promise<void> {
  for (let at = 0; at < 3; at++) await post(server, batch({ key: "sk_oldkey0123456789ab" }));
  const client = batch({ key: CLIENT_KEY, source: "client" });
  for (let at = 0; at < 2; at++) await post(server, client, { origin: "https://shop.example.com" });
  await post(server, batch({ entries: [{ level: "loud" }] }));
  await post(server, { source: "server", entries: [] });
}

/** Pictures of both themes, to look at, where a folder is given. */
async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env["SIMPLELOGS_TEST_SCREENSHOTS"];
  if (folder === undefined) return;
  for (const colorScheme of THEMES.toReversed()) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${folder}/${name}_${colorScheme}.png` });
  }
}

const strip = (page: Page) => page.getByRole("region", { name: "Attention" });
const rows = (page: Page) => page.getByRole("list", { name: "Refused batches" }).getByRole("listitem");

describe("the strip", () => {
  test("is not there while all is well", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "hi" }]);
      await withAppPage(browser, server, {}, async ({ page }) => {
        await page.getByText("Dropped in total").waitFor();
        await expectNone(strip(page));
      });
    }));

  test("says that the server is gone and what is shown is old; and that it is back", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "hi" }]);
      await withAppPage(browser, server, { expected: [FAILED_REQUEST] }, async ({ page }) => {
        await page.getByText("Dropped in total").waitFor();
        process.kill(server.pid, "SIGSTOP");
        try {
          // After how long is what the tests of Connection say, with a clock of theirs.
          await strip(page).getByText("The server has not answered since").waitFor();
          await page
            .getByText(/^Old data, of \d{4}-/)
            .first()
            .waitFor();
          await shoot(page, "lost");
          await expectAccessible(page, THEMES);
        } finally {
          process.kill(server.pid, "SIGCONT");
        }
        await strip(page).waitFor({ state: "detached" });
        await expectNone(page.getByText("Old data, of"));
      });
    }));

  test("says what was refused in the last day, by status, key and origin; it leads to the list, and can be hidden", () =>
    withServer(configText({ tables: REVOKED }), async (server) => {
      await sendRefused(server);
      await withAppPage(browser, server, {}, async ({ page }) => {
        await strip(page).getByText("7 batches were refused in the last day.").waitFor();
        const text = async () => (await strip(page).innerText()).replaceAll(/\s+/g, " ");
        await expectSoon(text).toContain("3 with 401: sk_oldk… (old keys, revoked)");
        await expectSoon(text).toContain("2 with 403: test (client) from https://shop.example.com; and 2 others.");
        await strip(page).getByRole("link", { name: "Refused" }).click();
        await page.getByRole("heading", { level: 1, name: "Refused" }).waitFor();
        await strip(page).getByRole("button", { name: "Hide" }).click();
        await strip(page).waitFor({ state: "detached" });
        await page.reload();
        await rows(page).nth(3).waitFor();
        await expectNone(strip(page));
        await post(server, "no JSON");
        await page.getByRole("button", { name: "Refresh" }).click();
        await strip(page).getByText("1 batch was refused in the last day. 1 with 400: key not read.").waitFor();
      });
    }));

  test("says which project drops entries, how many and why", () =>
    withServer(
      configText({ tables: '[projects.default]\nmonthly_entries = 2\noverage = "drop"\n' }),
      async (server) => {
        await server.send([{ message: "a" }, { message: "b" }, { message: "c" }, {}]);
        await withAppPage(browser, server, {}, async ({ page }) => {
          await strip(page).getByText("Entries are dropped.").waitFor();
          await expectSoon(() => strip(page).innerText()).toContain("Project default: ");
          await strip(page)
            .getByText(/quota 1, empty 1|empty 1, quota 1/)
            .waitFor();
          await shoot(page, "dropping");
          await strip(page).getByRole("link", { name: "Rejections" }).click();
          await page.getByRole("heading", { level: 1, name: "Rejections" }).waitFor();
          await page.goto(`${server.url}/usage`);
          await page.getByText("1 entry over the plan dropped").waitFor();
          await shoot(page, "lost_entries");
          await expectSoon(() => page.evaluate("getComputedStyle(document.querySelector('p.usage-lost')).color")).toBe(
            "rgb(191, 31, 45)",
          );
          await expectAccessible(page, THEMES);
        });
      },
    ));
});

describe("a forecast", () => {
  const DAY_MS = 86_400_000;

  /** Changes the server's answers where the app gets them: `edit` is the text of a function of a path and an answer. */
  async function changeAnswers(page: Page, edit: string): Promise<void> {
    await page.addInitScript(`{
      const original = window.fetch;
      window.fetch = async (path, init) => {
        const response = await original(path, init);
        if (!response.ok || !String(path).startsWith("/api/v1/")) return response;
        const answer = await response.json();
        (${edit})(path, answer);
        return new Response(JSON.stringify(answer));
      };
    }`);
  }

  test("says when a month's limit is reached, and when the file is full and what goes first", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "hi" }]);
      await withAppPage(browser, server, { timezoneId: "UTC" }, async ({ page, ...app }) => {
        const now = Date.UTC(2026, 10, 16);
        await page.clock.setFixedTime(now);
        await changeAnswers(
          page,
          `(path, answer) => {
            if (path === "/api/v1/usage") {
              Object.assign(answer.usage[0], { month: "2026-11", admitted: 1500, limit: 2000 });
              const times = { oldest: ${now - 30 * DAY_MS}, newest: ${now}, retentionMs: ${90 * DAY_MS} };
              Object.assign(answer.storage[0], { bytes: 3000000, ...times });
            }
            if (path === "/api/v1/status") Object.assign(answer.storage, { bytesOnDisk: 9000000, bytesMax: 9950000 });
          }`,
        );
        await app.open("/usage");
        await page.getByText("Limit reached on Nov 21, 00:00 at this pace").waitFor();
        await shoot(page, "usage_forecast");
        await expectAccessible(page, THEMES);
        await app.open("/storage");
        await page.getByText("File full in 9 days at this pace, on Nov 25. Oct 17 goes first.").waitFor();
        await strip(page).getByText("The data file is 90 % full.").waitFor();
        await shoot(page, "storage_forecast");
        await expectAccessible(page, THEMES);
      });
    }));
});

describe("the page of refused batches", () => {
  test("has the latest first, each with its reason, key, senders, count and hint, and never a key", () =>
    withServer(configText({ tables: REVOKED }), async (server) => {
      await sendRefused(server);
      await withAppPage(browser, server, { path: "/refused" }, async ({ page }) => {
        const texts = await expectSoon(async () =>
          (await rows(page).allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " ")),
        ).toHaveLength(4);
        expect(texts[0]).toStartWith("401 No key 1 ×");
        expect(texts[1]).toStartWith("422 Wrong entries test (server) 1 ×");
        expect(texts[1]).toContain("entries.0.level");
        expect(texts[2]).toStartWith("403 Origin not listed test (client) 2 × (2 in the last day)");
        expect(texts[2]).toContain(
          "Origin https://shop.example.com Address 127.0.0.1 Project default Protocol enqueue",
        );
        expect(texts[3]).toStartWith("401 Unknown or revoked key sk_oldk… (old keys, revoked) 3 ×");
        expect(texts[3]).toContain("which is revoked");
        await settled(page);
        await expectSoon(async () => (await page.content()).match(/[sc]k_\w{6}/)).toBeNull();
      });
    }));

  test("is narrowed by status and by project, in the address", () =>
    withServer(configText({ tables: REVOKED }), async (server) => {
      await sendRefused(server);
      await server.send([{ message: "hi" }]);
      await withAppPage(browser, server, { path: "/refused" }, async ({ page }) => {
        await page.getByRole("group", { name: "Statuses" }).getByRole("button", { name: "401" }).click();
        await rows(page).nth(2).waitFor({ state: "detached" });
        await expectSoon(() => rows(page).count()).toBe(2);
        await expectSoon(() => new URL(page.url()).searchParams.get("status")).toBe("401");
        await page.getByRole("combobox", { name: "Project" }).selectOption("default");
        await rows(page).nth(1).waitFor({ state: "detached" });
        await expectSoon(() => rows(page).innerText()).toContain("No key");
      });
    }));

  test("says when there are none, and lists what came meanwhile on a refresh", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/refused" }, async ({ page }) => {
        await page.getByText("Nothing was refused since the server started").waitFor();
        await post(server, "[");
        await page.getByRole("button", { name: "Refresh" }).click();
        await rows(page).getByText("No JSON", { exact: true }).waitFor();
      }),
    ));

  test("shows texts of strangers as text", () =>
    withServer(configText(), async (server) => {
      for (const text of MARKUP) {
        await post(server, batch({ key: text }), { origin: encodeURI(text) });
        await post(server, batch({ entries: [{ metadata: { a: 1 }, level: text, [text]: 1 }] }));
      }
      await withAppPage(browser, server, { path: "/refused" }, async ({ page }) => {
        await rows(page).first().waitFor();
        await expectSoon(() => takenAsMarkup(page)).toEqual([]);
      });
    }));

  test("is accessible in both themes, strip and all, and fits a phone", () =>
    withServer(configText({ tables: REVOKED }), async (server) => {
      await sendRefused(server);
      await post(server, batch({ key: CLIENT_KEY, source: "client" }), {
        origin: `https://${"long".repeat(60)}.example`,
      });
      await withAppPage(browser, server, { path: "/refused" }, async ({ page, ...app }) => {
        for (const width of [1280, 390]) {
          await page.setViewportSize({ width, height: 800 });
          await app.open("/refused");
          await rows(page).nth(4).waitFor();
          await strip(page).waitFor();
          await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(width);
          await expectAccessible(page, THEMES);
          await shoot(page, `refused_${width}`);
        }
      });
    }));
});
