// The frame around every page, in a real browser against the executable: navigation, keyboard, project and time range,
// themes, narrow screens, and what happens when the server cannot be reached.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { PAGE_NAMES, PAGE_PATHS } from "../../src/core/pages.ts";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { configText, withServer } from "../support/server.ts";

const FAILED_REQUEST = /Failed to load resource/;
const INJECTION = "<img src=x onerror=alert(1)>\"'&<script>alert(2)</script>";

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
});

const titleOf = (page: Page) => page.getByRole("heading", { level: 1 }).innerText();
const focused = (page: Page): Promise<string> =>
  page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");

describe("every page", () => {
  test("is reached by its link, and by its keys; the focus goes to its title, and Back leads back", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/?project=default&from=24h" }, async ({ page }) => {
        for (const name of PAGE_NAMES) {
          if (name === "overview") continue;
          const title = name.replace(/^./, (first) => first.toUpperCase());
          await page.getByRole("navigation").getByRole("link", { name: title }).click();
          await page.getByRole("heading", { level: 1, name: title }).waitFor();
          await expectSoon(() => page.url()).toBe(`${server.url}${PAGE_PATHS[name]}?project=default&from=24h`);
          await expectSoon(() => page.title()).toBe(`${title} · SimpleLogs`);
          await expectSoon(() => focused(page)).toBe(title);
          await expectSoon(() => page.locator("[aria-current=page]").innerText()).toBe(title);
        }
        await page.keyboard.press("g");
        await page.keyboard.press("o");
        await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
        await page.goBack();
        await page.getByRole("heading", { level: 1, name: "Storage" }).waitFor();
      }),
    ));

  test.each(PAGE_NAMES.map((name) => [name]))("is accessible in both themes, and fits a phone: %s", (name) =>
    withServer(configText(), async (server) => {
      await server.send([
        { message: "hello", level: "error", touchpoint: "api/orders" },
        { duration: 5, key: "k" },
      ]);
      await withAppPage(browser, server, { path: PAGE_PATHS[name] }, async ({ page }) => {
        await page.getByRole("heading", { level: 1 }).waitFor();
        await expectAccessible(page, THEMES);
        await page.setViewportSize({ width: 360, height: 640 });
        await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(360);
        await expectAccessible(page, THEMES);
      });
    }),
  );

  test("loads everything from the server itself", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { isSignedIn: false }, async (app) => {
        const hosts = new Set<string>();
        app.page.on("request", (request) => hosts.add(new URL(request.url()).origin));
        await app.page.reload();
        await app.signIn();
        for (const name of PAGE_NAMES) await app.open(PAGE_PATHS[name]);
        expect([...hosts]).toEqual([server.url]);
      }),
    ));
});

describe("a path that is no page's", () => {
  const expected = [/status of 404/];

  test("shows so, with the pages there are, to whoever is signed in; the status is 404", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { expected }, async ({ page }) => {
        const response = await page.goto(`${server.url}/no/<b>such</b>/page?project=default`);
        expect(response?.status()).toBe(404);
        await page.getByRole("heading", { level: 1, name: "Not found" }).waitFor();
        await page.getByText("There is no page at /no/").waitFor();
        await expectNone(page.locator("[aria-current=page]"));
        await expectAccessible(page, THEMES);
        await page.setViewportSize({ width: 390, height: 800 });
        await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(390);
        await page.getByRole("main").getByRole("link", { name: "Logs" }).click();
        await page.getByRole("heading", { level: 1, name: "Logs" }).waitFor();
        await expectSoon(() => page.url()).toBe(`${server.url}/logs?project=default`);
        await page.goBack();
        await page.getByRole("heading", { level: 1, name: "Not found" }).waitFor();
      }),
    ));

  test("asks for the sign-in first, and is JSON for the API and for other clients", () =>
    withServer(configText(), async (server) => {
      await withAppPage(browser, server, { path: "/nowhere", isSignedIn: false, expected }, async (app) => {
        await app.signIn();
        await app.page.getByRole("heading", { level: 1, name: "Not found" }).waitFor();
      });
      for (const [path, accept] of [
        ["/nowhere", "*/*"],
        ["/api/v1/nowhere", "text/html"],
      ]) {
        const response = await fetch(`${server.url}${path}`, { headers: { accept: accept as string } });
        expect([response.status, await response.json()]).toEqual([404, { message: "Not found" }]);
      }
    }));
});

