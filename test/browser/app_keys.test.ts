// The keys page against the compiled server: pairs masked, and lines and commands that the server takes.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { MARKUP, takenAsMarkup } from "../support/markup.ts";
import { CLIENT_KEY, configText, SERVER_KEY, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const TABLES = `
[[keys]]
name = "old app"
project = "shop"
server = "sk_another0123456789ab"
revoked = true
[[keys]]
name = "kiosk"
client = "ck_another0123456789ab"
rate = 25
`;

describe("the list", () => {
  test("shows each pair masked, with origins, rate and when it was first known, and never a key", () =>
    withServer(configText({ tables: TABLES }), async (server) => {
      await server.send([{ message: "x" }]);
      await withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
        const pairs = page.getByRole("list", { name: "Pairs of keys" }).locator("> li");
        await pairs.first().waitFor();
        await expectSoon(() => pairs.getByRole("heading").allInnerTexts()).toEqual([
          "test",
          "kiosk",
          "old app revoked",
        ]);
        const first = await expectSoon(() => pairs.nth(0).innerText()).toContain("sk_0123…");
        expect(first).toContain("http://localhost:3000");
        expect(first).toContain("no limit");
        const kiosk = await expectSoon(() => pairs.nth(1).innerText()).toContain("25 entries per second for each key");
        expect(kiosk).toContain("The client key is refused on every page.");
        await expectNone(pairs.nth(2).getByRole("button", { name: /Revoke/ }));
        const content = await page.content();
        expect([content.includes(SERVER_KEY), content.includes(CLIENT_KEY)]).toEqual([false, false]);
        await pairs.nth(0).locator("time").first().waitFor();
      });
    }));

  test("is that of the chosen project, and says how many others there are", () =>
    withServer(configText({ tables: TABLES }), (server) =>
      withAppPage(browser, server, { path: "/keys?project=shop" }, async ({ page }) => {
        await page.getByRole("heading", { name: "old app" }).waitFor();
        await page.getByText("2 pairs of other projects.").waitFor();
        await page.getByRole("button", { name: "Show all projects" }).click();
        await page.getByRole("heading", { name: "kiosk" }).waitFor();
      }),
    ));
});

describe("adding a pair", () => {
  test("shows configuration lines that the running server accepts, with valid keys", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
        await page.getByRole("button", { name: "Add a pair" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Name").fill("test");
        await dialog.getByText("A pair with this name exists already").waitFor();
        await dialog.getByLabel("Name").fill("it's new");
        await dialog.getByLabel("Keys").selectOption("server");
        await dialog.getByLabel("Entries per second").fill("50");
        await dialog.getByText("By hand").click();
        const command = dialog.getByRole("group", { name: /In a terminal/ }).locator("pre");
        await expectSoon(() => command.innerText()).toBe(
          `simplelogs keys create --rate=50 --server-only 'it'\\''s new'`,
        );
        const file = dialog.getByRole("group", { name: /simplelogs.toml/ }).locator("pre");
        const lines = await expectSoon(() => file.innerText()).toContain("it's new");
        const key = /server = "(sk_[\w-]{32})"/.exec(lines)?.[1];
        appendFileSync(server.configFile, `\n${lines}\n`);
        await page.keyboard.press("Escape");
        await eventually("the new key is taken", async () => {
          const answer = await server.post({ key, source: "server", entries: [{ message: "x" }] });
          return answer.status === 202;
        });
        await page.keyboard.press("r");
        await page.getByRole("heading", { name: "it's new" }).waitFor();
      }),
    ));

  test("says what an origin must be", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
        await page.getByRole("button", { name: "Add a pair" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Name").fill("kiosk");
        const origins = dialog.getByLabel(/Origins of pages/);
        await origins.fill("https://kiosk.example.com/path");
        await dialog.getByText("an origin has no path").waitFor();
        await expectSoon(() => origins.getAttribute("aria-invalid")).toBe("true");
        await expectNone(dialog.locator("pre"));
      }),
    ));
});

