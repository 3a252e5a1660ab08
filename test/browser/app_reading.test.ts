// Reading records on the logs page in a real browser: selected, wrapped, opened and closed, followed, and waited for.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Locator, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon, placeOf, settled } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const PHONE = { width: 390, height: 844 };

/** An entry as it is sent: `ago` ms before now. */
function entry(message: string, ago = 0, more: Readonly<Record<string, unknown>> = {}) {
  return { touchpoint: "api/users", level: "info", message, timestamp: Date.now() - ago, ...more };
}

interface LogsOptions {
  readonly path?: string;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly expected?: readonly RegExp[];
}

function withLogs(
  options: LogsOptions,
  entries: readonly unknown[],
  work: (page: Page, server: TestServer) => Promise<void>,
): Promise<void> {
  return withServer(configText(), async (server) => {
    if (entries.length > 0) await server.send(entries);
    await withAppPage(browser, server, { path: "/logs", ...options }, ({ page }) => work(page, server));
  });
}

const lines = (page: Page) => page.locator(".logs-line");
const details = (page: Page) => page.getByRole("group", { name: /^Record/ });
const selected = (page: Page) => page.evaluate<string>("String(getSelection())");

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (box === null) throw new Error("it is not on the page");
  return box;
}

describe("a line", () => {
  test("opens on a click, but not while its text is selected by a drag, a double or a triple click", () =>
    withLogs({}, [entry("payment of order failed with no reason given")], async (page) => {
      const text = page.getByText("payment of order failed");
      const { x, y, width, height } = await placeOf(text);
      const middle = y + height / 2;
      await page.mouse.move(x + 1, middle);
      await page.mouse.down();
      await page.mouse.move(x + width - 1, middle, { steps: 4 });
      await page.mouse.up();
      await expectSoon(() => selected(page)).toContain("order failed");
      await expectNone(details(page));
      await page.mouse.dblclick(x + 10, middle);
      await expectSoon(async () => (await selected(page)).trim()).toBe("payment");
      await expectNone(details(page));
      await page.mouse.click(x + 10, middle, { clickCount: 3, delay: 1 });
      await expectSoon(() => selected(page)).toContain("order failed");
      await expectNone(details(page));
      await page.mouse.click(x + width + 60, middle);
      await details(page).waitFor();
      await page.mouse.click(x + 10, middle);
      await details(page).waitFor({ state: "detached" });
    }));

  test("is a named button for a screen reader, which the right and left arrows open and close", () =>
    withLogs({}, [entry("one", 1_000), entry("two")], async (page) => {
      await page.getByText("2 in all").waitFor();
      await page.keyboard.press("j");
      const button = page.getByRole("button", { name: /info api\/users two$/ });
      await expectSoon(() => button.getAttribute("aria-expanded")).toBe("false");
      // The focus comes when the list has scrolled to the line.
      await page.locator(".logs-chevron:focus").waitFor();
      await page.keyboard.press("ArrowRight");
      await details(page).waitFor();
      await expectSoon(() => button.getAttribute("aria-expanded")).toBe("true");
      await page.keyboard.press("ArrowRight");
      await expectSoon(() => details(page).count()).toBe(1);
      await page.keyboard.press("ArrowLeft");
      await details(page).waitFor({ state: "detached" });
      await page.keyboard.press("Enter");
      await details(page).waitFor();
    }));

  test("has the focus again when its record is closed from within", () =>
    withLogs({}, [entry("one")], async (page) => {
      const button = page.getByRole("button", { name: /info api\/users one$/ });
      const isFocused = () => button.evaluate((element) => element.matches(":focus"));
      for (const close of [
        () => page.keyboard.press("Escape"),
        () => page.getByRole("button", { name: "Close" }).click(),
      ]) {
        await lines(page).first().click();
        await details(page).getByRole("button", { name: "Copy as JSON" }).focus();
        await close();
        await details(page).waitFor({ state: "detached" });
        await expectSoon(() => isFocused()).toBe(true);
      }
    }));

  test("is wrapped by a key, kept in the address, whole with its line ends; accessible, also on a phone", () => {
    const long = `${"a long message ".repeat(60)}\nwith an end`;
    return withLogs({}, [entry(long, 0, { metadata: { note: "n".repeat(300) } })], async (page) => {
      await lines(page).first().waitFor();
      await expectSoon(async () => (await boxOf(lines(page).first())).height).toBeLessThan(32);
      await page.keyboard.press("w");
      await page.getByText("with an end").waitFor();
      await expectSoon(async () => (await boxOf(lines(page).first())).height).toBeGreaterThan(100);
      await expectSoon(() => new URL(page.url()).search).toBe("?wrap=on");
      await expectAccessible(page, THEMES);
      await page.setViewportSize(PHONE);
      await expectSoon(() => page.evaluate<number>("document.documentElement.scrollWidth")).toBe(PHONE.width);
      await expectAccessible(page, THEMES);
      await page.getByRole("button", { name: "Wrap" }).click();
      await page.getByText("with an end").waitFor({ state: "detached" });
    });
  });
});

