// Signing in to the app, staying signed in, and getting out again, in a real browser against the executable.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { ADMIN_TOKEN, configText, withServer } from "../support/server.ts";

const OTHER_TOKEN = "another-admin-token-for-tests";
const FAILED_REQUEST = /Failed to load resource/;
/** Told on every page that a browser does not trust as it trusts localhost. */
const IGNORED_HEADER = /Cross-Origin-Opener-Policy header has been ignored/;

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
});

describe("signing in", () => {
  test("leads to the requested address, with a cookie that no script can read", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/logs?from=24h&q=level:error", isSignedIn: false }, async (app) => {
        const { page } = app;
        await expectSoon(() => page.getByLabel("Admin token").getAttribute("type")).toBe("password");
        await app.signIn();
        await page.getByRole("heading", { level: 1, name: "Logs" }).waitFor();
        await expectSoon(() => page.url()).toBe(`${server.url}/logs?from=24h&q=level:error`);
        await expectSoon(() => page.evaluate("document.cookie")).toBe("");
        await expectSoon(() => page.evaluate("localStorage.getItem('simplelogs.session')")).toMatch(/^[\w-]{43}$/);
        const [cookie] = await page.context().cookies();
        expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });
      }),
    ));

  test("lasts over a reload, and for another tab", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        await page.reload();
        await page.getByRole("navigation", { name: "Pages" }).waitFor();
        const other = await page.context().newPage();
        await other.goto(`${server.url}/keys`);
        await other.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
        await other.close();
      }),
    ));

  test("and out applies to every tab at once", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/logs", isSignedIn: false }, async (app) => {
        const { page } = app;
        const other = await page.context().newPage();
        await other.goto(`${server.url}/keys`);
        await other.getByLabel("Admin token").waitFor();
        await app.signIn();
        await other.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
        await other.getByRole("button", { name: "Sign out" }).click();
        await page.getByLabel("Admin token").waitFor();
        await expectNone(page.getByText("Your session has ended."));
        await expectSoon(() => page.evaluate("localStorage.getItem('simplelogs.session')")).toBeNull();
      }),
    ));

  test("lasts over a restart of the server, killed or not", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { expected: [FAILED_REQUEST] }, async ({ page }) => {
        const { port } = new URL(server.url);
        for (const end of [() => server.kill(), () => server.stop()]) {
          await end();
          await server.start("--port", port);
          await page.goto(`${server.url}/keys`);
          await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
        }
      }),
    ));

  test("cannot be used by a server on another port, which sees the cookie", async () => {
    let seen = "";
    const thief = createServer((request, response) => {
      seen = request.headers.cookie ?? seen;
      response.end("<!doctype html><title>Thief</title>");
    });
    await new Promise<void>((resolve) => thief.listen(0, "127.0.0.1", resolve));
    try {
      await withServer(configText(), (server) =>
        withAppPage(browser, server, { expected: [FAILED_REQUEST] }, async ({ page }) => {
          await page.goto(`http://127.0.0.1:${(thief.address() as AddressInfo).port}/`);
          expect(seen).toStartWith("simplelogs_session=");
          await expectSoon(() => page.evaluate("JSON.stringify(localStorage)")).toBe("{}");
          const headers = { cookie: seen, "sec-fetch-site": "same-origin" };
          expect((await fetch(`${server.url}/api/v1/usage`, { headers })).status).toBe(401);
        }),
      );
    } finally {
      thief.close();
      thief.closeAllConnections();
    }
  });

  test("works with the keyboard alone, and with white space around the token", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { isSignedIn: false }, async ({ page }) => {
        await page.getByLabel("Admin token").waitFor();
        await page.keyboard.type(`  ${ADMIN_TOKEN} `);
        await page.keyboard.press("Enter");
        await page.getByRole("navigation", { name: "Pages" }).waitFor();
      }),
    ));

  test("is accessible in both themes", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { isSignedIn: false }, async ({ page }) => {
        await page.getByLabel("Admin token").waitFor();
        await expectAccessible(page, THEMES);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("alert").getByText("Paste a token.").waitFor();
        await expectAccessible(page, THEMES);
      }),
    ));
});

describe("nobody is signed in", () => {
  test("with a wrong token: it says so, and the field has the focus again", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { isSignedIn: false }, async ({ page }) => {
        await page.getByLabel("Admin token").fill("not-the-admin-token");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("alert").getByText("The token is wrong.").waitFor();
        await expectSoon(() => page.evaluate("document.activeElement.name")).toBe("token");
        await expectNone(page.getByRole("navigation"));
        await expectSoon(() => page.context().cookies()).toEqual([]);
      }),
    ));

  test("after signing out: the session is gone on the server as well", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/usage" }, async ({ page }) => {
        const cookies = await page.context().cookies();
        const secret = await page.evaluate("localStorage.getItem('simplelogs.session')");
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByLabel("Admin token").waitFor();
        await expectSoon(() => page.context().cookies()).toEqual([]);
        // Both halves of before, put back, are believed no more.
        await page.context().addCookies(cookies);
        await page.evaluate(`localStorage.setItem("simplelogs.session", ${JSON.stringify(secret)})`);
        await page.reload();
        await page.getByLabel("Admin token").waitFor();
      }),
    ));

  test("when the session has ended: the sign-in says so, and leads back to the same place", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/timings?from=7d" }, async (app) => {
        const { page } = app;
        server.writeConfig(configText().replace(ADMIN_TOKEN, OTHER_TOKEN));
        await eventually("the new token is in force", async () => {
          const headers = { authorization: `Bearer ${OTHER_TOKEN}` };
          return (await fetch(`${server.url}/api/v1/usage`, { headers })).status === 200;
        });
        // What is loaded now and then may have found out before.
        await page.keyboard.press("r");
        await page.getByText("Your session has ended.").waitFor();
        await expectSoon(() => page.url()).toBe(`${server.url}/timings?from=7d`);
        await app.signIn(OTHER_TOKEN);
        await page.getByRole("heading", { level: 1, name: "Timings" }).waitFor();
        await expectSoon(() => page.url()).toBe(`${server.url}/timings?from=7d`);
      }),
    ));

  test("where no token is configured: the page names the setting that turns reading on, and works once it is set", () => {
    const config = configText();
    return withServer(config.replace(/^admin_token.*$/m, ""), (server) =>
      withAppPage(browser, server, { isSignedIn: false }, async (app) => {
        const { page } = app;
        await page.getByRole("heading", { name: "Reading is off" }).waitFor();
        await expectSoon(() => page.getByRole("main").innerText()).toContain("admin_token");
        await expectAccessible(page);
        server.writeConfig(config);
        await eventually("reading is on", async () =>
          (await (await fetch(`${server.url}/`)).text()).includes('data-reading="on"'),
        );
        await page.getByRole("button", { name: "Check again" }).click();
        await app.signIn();
      }),
    );
  });

  test("over http to another address: the page says why, and what to do", () =>
    withServer(configText(), (server) =>
      withAppPage(
        browser,
        server,
        { isSignedIn: false, expected: [FAILED_REQUEST, IGNORED_HEADER] },
        async ({ page }) => {
          // It leads to this machine, and a browser does not trust it as it does localhost.
          await page.goto(`${server.url.replace("127.0.0.1", "0.0.0.0")}/`);
          await page.getByText("Sign-in does not work at this address.").waitFor();
          await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
          await page.getByRole("button", { name: "Sign in" }).click();
          await page.getByRole("alert").getByText("over https or on localhost").waitFor();
          await expectAccessible(page);
        },
      ),
    ));
});