test("revoking is shown as a command that works", () =>
  withServer(configText(), (server) =>
    withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
      await page.getByRole("button", { name: "Revoke test" }).click();
      await page.getByRole("dialog").getByText("By hand").click();
      const commands = page.getByRole("dialog").locator("pre");
      const [command = ""] = await expectSoon(async () => (await commands.allInnerTexts()).slice(0, 2)).toEqual([
        expect.stringContaining("keys revoke"),
        expect.stringContaining("revoked = true"),
      ]);
      const { exitCode } = await server.command(...command.split(" ").slice(1));
      expect(exitCode).toBe(0);
      expect(readFileSync(server.configFile, "utf8")).toContain("revoked = true");
    }),
  ));

test("axe finds nothing in both themes, on the page and in its dialogs, also on a phone", () =>
  withServer(configText({ tables: TABLES }), (server) =>
    withAppPage(browser, server, { path: "/keys" }, async ({ page, ...app }) => {
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await app.open("/keys");
        await page.getByRole("heading", { name: "kiosk" }).waitFor();
        await expectAccessible(page, THEMES);
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        await page.getByRole("button", { name: "Add a pair" }).click();
        await page.getByRole("dialog").getByLabel("Name").fill("new pair");
        await page.getByRole("dialog").getByText("By hand").click();
        await page.getByRole("dialog").locator("pre").first().waitFor();
        await expectAccessible(page, THEMES);
        for (const name of ["Edit kiosk", "Revoke test"]) {
          await page.keyboard.press("Escape");
          await page.getByRole("button", { name }).click();
          await page.getByRole("dialog").waitFor();
          await expectAccessible(page, THEMES);
          await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        }
      }
    }),
  ));

test("names that look like markup stay text", () => {
  const tables = MARKUP.map(
    (name, index) => `[[keys]]\nname = ${JSON.stringify(name)}\nserver = "sk_markup0123456789${index}"\n`,
  );
  return withServer(configText({ tables: tables.join("") }), (server) =>
    withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
      for (const name of MARKUP) await page.getByRole("heading", { name, exact: true }).waitFor();
      await page.getByRole("button", { name: `Revoke ${MARKUP[0]}` }).click();
      await page.getByRole("dialog").getByText("By hand").click();
      await page.getByRole("dialog").locator("pre").first().waitFor();
      await expectSoon(() => takenAsMarkup(page)).toEqual([]);
    }),
  );
});

const TRIED = { source: "server", entries: [{ message: "x" }] } as const;

