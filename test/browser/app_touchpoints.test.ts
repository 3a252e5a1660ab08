// The touchpoints page against the compiled server: the tree, registering, renaming, deleting, filtering.

import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import type { TouchpointsResponse } from "../../src/core/account_responses.ts";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { MARKUP, takenAsMarkup } from "../support/markup.ts";
import { AUTHORIZATION, read } from "../support/read_api.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const NAMES = ["api/orders", "api/orders/list", "web/cart"];

async function sendNames(server: TestServer, names: readonly string[]): Promise<void> {
  await server.send(names.map((touchpoint) => ({ touchpoint, message: "x" })));
}

async function register(server: TestServer, name: string): Promise<void> {
  const body = JSON.stringify({ name });
  const answer = await fetch(`${server.url}/api/v1/touchpoints`, { method: "POST", headers: AUTHORIZATION, body });
  if (answer.status !== 201) throw new Error(await answer.text());
}

/** What the server has: names, with "?" behind those that are not registered. */
async function listed(server: TestServer): Promise<string[]> {
  const { touchpoints } = await read<TouchpointsResponse>(server, "touchpoints");
  return touchpoints.map(({ name, registered }) => (registered ? name : `${name}?`));
}

const rowOf = (page: Page, link: string) =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name: link, exact: true }) });

function withNames(
  path: string,
  work: (page: Page, server: TestServer) => Promise<void>,
  options: { readonly names?: readonly string[]; readonly expected?: readonly RegExp[] } = {},
): Promise<void> {
  const { names = NAMES, expected = [] } = options;
  return withServer(configText(), async (server) => {
    await sendNames(server, names);
    await withAppPage(browser, server, { path, expected }, ({ page }) => work(page, server));
  });
}

describe("the list", () => {
  test("is a tree whose unregistered names can be registered with one press", () =>
    withNames("/touchpoints", async (page, server) => {
      await page.getByText("3 touchpoints, 3 unregistered").waitFor();
      const row = rowOf(page, "orders");
      await row.getByRole("cell", { name: "unregistered", exact: true }).waitFor();
      await row.getByRole("button", { name: "Register api/orders" }).click();
      await page.getByText("3 touchpoints, 2 unregistered").waitFor();
      await row.getByRole("cell", { name: "registered", exact: true }).waitFor();
      await expectSoon(() => page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe(
        "Rename api/orders",
      );
      await expectSoon(() => listed(server)).toEqual(["api/orders", "api/orders/list?", "web/cart?"]);
    }));

  test("registers all names that were seen, or those of the filter, by one press and one confirmation", () =>
    withNames("/touchpoints?filter=api", async (page, server) => {
      const dialog = page.getByRole("dialog");
      await page.getByRole("button", { name: "Register these 2" }).click();
      await dialog.getByText("api", { exact: true }).waitFor();
      await expectAccessible(page, THEMES);
      await dialog.getByRole("button", { name: "Register" }).click();
      await dialog.waitFor({ state: "detached" });
      await page.getByText("3 touchpoints, 1 unregistered").waitFor();
      await expectSoon(() => listed(server)).toEqual(["api/orders", "api/orders/list", "web/cart?"]);
      await page.getByLabel("Filter touchpoints").fill("");
      await page.getByRole("button", { name: "Register all 1" }).click();
      await dialog.getByRole("button", { name: "Register" }).click();
      await page.getByText("3 touchpoints, 0 unregistered").waitFor();
      await page.getByRole("button", { name: /^Register (all|these)/ }).waitFor({ state: "detached" });
      await expectSoon(() => listed(server)).toEqual(["api/orders", "api/orders/list", "web/cart"]);
    }));

  test("warns of an unregistered name only where the project registers any, here and in Timings", () =>
    withNames("/touchpoints", async (page, server) => {
      await server.send([{ touchpoint: "web/cart", duration: 5 }]);
      const badge = rowOf(page, "cart").getByRole("cell", { name: "unregistered", exact: true }).locator(".badge");
      await badge.waitFor();
      await expectSoon(() => badge.getAttribute("class")).toContain("tone-neutral");
      await page.goto(`${server.url}/timings`);
      await page.getByRole("link", { name: "cart", exact: true }).waitFor();
      await expectNone(page.getByText("unregistered", { exact: true }));
      await register(server, "api/orders");
      await page.goto(`${server.url}/timings`);
      await page.getByText("unregistered", { exact: true }).waitFor();
      await page.goto(`${server.url}/touchpoints`);
      await badge.waitFor();
      await expectSoon(() => badge.getAttribute("class")).toContain("tone-warn");
    }));

  test("is narrowed by name and state, opened and closed, all of it in the address", () =>
    withNames("/touchpoints", async (page, server) => {
      await register(server, "web/cart");
      await page.getByRole("button", { name: "Collapse api/orders", exact: true }).click();
      await rowOf(page, "list").waitFor({ state: "detached" });
      await expectSoon(() => new URL(page.url()).searchParams.get("turned")).toBe("default:api/orders");
      await page.keyboard.press("Escape");
      await page.keyboard.press("/");
      await page.keyboard.type("ORDERS/L");
      await rowOf(page, "list").waitFor();
      await rowOf(page, "cart").waitFor({ state: "detached" });
      await expectSoon(() => new URL(page.url()).searchParams.get("filter")).toBe("ORDERS/L");
      await page.getByRole("button", { name: "Unregistered only" }).click();
      await page.reload();
      await rowOf(page, "list").waitFor();
      await expectSoon(() => page.getByRole("button", { name: "Unregistered only" }).getAttribute("aria-pressed")).toBe(
        "true",
      );
      await page.getByLabel("Filter touchpoints").fill("cart");
      await page.getByText("No touchpoint matches").waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      await rowOf(page, "cart").waitFor();
    }));

  test("leads to the logs of a name", () =>
    withNames("/touchpoints", async (page) => {
      await page.getByRole("link", { name: "list", exact: true }).click();
      await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
      await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("touchpoint:api/orders/list");
    }));

  test("explains touchpoints where there are none", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/touchpoints" }, async ({ page }) => {
        await page.getByText("No touchpoints yet").waitFor();
        await expectAccessible(page);
      }),
    ));
});

