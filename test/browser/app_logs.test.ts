// The logs page in a real browser: found, looked through, opened, narrowed, followed and taken away.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import type { ShownRecord } from "../../src/core/record.ts";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon, placeOf } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const ORDER = {
  touchpoint: "api/orders/submit",
  level: "error",
  message: "Payment failed",
  key: "req-1",
  metadata: { orderId: "ord_123", "odd name": "x y", user: { name: "Ada", roles: ["admin"] }, total: 12.5 },
};

/** Entries as they are sent: now, unless they say otherwise. */
function entry(message: string, more: Readonly<Record<string, unknown>> = {}) {
  return { touchpoint: "api/users", level: "info", message, timestamp: Date.now(), ...more };
}

/** "number 0" is the newest, and so on: a clock that is read for each would go on meanwhile. */
function numbered(count: number) {
  const now = Date.now();
  return Array.from({ length: count }, (_, index) => entry(`number ${index}`, { timestamp: now - index }));
}

function lines(page: Page) {
  return page.locator(".logs-line");
}

async function parameters(page: Page): Promise<Record<string, string>> {
  return Object.fromEntries(new URL(page.url()).searchParams);
}

function withLogs(
  options: { path?: string; colorScheme?: "light" | "dark"; viewport?: { width: number; height: number } } & {
    expected?: readonly RegExp[];
    permissions?: string[];
  },
  entries: readonly unknown[],
  work: (page: Page, server: TestServer) => Promise<void>,
): Promise<void> {
  return withServer(configText(), async (server) => {
    if (entries.length > 0) await server.send(entries);
    await withAppPage(browser, server, { path: "/logs", ...options }, ({ page }) => work(page, server));
  });
}

describe("which key sent a record", () => {
  test("is marked where its source says something else, is among its fields, and can be searched", () =>
    withLogs({}, [entry("other", { source: "client" }), entry("same")], async (page) => {
      const marked = lines(page).filter({ hasText: "server key, source client" });
      await marked.waitFor();
      await expectSoon(async () => [await marked.count(), await lines(page).count()]).toEqual([1, 2]);
      await marked.click();
      await page.locator(".logs-member", { hasText: "keyType" }).getByText("server", { exact: true }).waitFor();
      await expectAccessible(page);
      await page.goto(page.url().replace(/\?.*$/, "?q=keyType:client"));
      await page.getByText("No record in this time range matches the search.").waitFor();
    }));
});