describe("the keyboard", () => {
  test("reaches a link past the navigation first", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/keys" }, async ({ page }) => {
        await page.reload();
        await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
        await page.keyboard.press("Tab");
        await expectSoon(() => focused(page)).toBe("Skip to content");
        await page.keyboard.press("Enter");
        await expectSoon(() => page.evaluate("document.activeElement.tagName")).toBe("MAIN");
        await expectSoon(() => page.url()).toBe(`${server.url}/keys`);
      }),
    ));

  test("opens the list of shortcuts on ?, which closes on Escape and gives the focus back", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        const help = page.getByRole("button", { name: "Keyboard shortcuts" });
        await help.focus();
        await page.keyboard.press("?");
        const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
        await dialog.waitFor();
        await expectAccessible(page);
        // Shortcuts rest behind a dialog.
        await page.keyboard.press("g");
        await page.keyboard.press("l");
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
        await expectSoon(() => focused(page)).toBe("Keyboard shortcuts");
        await expectSoon(() => titleOf(page)).toBe("Overview");
      }),
    ));

  test("can do without single keys, also after a reload", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
        await page.getByLabel("Enable single-key shortcuts").uncheck();
        await page.reload();
        await page.getByRole("navigation", { name: "Pages" }).waitFor();
        await page.keyboard.press("?");
        await page.keyboard.press("t");
        await expectNone(page.getByRole("dialog"));
        await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
        await expectSoon(() => page.getByLabel("Enable single-key shortcuts").isChecked()).toBe(false);
      }),
    ));
});

describe("the scope", () => {
  test("has a project, whose name is text whatever it is", () => {
    const tables = `[[keys]]\nname = "other"\nproject = ${JSON.stringify(INJECTION)}\nserver = "sk_of-another-project-0123456789"`;
    return withServer(configText({ tables }), async (server) => {
      await server.send([{ message: "hello" }], { key: "sk_of-another-project-0123456789" });
      await withAppPage(browser, server, { path: "/logs" }, async ({ page }) => {
        const picker = page.getByLabel("Project");
        await picker.getByRole("option", { name: INJECTION }).waitFor({ state: "attached" });
        await picker.selectOption(INJECTION);
        await expectSoon(() => new URL(page.url()).searchParams.get("project")).toBe(INJECTION);
        await page.reload();
        await page.getByRole("heading", { level: 1, name: "Logs" }).waitFor();
        await expectSoon(() => picker.inputValue()).toBe(INJECTION);
      });
    });
  });

  test("has a time range: a preset by the keyboard, or two instants", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/logs", timezoneId: "Europe/Berlin" }, async ({ page }) => {
        await page.keyboard.press("t");
        const panel = page.getByRole("dialog", { name: /^Time range/ });
        await panel.waitFor();
        await expectSoon(() => page.evaluate("document.activeElement.labels[0].textContent")).toBe("Type a range");
        await expectAccessible(page, THEMES);
        await page.keyboard.press("Tab");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await panel.waitFor({ state: "detached" });
        await expectSoon(() => page.url()).toBe(`${server.url}/logs?from=6h`);
        await expectSoon(() => focused(page)).toContain("Time range: Last 6 hours");

        await page.keyboard.press("t");
        await panel.getByLabel("From").fill("2026-01-31T13:00:00");
        await panel.getByLabel("To (empty: now)").fill("2026-01-31T12:00:00");
        await panel.getByRole("button", { name: "Show this range" }).click();
        await panel.getByText("The end must be after the start.").waitFor();
        await panel.getByLabel("To (empty: now)").fill("2026-01-31T14:00:00");
        await panel.getByRole("button", { name: "Show this range" }).click();
        await panel.waitFor({ state: "detached" });
        await expectSoon(() => page.url()).toBe(
          `${server.url}/logs?from=2026-01-31T12:00:00.000Z&to=2026-01-31T13:00:00.000Z`,
        );
        await page.goBack();
        await expectSoon(() => page.getByRole("button", { name: "Time range: Last 6 hours" }).count()).toBe(1);

        await page.keyboard.press("t");
        await panel.waitFor();
        await page.keyboard.press("Escape");
        await panel.waitFor({ state: "detached" });
        await expectSoon(() => focused(page)).toContain("Time range: Last 6 hours");
      }),
    ));

  test("is the last hour for a link with a range that is not valid, and the page says so", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/logs?from=yesterday" }, async ({ page }) => {
        await page.getByText("The time range in the link is not valid").waitFor();
        await expectSoon(() => page.getByRole("button", { name: "Time range: Last hour" }).count()).toBe(1);
      }),
    ));
});