describe("the dialogs", () => {
  test("register a name that nobody sent yet", () =>
    withNames("/touchpoints", async (page, server) => {
      await page.getByRole("button", { name: "Register a touchpoint" }).click();
      const dialog = page.getByRole("dialog");
      await page.keyboard.press("Enter");
      await dialog.getByText("A touchpoint needs a name.").waitFor();
      await dialog.getByLabel("Name").fill("  jobs/nightly ");
      await page.keyboard.press("Enter");
      await rowOf(page, "nightly").getByText("registered", { exact: true }).waitFor();
      await dialog.waitFor({ state: "detached" });
      await expectSoon(() => listed(server)).toContain("  jobs/nightly ");
    }));

  test("rename a name, and say why it cannot be", () =>
    withNames(
      "/touchpoints",
      async (page, server) => {
        await register(server, "web/cart");
        await page.getByRole("button", { name: "Rename api/orders/list" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Name").fill("web/cart");
        await dialog.getByRole("button", { name: "Rename" }).click();
        await dialog.getByText('touchpoint "web/cart" is registered in project "default" already').waitFor();
        await dialog.getByLabel("Name").fill("api/orders/all");
        await dialog.getByRole("button", { name: "Rename" }).click();
        await rowOf(page, "all").waitFor();
        await rowOf(page, "list").waitFor({ state: "detached" });
        await expectSoon(() => listed(server)).toEqual(["api/orders?", "api/orders/all", "web/cart"]);
      },
      { expected: [/status of 409/] },
    ));

  test("delete only what was confirmed, and leave the records", () =>
    withNames("/touchpoints", async (page, server) => {
      await page.getByRole("button", { name: "Delete web/cart" }).click();
      const dialog = page.getByRole("dialog", { name: "Delete this touchpoint?" });
      await dialog.getByRole("button", { name: "Cancel" }).click();
      await dialog.waitFor({ state: "detached" });
      await expectSoon(() => listed(server)).toContain("web/cart?");
      await page.getByRole("button", { name: "Delete web/cart" }).click();
      await dialog.getByRole("button", { name: "Delete" }).click();
      await rowOf(page, "cart").waitFor({ state: "detached" });
      await expectSoon(() => listed(server)).toEqual(["api/orders?", "api/orders/list?"]);
      await expectSoon(async () => (await server.export()).map(({ touchpoint }) => touchpoint)).toContain("web/cart");
    }));
});

test("axe finds nothing in both themes, on the page and in a dialog, also on a phone", () =>
  withServer(configText(), async (server) => {
    await sendNames(server, NAMES);
    await register(server, "web/cart");
    await withAppPage(browser, server, { path: "/touchpoints" }, async ({ page, ...app }) => {
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await app.open("/touchpoints");
        await rowOf(page, "cart").waitFor();
        await expectAccessible(page, THEMES);
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        await page.getByRole("button", { name: "Delete web/cart" }).click();
        await page.getByRole("dialog").waitFor();
        await expectAccessible(page, THEMES);
      }
    });
  }));

test("names that look like markup stay text, in the tree and in dialogs", () =>
  withNames(
    "/touchpoints",
    async (page) => {
      const name = MARKUP[0] ?? "";
      await page.getByRole("link", { name, exact: true }).waitFor();
      await page.getByRole("button", { name: `Delete ${name}` }).click();
      await page.getByRole("dialog").getByText(name).waitFor();
      await expectSoon(() => takenAsMarkup(page)).toEqual([]);
    },
    { names: MARKUP.map((text) => text.replaceAll("/", "")) },
  ));