describe("searching", () => {
  test("fields and stored values are completed, and the search is in the address", () =>
    withLogs({}, [entry("one"), { ...ORDER, timestamp: Date.now() }], async (page) => {
      await lines(page).nth(1).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("metadata.ord");
      await page.getByRole("option", { name: "metadata.orderId:" }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("option", { name: "ord_123" }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await page.getByText("1 in all").waitFor();
      await expectSoon(() => parameters(page)).toEqual({ q: "metadata.orderId:ord_123" });
      await expectSoon(() => lines(page).count()).toBe(1);
      await page.goBack();
      await page.getByText("2 in all").waitFor();
    }));

  test("the wrong part of a search is marked", () =>
    withLogs({ path: "/logs?q=timeout+level:eror", expected: [/status of 400/] }, [entry("one")], async (page) => {
      await page.getByRole("alert").getByText("did you mean error?").waitFor();
      await expectSoon(() => page.locator("mark").textContent()).toBe("eror");
      await expectSoon(() => page.getByLabel("Search", { exact: true }).getAttribute("aria-invalid")).toBe("true");
      await expectAccessible(page);
    }));

  test("an empty result is announced, and the search can be cleared", () =>
    withLogs({ path: "/logs?q=nothing" }, [entry("one")], async (page) => {
      await page.getByText("No record in this time range matches the search.").waitFor();
      await page.getByRole("button", { name: "Clear the search" }).click();
      await page.getByText("1 in all").waitFor();
    }));

  test("a range is chosen by dragging over the histogram", () =>
    withLogs({}, [entry("one")], async (page) => {
      await lines(page).first().waitFor();
      const box = await placeOf(page.locator(".logs-histogram .u-over"));
      await page.mouse.move(box.x + box.width * 0.2, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 5 });
      await page.mouse.up();
      await page.getByText("No records", { exact: true }).first().waitFor();
      const { from = "", to = "" } = await parameters(page);
      const lengthMs = Date.parse(to) - Date.parse(from);
      expect(lengthMs).toBeGreaterThan(15 * 60_000);
      expect(lengthMs).toBeLessThan(21 * 60_000);
    }));

  test("the tree of touchpoints narrows the search, and widens it again", () =>
    withLogs(
      {},
      [entry("one"), entry("two", { touchpoint: "web/cart" }), { ...ORDER, timestamp: Date.now() }],
      async (page) => {
        await page.getByText("3 in all").waitFor();
        await page.keyboard.press("b");
        const category = page.getByRole("button", { name: "api/ 2", exact: true });
        await category.click();
        await page.getByText("2 in all").waitFor();
        await expectSoon(() => parameters(page)).toEqual({ q: "touchpoint:api/*", group: "touchpoint" });
        // The others can still be chosen.
        await page.getByRole("button", { name: "web/ 1", exact: true }).waitFor();
        await expectAccessible(page);
        await category.click();
        await page.getByText("3 in all").waitFor();
      },
    ));
});

describe("a record", () => {
  test("opens to all fields and the metadata, and any value is added or excluded", () =>
    withLogs({}, [entry("one"), { ...ORDER, timestamp: Date.now() }], async (page) => {
      await lines(page).filter({ hasText: "Payment failed" }).click();
      const details = page.getByRole("group", { name: /^Record/ });
      for (const text of ["receivedAt", "req-1", "orderId", "x y", "Ada", "admin", "12.5"]) {
        await details.getByText(text, { exact: true }).waitFor();
      }
      await details.getByRole("button", { name: 'Add to the search: metadata."odd name":"x y"' }).click();
      await page.getByText("1 in all").waitFor();
      await details.getByRole("button", { name: "Add to the search: metadata.user.roles:admin" }).click();
      await details.getByRole("button", { name: "Exclude from the search: metadata.user.name:Ada" }).click();
      await page.getByText("No records", { exact: true }).first().waitFor();
      await expectSoon(async () => (await parameters(page))["q"]).toBe(
        'metadata."odd name":"x y" metadata.user.roles:admin -metadata.user.name:Ada',
      );
    }));

  test("is copied as JSON", () =>
    withLogs({ permissions: ["clipboard-read", "clipboard-write"] }, [ORDER], async (page, server) => {
      await lines(page).first().click();
      await page.getByRole("button", { name: "Copy as JSON" }).click();
      await page.getByText("Copied").waitFor();
      const copied = JSON.parse(await page.evaluate<string>("navigator.clipboard.readText()")) as ShownRecord;
      expect([copied]).toEqual(await server.export());
    }));

  test("of a link is shown even when the list does not have it", () =>
    withLogs({ path: "/logs?q=two&open=1" }, [entry("one"), entry("two")], async (page) => {
      await page.getByRole("region", { name: "Linked record" }).getByText("one", { exact: true }).first().waitFor();
      await page.getByText("1 in all").waitFor();
    }));

  test("that does not exist is reported as missing", () =>
    withLogs({ path: "/logs?open=77" }, [entry("one")], async (page) => {
      await page.getByText("Record 77 does not exist, or was deleted.").waitFor();
    }));

  test("is reached, opened and closed by keyboard alone", () =>
    withLogs(
      {},
      [entry("one", { timestamp: Date.now() - 2_000 }), { ...ORDER, timestamp: Date.now() - 1_000 }],
      async (page) => {
        await page.getByText("2 in all").waitFor();
        await page.keyboard.press("j");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("k");
        await page.keyboard.press("Enter");
        await page.getByRole("group", { name: "Record 2" }).waitFor();
        await expectSoon(() => parameters(page)).toEqual({ open: "2" });
        await page.keyboard.press("Escape");
        await page.getByRole("group", { name: "Record 2" }).waitFor({ state: "detached" });
        await page.keyboard.press("e");
        await page.getByText("1 in all").waitFor();
        await expectSoon(() => parameters(page)).toEqual({ q: "level:error" });
      },
    ));
});

describe("many records", () => {
  test("load as the user scrolls, and only those in view are on the page", () =>
    withLogs({}, numbered(2_345), async (page) => {
      await page.getByText("number 0", { exact: true }).waitFor();
      await page.getByText("2,345 records", { exact: true }).waitFor();
      const list = page.getByRole("list", { name: "Records, newest first" });
      await list.hover();
      const end = page.getByText("2,345 in all");
      await eventually("the end of the list is in view", async () => {
        await page.evaluate("document.querySelector('.virtual-list').scrollTop += 9000");
        await page.evaluate("new Promise(requestAnimationFrame)");
        await expectSoon(() => lines(page).count()).toBeLessThan(100);
        return end.isVisible();
      });
      await page.getByText("number 2344", { exact: true }).waitFor();
      await page.evaluate("document.querySelector('.virtual-list').scrollTop = 0");
      await page.getByText("number 0", { exact: true }).waitFor();
    }));

  test("are exported as they are searched", () =>
    withLogs({ path: "/logs?q=level:error" }, [entry("one"), { ...ORDER, timestamp: Date.now() }], async (page) => {
      await page.getByText("1 in all").waitFor();
      await page.getByRole("button", { name: "Export the search" }).click();
      for (const [name, wanted] of [
        ["NDJSON", /^\{.*"Payment failed".*\}\n$/s],
        ["CSV", /^\ufeffid,.*\r?\n.*Payment failed/s],
      ] as const) {
        const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
        const text = readFileSync(await download.path(), "utf8");
        expect(text).toMatch(wanted);
        expect(text).not.toContain("one");
      }
    }));
});

describe("the live tail", () => {
  test("adds new records at the top, and counts them while it is paused", () =>
    withLogs({}, [entry("first")], async (page, server) => {
      await page.getByText("1 in all").waitFor();
      await page.keyboard.press("f");
      await page.getByText("live", { exact: true }).waitFor();
      await page.getByText("1 in all").waitFor();
      await server.send([entry("second")]);
      await page.getByText("second", { exact: true }).waitFor();
      await expectSoon(() => lines(page).first().textContent()).toContain("second");
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByText("paused", { exact: true }).waitFor();
      await server.send([entry("third"), entry("fourth")]);
      await page.getByText("paused · 2 new records").waitFor();
      await expectSoon(() => lines(page).count()).toBe(2);
      await expectSoon(() => parameters(page)).toEqual({ live: "paused" });
      await expectAccessible(page);
      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByText("fourth", { exact: true }).waitFor();
      await expectSoon(() => lines(page).count()).toBe(4);
    }));

  test("moves nothing while the user reads further down", () =>
    withLogs({ path: "/logs?live=on" }, numbered(200), async (page, server) => {
      await page.getByText("live", { exact: true }).waitFor();
      await page.getByText("number 0", { exact: true }).waitFor();
      await page.evaluate("document.querySelector('.virtual-list').scrollTop = 2000");
      await page.getByText("number 75", { exact: true }).waitFor();
      await server.send([entry("new one")]);
      await page.getByRole("button", { name: "1 new record ↑" }).click();
      await page.getByText("new one", { exact: true }).waitFor();
    }));

  test("needs a time range that ends now", () =>
    withLogs({ path: "/logs?live=on&to=2026-01-01" }, [entry("one")], async (page) => {
      await page.getByText("Nothing was logged in this time range.").waitFor();
      await expectSoon(() => page.getByRole("button", { name: "Live", exact: true }).isDisabled()).toBe(true);
    }));
});

describe("a text that looks like a script", () => {
  test("is text in lines, details, tree, completion and search", () => {
    const image = '<img src=x onerror="alert(1)">';
    const script = '"><script>alert(2)</script>';
    const hostile = {
      touchpoint: `${image}/${script}`,
      key: "javascript:alert(3)",
      message: `${script} ${image}`,
      level: "warn",
      metadata: {
        [image]: script,
        nested: { [script]: [image, "javascript:alert(4)"] },
        __proto__x: "data:text/html,x",
      },
    };
    return withLogs({ path: "/logs?group=touchpoint" }, [hostile], async (page) => {
      await lines(page).first().click();
      await page.getByRole("group", { name: "Record 1" }).getByText(image, { exact: true }).first().waitFor();
      await page.getByRole("button", { name: /^Add to the search: metadata\."<img/ }).click();
      await page.getByText("1 in all").waitFor();
      await page.getByLabel("Search", { exact: true }).fill("touchpoint:");
      await page.getByRole("option", { name: "<img" }).first().waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await page.getByText("1 in all").waitFor();
      await expectNone(page.locator("main img, main script, main a[href^=java]"));
      await expectAccessible(page);
    });
  });
});

describe("the page", () => {
  const entries = [entry("one"), { ...ORDER, timestamp: Date.now() }, entry("done", { level: "warn", duration: 42 })];

  test("has no accessibility problem in either theme", () =>
    withLogs({ path: "/logs?open=2&group=touchpoint" }, entries, async (page) => {
      await page.getByRole("group", { name: "Record 2" }).waitFor();
      await page.getByText("3 in all").waitFor();
      await expectAccessible(page, THEMES);
    }));

  test("fits a phone", () =>
    withLogs(
      { viewport: { width: 360, height: 740 }, path: "/logs?open=2&group=touchpoint" },
      entries,
      async (page) => {
        await page.getByRole("group", { name: "Record 2" }).waitFor();
        await expectSoon(() => page.evaluate<number>("document.documentElement.scrollWidth")).toBe(360);
        await expectAccessible(page);
      },
    ));

  test("says that the server is gone, keeps its records, and reconnects", () =>
    withLogs({ expected: [/ERR_|Failed to load/] }, entries, async (page) => {
      await page.getByText("3 in all").waitFor();
      await page.route("**/api/v1/entries**", (route) => route.abort());
      await page.keyboard.press("e");
      await page.getByText("The server cannot be reached. Is it running?").first().waitFor();
      await expectSoon(() => lines(page).count()).toBe(3);
      await page.unroute("**/api/v1/entries**");
      await page.getByRole("button", { name: "Try again" }).first().click();
      await page.getByText("1 in all").waitFor();
    }));
});