describe("columns", () => {
  const user = { userId: "u_7", user: { name: "Ada", roles: ["admin", "dev"] }, "odd, name": 5 };

  test("are chosen from all fields, kept in the address, and removed by their heads", () =>
    withLogs({}, [entry("one", 0, { metadata: user, key: "req-1" }), entry("two", 1_000)], async (page) => {
      await page.getByText("2 in all").waitFor();
      await page.getByRole("button", { name: "Columns: choose fields" }).click();
      for (const name of ['metadata."odd, name"', "key"]) await page.getByLabel(name, { exact: true }).check();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      // A field within a field is taken from a record.
      await lines(page).filter({ hasText: "one" }).getByText("one").click();
      await page.getByRole("button", { name: "Show as a column: metadata.user.roles" }).first().click();
      await expectSoon(() => new URL(page.url()).searchParams.get("columns")).toBe(
        'metadata."odd%2C name",key,metadata.user.roles',
      );
      await details(page).getByRole("button", { name: "Close" }).click();
      await page.reload();
      const line = lines(page).filter({ hasText: "one" });
      await line.waitFor();
      await expectSoon(() =>
        line.locator(".logs-cell").evaluateAll((cells) => cells.map(({ title }) => title)),
      ).toEqual(['metadata."odd, name": 5', "key: req-1", "metadata.user.roles: admin, dev"]);
      await expectSoon(() => line.locator(".logs-cell a").getAttribute("href")).toContain("trace=req-1");
      const left = async (selector: string) => (await boxOf(page.locator(selector))).x;
      const shift = async () =>
        (await left(".logs-heads .logs-cell >> nth=0")) - (await left(".virtual-row .logs-cell >> nth=0"));
      await expectSoon(shift).toBe(0);
      await expectAccessible(page, THEMES);
      await page.getByRole("button", { name: "Remove the column key" }).click();
      await expectSoon(() => line.locator(".logs-cell").count()).toBe(2);
      await page.setViewportSize(PHONE);
      await expectSoon(() => page.evaluate<number>("document.documentElement.scrollWidth")).toBe(PHONE.width);
      await line.getByText("user.roles admin, dev").waitFor();
      await expectAccessible(page, THEMES);
    }));
});