describe("from the app", () => {
  test("a leaked key is revoked on a phone in three actions, and the dialog sees whether it is still tried", () =>
    withServer(configText(), (server) =>
      withAppPage(
        browser,
        server,
        { path: "/keys", viewport: { width: 390, height: 800 }, hasTouch: true },
        async ({ page }) => {
          await page.getByRole("button", { name: "Revoke test" }).tap();
          const dialog = page.getByRole("dialog");
          const confirm = dialog.getByRole("button", { name: "Revoke" });
          await expectSoon(() => confirm.isDisabled()).toBe(true);
          await dialog.getByLabel("Type test to confirm").fill("test");
          await confirm.tap();
          await dialog.getByText("The running server refuses the keys of test now.").waitFor();
          // The answer comes after the change is in force.
          for (let time = 0; time < 3; time++) {
            expect((await server.post({ key: SERVER_KEY, ...TRIED })).status).toBe(401);
          }
          await dialog.getByText("Still tried 3 times since").waitFor();
          expect(readFileSync(server.configFile, "utf8")).toContain("revoked = true");
          await expectAccessible(page, THEMES);
          await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(390);
          await dialog.getByRole("button", { name: "Done" }).tap();
          await page.getByRole("heading", { name: "test revoked" }).waitFor();
        },
      ),
    ));

  test("the client key alone goes, and the server key works on", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
        await page.getByRole("button", { name: "Revoke test" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Only the client key").check();
        await dialog.getByLabel("Type test to confirm").fill("test");
        await page.keyboard.press("Enter");
        await dialog.getByText("refuses the client key of test now").waitFor();
        expect((await server.post({ key: SERVER_KEY, ...TRIED })).status).toBe(202);
        expect((await server.post({ key: CLIENT_KEY, entries: [{ message: "x" }] })).status).toBe(401);
        await dialog.getByText("Still tried 1 time since").waitFor();
        expect(readFileSync(server.configFile, "utf8")).not.toContain(CLIENT_KEY);
      }),
    ));

  test("a pair is added, its keys are shown once and work, and it is edited", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
        await page.getByRole("button", { name: "Add a pair" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Name").fill("kiosk");
        await dialog.getByLabel(/Origins of pages/).fill("https://kiosk.example.com");
        await dialog.getByRole("button", { name: "Add the pair" }).click();
        const shown = dialog.getByRole("group", { name: "Server key" }).locator("pre");
        const key = await expectSoon(() => shown.innerText()).toStartWith("sk_");
        expect((await server.post({ key, ...TRIED })).status).toBe(202);
        await expectAccessible(page, THEMES);
        await dialog.getByRole("button", { name: "Done" }).click();
        await page.getByRole("heading", { name: "kiosk" }).waitFor();
        await expectSoon(async () => (await page.content()).includes(key)).toBe(false);
        await page.getByRole("button", { name: "Edit kiosk" }).click();
        await dialog.getByLabel(/Origins of pages/).fill("https://kiosk.example.com https://two.example.com");
        await dialog.getByLabel(/Entries per second/).fill("25");
        await dialog.getByRole("button", { name: "Save" }).click();
        await dialog.getByText("The running server uses the new settings now.").waitFor();
        await dialog.getByRole("button", { name: "Done" }).click();
        await page.getByText("25 entries per second for each key").waitFor();
        await page.getByText("https://two.example.com").waitFor();
      }),
    ));

  test("a file that does not load is said as the server says it, and nothing changes", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/keys", expected: [/status of 409/] }, async ({ page }) => {
        await page.getByRole("button", { name: "Revoke test" }).click();
        appendFileSync(server.configFile, "\nmax_boddy = 5\n");
        const text = readFileSync(server.configFile, "utf8");
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Type test to confirm").fill("test");
        await dialog.getByRole("button", { name: "Revoke" }).click();
        await dialog.getByText(/max_boddy: unknown name/).waitFor();
        expect(readFileSync(server.configFile, "utf8")).toBe(text);
        expect((await server.post({ key: SERVER_KEY, ...TRIED })).status).toBe(202);
      }),
    ));
});

describe("a reader in the app", () => {
  const READER = "a-token-of-the-shop-team";
  const tables = `[[readers]]\nname = "shop team"\ntoken = "${READER}"\nprojects = ["default"]\n`;

  test("is named, sees their projects, and is offered nothing that they may not do", () =>
    withServer(configText({ tables }), async (server) => {
      await server.send([{ message: "x", touchpoint: "api/a" }]);
      await withAppPage(browser, server, { isSignedIn: false }, async ({ page, ...app }) => {
        await app.signIn(READER);
        await page.getByText("Signed in as shop team, read only").first().waitFor();
        const pages = page.getByRole("navigation", { name: "Pages" });
        await pages.getByRole("link", { name: "Logs" }).waitFor();
        await expectNone(pages.getByRole("link", { name: /Keys|Refused/ }));
        await app.open("/touchpoints");
        await page.getByText(/^1 touchpoint, 1 unregistered/).waitFor();
        await page.getByText("Signed in as shop team, read only").first().waitFor();
        await expectNone(page.getByRole("button", { name: /Register|Rename|Delete/ }));
        for (const path of ["/", "/logs", "/usage", "/storage", "/rejections"]) {
          await app.open(path);
          await page.getByText("Signed in as shop team, read only").first().waitFor();
          await expectAccessible(page, THEMES);
        }
        await page.setViewportSize({ width: 390, height: 800 });
        await app.open("/logs");
        await page.getByText("Signed in as shop team, read only").last().waitFor();
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(390);
      });
    }));
});