describe("the time range", () => {
  test("is typed: a length, a day, two times; what is none is refused with a hint", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/logs", timezoneId: "Europe/Berlin" }, async ({ page }) => {
        await page.getByRole("heading", { level: 1, name: "Logs" }).waitFor();
        const type = async (text: string) => {
          await page.keyboard.press("t");
          await page.keyboard.type(text);
          await page.keyboard.press("Enter");
        };
        await type("3h");
        await page.getByRole("button", { name: "Time range: Last 3h" }).waitFor();
        await expectSoon(() => new URL(page.url()).search).toBe("?from=3h");
        await type("2026-01-31 12:00 to 13:00");
        await page.getByRole("button", { name: "Time range: 2026-01-31 12:00:00 – 2026-01-31 13:00:00" }).waitFor();
        await expectSoon(() => new URL(page.url()).search).toBe(
          "?from=2026-01-31T11:00:00.000Z&to=2026-01-31T12:00:00.000Z",
        );
        await type("soon");
        await page.getByRole("alert").getByText("Write a length (3h), a day (yesterday").waitFor();
        await expectAccessible(page);
      }),
    ));

  test("is of the browser's zone, or of UTC on every page and in every time, and names it", () =>
    withServer(configText(), async (server) => {
      const date = new Date(Date.now() - 24 * 3_600_000).toISOString().slice(0, 10);
      await server.send([{ message: "noon", timestamp: Date.parse(`${date}T12:00:00Z`) }]);
      const path = `/logs?from=${date}T11:30:00Z&to=${date}T12:30:00Z&q=time:${date}`;
      await withAppPage(browser, server, { path, timezoneId: "Asia/Tokyo" }, async ({ page }) => {
        await page.locator(".logs-line", { hasText: "21:00:00.000" }).waitFor();
        await page.getByRole("button", { name: `${date} 20:30:00 – ${date} 21:30:00 Asia/Tokyo` }).click();
        await page.getByLabel("Asia/Tokyo").waitFor();
        const asked = page.waitForRequest((request) => !request.url().includes("timeZone"));
        await page.getByLabel("UTC").check();
        await asked;
        // While it is asked for again, what is old is dim.
        await page.locator('.logs-list[aria-busy="false"]').waitFor();
        await expectAccessible(page, THEMES);
        await page.keyboard.press("Escape");
        await page.locator(".logs-line", { hasText: "12:00:00.000" }).waitFor();
        await page.getByRole("button", { name: `${date} 11:30:00 – ${date} 12:30:00 UTC` }).waitFor();
        await page.keyboard.press("t");
        await page.keyboard.type(`${date} 12:00`);
        await page.keyboard.press("Enter");
        await page.waitForURL((url) => url.search.includes(`from=${date}T12:00:00.000Z&to=${date}T12:01:00.000Z`));
        await page.getByRole("navigation").getByRole("link", { name: "Storage" }).click();
        await page.getByText(`${date} 12:00:00.000`).first().waitFor();
        await expectSoon(() => new URL(page.url()).searchParams.get("clocks")).toBe("utc");
        await page.setViewportSize({ width: 390, height: 844 });
        await page.getByRole("navigation").getByRole("link", { name: "Logs" }).click();
        await page.keyboard.press("t");
        await page.getByLabel("UTC").waitFor();
        await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(390);
        await page.locator('.logs-list[aria-busy="false"]').waitFor();
        await expectAccessible(page, THEMES);
      });
    }));

  test("is there only where it has an effect, and is kept in the address over the other pages", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/?from=6h" }, async ({ page }) => {
        const ranged: readonly string[] = ["overview", "logs", "timings", "alerts"];
        for (const name of PAGE_NAMES) {
          await page.getByRole("navigation").getByRole("link", { name, exact: false }).click();
          await page.locator("[aria-current=page]", { hasText: new RegExp(name, "i") }).waitFor();
          const ranges = page.getByRole("button", { name: /^Time range/ });
          await expectSoon(async () => [name, await ranges.count()]).toEqual([name, ranged.includes(name) ? 1 : 0]);
          await expectSoon(() => new URL(page.url()).search).toBe("?from=6h");
        }
      }),
    ));

  test("is zoomed out by a key and by a button, on each page that has one", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        const named = (label: string) => page.getByRole("button", { name: `Time range: ${label}` }).waitFor();
        await page.getByRole("heading", { level: 1, name: "Timings" }).waitFor();
        await page.keyboard.press("z");
        await named("Last 6 hours");
        await page.getByRole("button", { name: "Zoom out" }).click();
        await named("Last 24 hours");
        await page.getByRole("navigation").getByRole("link", { name: "Logs" }).click();
        await page.keyboard.press("z");
        await named("Last 7 days");
        await page.keyboard.press("z");
        await expectSoon(() => page.getByRole("button", { name: "Zoom out" }).isDisabled()).toBe(true);
      }),
    ));
});