describe("the search field", () => {
  test("closes its list on Escape, then brings back the applied search, then leaves to the records", () =>
    withLogs({ path: "/logs?q=one" }, [entry("one")], async (page) => {
      await page.getByText("1 in all").waitFor();
      const field = page.getByLabel("Search", { exact: true });
      await field.fill("lev");
      await page.getByRole("listbox").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("listbox").waitFor({ state: "detached" });
      await expectSoon(() => field.inputValue()).toBe("lev");
      await page.keyboard.press("Escape");
      await expectSoon(() => field.inputValue()).toBe("one");
      await page.keyboard.press("Escape");
      await expectSoon(() => page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe(
        "Records, newest first",
      );
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await details(page).waitFor();
    }));
});

describe("a search", () => {
  test("is offered again in an empty field, also after a reload, until the user signs out", () =>
    withLogs({}, [entry("one"), entry("two", 1_000)], async (page) => {
      await page.getByText("2 in all").waitFor();
      const field = page.getByLabel("Search", { exact: true });
      await field.fill("message:one");
      await page.keyboard.press("Enter");
      await page.getByText("1 in all").waitFor();
      await field.fill("");
      await page.keyboard.press("Enter");
      await page.getByText("2 in all").waitFor();
      await page.reload();
      await page.getByText("2 in all").waitFor();
      await field.focus();
      await page.getByRole("option", { name: "message:one recent" }).click();
      await page.keyboard.press("Enter");
      await page.getByText("1 in all").waitFor();
      await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("message:one");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Admin token").waitFor();
      await expectSoon(() => page.evaluate("localStorage.getItem('simplelogs.searches')")).toBe(null);
    }));

  test("goes from Logs to Timings and back, by link and by key, and to no other page", () =>
    withLogs(
      { path: "/logs?q=key:a" },
      [
        { duration: 5, key: "a" },
        { duration: 7, key: "b" },
      ],
      async (page) => {
        await page.getByText("1 in all").waitFor();
        await page.getByRole("navigation").getByRole("link", { name: "Timings" }).click();
        await page.getByRole("heading", { level: 1, name: "Timings" }).waitFor();
        await expectSoon(() => page.getByLabel("Search timings").inputValue()).toBe("key:a");
        await page.keyboard.press("g");
        await page.keyboard.press("l");
        await page.getByText("1 in all").waitFor();
        await page.getByRole("navigation").getByRole("link", { name: "Storage" }).click();
        await page.getByRole("heading", { level: 1, name: "Storage" }).waitFor();
        await expectSoon(() => new URL(page.url()).search).toBe("");
      },
    ));
});

describe("an open record", () => {
  test("stays where it is while records arrive above it", () =>
    withLogs(
      { path: "/logs?live=on" },
      Array.from({ length: 30 }, (_, index) => entry(`number ${index}`, 1_000 + index)),
      async (page, server) => {
        await page.getByText("live", { exact: true }).waitFor();
        await page.getByText("number 3", { exact: true }).click();
        await details(page).waitFor();
        const line = lines(page).filter({ hasText: /number 3\s*$/ });
        const before = await placeOf(line);
        await server.send(Array.from({ length: 5 }, (_, index) => entry(`new ${index}`)));
        await page.getByText("new 4", { exact: true }).waitFor({ state: "attached" });
        await expectSoon(() =>
          page.evaluate<number>("document.querySelector('.virtual-list').scrollTop"),
        ).toBeGreaterThan(100);
        await expectSoon(async () => Math.abs((await boxOf(line)).y - before.y)).toBeLessThan(2);
        await server.send([entry("newest")]);
        await page.getByRole("button", { name: "1 new record ↑" }).waitFor();
        await expectSoon(async () => Math.abs((await boxOf(line)).y - before.y)).toBeLessThan(2);
        await page.getByRole("button", { name: "1 new record ↑" }).click();
        await page.getByText("newest", { exact: true }).waitFor();
      },
    ));
});

describe("a list that loads", () => {
  test("is seen, as wide as the list will be", () =>
    withLogs({ path: "/logs?group=touchpoint" }, [entry("one")], async (page) => {
      await page.getByText("1 in all").waitFor();
      await page.route("**/api/v1/entries**", () => undefined);
      await page.reload();
      const line = page.locator(".logs-loading .skeleton span").first();
      await line.waitFor();
      await expectSoon(async () => (await boxOf(line)).width).toBeGreaterThan(500);
      await expectSoon(() => page.locator(".logs-loading").getAttribute("aria-busy")).toBe("true");
    }));
});

describe("the histogram", () => {
  test("has a legend whose levels filter, one at a time", () =>
    withLogs({}, [entry("fine"), entry("bad", 0, { level: "error" }), entry("", 0, { duration: 5 })], async (page) => {
      await page.getByText("3 in all").waitFor();
      const level = (name: string) => page.locator(".chart-legend").getByRole("button", { name, exact: true });
      await level("error").click();
      await page.getByText("1 in all").waitFor();
      await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("level:error");
      await expectSoon(() => level("error").getAttribute("aria-pressed")).toBe("true");
      await level("timing").click();
      await page.locator(".logs-line", { hasText: "5 ms" }).waitFor();
      await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("kind:timing");
      await expectAccessible(page, THEMES);
      await level("timing").click();
      await page.getByText("3 in all").waitFor();
    }));

  test("zooms to the bar that is clicked, and out again by a key; a click where no bar is does nothing", () =>
    withLogs({}, [entry("one"), entry("two", 30 * 60_000)], async (page) => {
      await page.getByText("2 in all").waitFor();
      const { x, y, width, height } = await placeOf(page.locator(".logs-histogram .u-over"));
      await page.mouse.click(x + width / 4, y + height - 5);
      await settled(page);
      await expectSoon(() => new URL(page.url()).search).toBe("");
      // The buckets are some 60, and the entry is in the middle of the range.
      for (let step = -3; step <= 3 && new URL(page.url()).search === ""; step++) {
        await page.mouse.click(x + width / 2 + (step * width) / 120, y + height - 5);
        await settled(page);
      }
      await page.getByText("two", { exact: true }).waitFor();
      await page.getByText("1 in all").waitFor();
      const { from = "", to = "" } = Object.fromEntries(new URL(page.url()).searchParams);
      const lengthMs = Date.parse(to) - Date.parse(from);
      expect(lengthMs).toBe(60_000);
      await page.keyboard.press("z");
      await page.waitForURL((url) => {
        const { from = "", to = "" } = Object.fromEntries(url.searchParams);
        return Date.parse(to) - Date.parse(from) === 3 * lengthMs;
      });
    }));
});

describe("an empty result", () => {
  test("offers wider ranges, which find what is older", () =>
    withLogs({ path: "/logs?from=15m" }, [entry("old", 40 * 60_000)], async (page) => {
      await page.getByText("Nothing was logged in this time range.").waitFor();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Show the last 30 days" }).waitFor();
      await page.getByRole("button", { name: "Show the last hour" }).click();
      await page.getByText("1 in all").waitFor();
    }));
});