describe("the page", () => {
  test("follows the system's theme, also when it changes", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { colorScheme: "light" }, async ({ page }) => {
        const background = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
        await expectSoon(() => background()).toBe("rgb(255, 255, 255)");
        await page.emulateMedia({ colorScheme: "dark" });
        await expectSoon(() => background()).toBe("rgb(18, 22, 28)");
      }),
    ));

  test("says when the server cannot be reached, and tries again on request", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { expected: [FAILED_REQUEST] }, async ({ page }) => {
        await page.route("**/api/v1/usage", (route) => route.abort());
        await page.reload();
        await page.getByRole("alert").getByText("The server cannot be reached.").first().waitFor();
        await expectAccessible(page);
        await page.unroute("**/api/v1/usage");
        await page.getByRole("button", { name: "Try again" }).first().click();
        await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      }),
    ));

  test("runs no script and takes no markup that is put into it", () =>
    withServer(configText(), (server) =>
      withAppPage(
        browser,
        server,
        { expected: [/^policy: /, /Content Security Policy/, /Trusted(HTML|Script)/] },
        async ({ page }) => {
          const attempts = await page.evaluate(`(async () => {
          const results = [];
          const attempt = (name, run) => {
            try { run(); results.push(name + " done"); } catch (error) { results.push(name + " " + error.name); }
          };
          attempt("markup", () => { document.body.innerHTML += "<img src=x onerror='window.ran = 1'>"; });
          attempt("element", () => {
            const script = document.createElement("script");
            script.append("window.ran = 3");
            document.body.append(script);
          });
          attempt("style", () => {
            const style = document.createElement("style");
            style.append("html { display: none }");
            document.head.append(style);
          });
          await import("data:text/javascript,window.ran=2").catch((error) => results.push("import " + error.name));
          await fetch("http://localhost:1/").then(() => results.push("sent"), (error) => results.push("fetch " + error.name));
          return { results, ran: window.ran ?? null, display: getComputedStyle(document.documentElement).display };
        })()`);
          expect(attempts).toEqual({
            results: ["markup TypeError", "element done", "style done", "import TypeError", "fetch TypeError"],
            ran: null,
            display: "block",
          });
        },
      ),
    ));
});
