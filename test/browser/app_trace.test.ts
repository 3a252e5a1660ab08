// The trace in a real browser: opened from a key wherever one is shown, read, moved in by the keyboard, as a table, and
// closed again.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon, placeOf } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

const PHONE = { width: 390, height: 844 };
const KEY = "checkout 7/3 & é";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

interface Options {
  readonly path: string;
  readonly tables?: string;
  readonly expected?: readonly RegExp[];
}

function withTrace(
  { path, tables = "", expected = [] }: Options,
  entries: readonly unknown[],
  work: (page: Page, server: TestServer) => Promise<void>,
): Promise<void> {
  return withServer(configText({ tables }), async (server) => {
    if (entries.length > 0) await server.send(entries);
    await withAppPage(browser, server, { path, expected }, ({ page }) => work(page, server));
  });
}

/** Ten seconds of a checkout, a minute ago: a call that takes most of it, logs, and one timing that never ended. */
function checkout(start = Date.now() - 60_000): readonly unknown[] {
  const timing = (touchpoint: string, from: number, duration: number, more: object = {}) => ({
    key: KEY,
    touchpoint,
    startTime: start + from,
    endTime: start + from + duration,
    duration,
    ...more,
  });
  const log = (level: string, message: string, at: number) => ({
    key: KEY,
    touchpoint: "api/checkout",
    level,
    message,
    timestamp: start + at,
  });
  return [
    timing("api/checkout", 0, 10_000, { metadata: { orderId: "ord_7" } }),
    timing("db/orders/insert", 100, 400),
    timing("ext/payments/authorize", 600, 9_300, { level: "error" }),
    timing("ext/payments/connect", 700, 1_300),
    log("info", "checkout began", 5),
    log("warn", "slow provider", 5_000),
    log("error", "not authorised", 9_850),
    log("debug", "swept up", 13_000),
    { touchpoint: "api/other", message: "another key", key: "other", timestamp: start },
  ];
}

const trace = (more = "") => `/logs?trace=${encodeURIComponent(KEY)}${more}`;
const lines = (page: Page) => page.locator(".virtual-list .trace-line");
const line = (page: Page, name: string) => page.locator(".trace-name", { hasText: name });
const names = (page: Page) =>
  page.evaluate<string[]>(`Array.from(document.querySelectorAll(".virtual-list .trace-name"), (name) =>
    Array.from(name.children, (part) => part.matches(".visually-hidden") ? "" : part.textContent)
      .filter((text) => text !== "").join(" "))`);
const focused = (page: Page): Promise<string> => page.evaluate("document.activeElement.textContent");
const parameters = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);
const widthOf = (page: Page) => page.evaluate<number>("document.scrollingElement.scrollWidth");
const shown = (page: Page) => page.getByRole("heading", { level: 1, name: "Trace" }).waitFor();

describe("a trace is opened", () => {
  test("from a key in a line of Logs, in a record and in its address, and Escape leads back to the same list", () =>
    withTrace({ path: "/logs?q=checkout&wrap=on" }, checkout(), async (page) => {
      await page.locator(".logs-line", { hasText: "not authorised" }).waitFor();
      const before = page.url();
      await page.locator(".logs-line", { hasText: "not authorised" }).getByRole("link", { name: KEY }).click();
      await shown(page);
      await expectSoon(() => parameters(page)).toMatchObject({
        trace: KEY,
        traceProject: "default",
        q: "checkout",
        wrap: "on",
      });
      await expectSoon(() => Number.isNaN(Date.parse(parameters(page)["around"] ?? ""))).toBe(false);
      await page.reload();
      await shown(page);
      await line(page, "ext/payments/authorize").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("heading", { level: 1, name: "Logs" }).waitFor();
      await expectSoon(() => page.url()).toBe(before);
      await page.locator(".logs-line", { hasText: "not authorised" }).getByText("not authorised").click();
      const details = page.getByRole("group", { name: /^Record/ });
      await details.getByRole("link", { name: "Trace", exact: true }).click();
      await shown(page);
      await page.goBack();
      await details.waitFor();
    }));

  test("from the slowest timings, those that run, those that never finished, and rejected entries", async () => {
    const start = { key: KEY, touchpoint: "job/run", startTime: Date.now() - 5_000 };
    await withTrace(
      { path: "/timings?show=touchpoint:job/import" },
      [
        start,
        { key: KEY, touchpoint: "job/import", duration: 5 },
        { key: KEY, startTime: Date.now() - 3_000, endTime: Date.now() - 9_000, duration: -6_000 },
      ],
      async (page, server) => {
        const key = page.getByRole("link", { name: KEY });
        for (const path of ["/timings?show=touchpoint:job/import", "/timings?tab=running"]) {
          await page.goto(`${server.url}${path}`);
          await key.first().click();
          await shown(page);
          await line(page, "job/import").first().waitFor();
          await page.getByRole("button", { name: "Close", exact: true }).click();
          await page.getByRole("heading", { level: 1, name: "Timings" }).waitFor();
          await expectSoon(() => new URL(page.url()).search).toContain(
            path.includes("tab") ? "tab=running" : "show=touchpoint:job/import",
          );
        }
        await page.goto(`${server.url}/rejections`);
        await page.locator("[data-rejection]").first().click();
        await page.getByRole("link", { name: "Trace of its key" }).click();
        await shown(page);
        await line(page, "job/import").first().waitFor();
      },
    );
    const settings = '[timings]\ntimeout = "1s"';
    await withServer(configText({ settings }), async (server) => {
      await server.send([start]);
      await withAppPage(browser, server, { path: "/timings?tab=unfinished" }, async ({ page }) => {
        const key = page.getByRole("link", { name: KEY });
        await eventually("the timing is given up", async () => {
          await page.keyboard.press("r");
          return key.isVisible();
        });
        await key.click();
        await shown(page);
        await page.locator(".trace-bar.trace-unfinished").waitFor();
        await expectAccessible(page, THEMES);
      });
    });
  });
});

describe("a trace shows", () => {
  test("bars by what lies in what, logs as ticks and lines, and where the time went", () =>
    withTrace({ path: trace() }, checkout(), async (page) => {
      await page.getByText("8 s of 10 s in ext/payments/authorize").waitFor();
      await page.getByText("Nothing ran for 3 s from +10 s on.").waitFor();
      await page.getByText("Longest path: api/checkout › ext/payments/authorize.").waitFor();
      await expectSoon(() => names(page)).toEqual([
        "api/checkout",
        "info checkout began",
        "db/orders/insert",
        "error ext/payments/authorize",
        "ext/payments/connect",
        "warn slow provider",
        "error not authorised",
        "debug swept up",
      ]);
      const bar = async (name: string) => {
        const lane = lines(page).filter({ has: line(page, name) });
        const [outer, inner] = [
          await lane.locator(".trace-lane").boundingBox(),
          await lane.locator(".trace-bar").boundingBox(),
        ];
        if (outer === null || inner === null) throw new Error(`${name} has no bar`);
        return { from: (inner.x - outer.x) / outer.width, to: (inner.x + inner.width - outer.x) / outer.width };
      };
      await expectSoon(() => bar("ext/payments/authorize")).toEqual({
        from: expect.closeTo(600 / 13_000, 2),
        to: expect.closeTo(9_900 / 13_000, 2),
      });
      await expectSoon(() => page.locator(".trace-bar.trace-error").count()).toBe(1);
      // Those of a timing are on its bar as well.
      await expectSoon(() => page.locator(".trace-tick-warn").count()).toBe(2);
      await expectAccessible(page, THEMES);
      await page.getByRole("button", { name: "Log lines" }).click();
      await expectSoon(() => lines(page).count()).toBe(5);
      await expectSoon(() => page.locator(".trace-tick-warn").count()).toBe(1);
      await page.setViewportSize(PHONE);
      await expectSoon(() => widthOf(page)).toBe(PHONE.width);
      await expectAccessible(page, THEMES);
    }));

  test("the record of a click, also of the sentence's name, in the address; its values lead to Logs", () =>
    withTrace({ path: trace() }, checkout(), async (page) => {
      await page.getByRole("button", { name: "ext/payments/authorize", exact: true }).click();
      const details = page.getByRole("group", { name: /^Record/ });
      await details.getByText("error", { exact: true }).waitFor();
      await expectSoon(() => Number(parameters(page)["span"])).toBeGreaterThan(0);
      await expectAccessible(page, THEMES);
      await page.reload();
      await details.waitFor();
      const root = lines(page)
        .filter({ has: line(page, "api/checkout") })
        .first();
      await root.locator(".trace-lane").click();
      await details.getByText("ord_7", { exact: true }).waitFor();
      await page.setViewportSize(PHONE);
      await expectSoon(() => widthOf(page)).toBe(PHONE.width);
      await expectAccessible(page, THEMES);
      await details.getByRole("button", { name: "Add to the search: metadata.orderId:ord_7" }).click();
      await page.getByText("1 in all").waitFor();
      await expectSoon(() => parameters(page)).toEqual({ q: "metadata.orderId:ord_7" });
    }));

  test("itself as a table, with levels, parents, times and own times, sorted by each", () =>
    withTrace({ path: trace() }, checkout(), async (page) => {
      await line(page, "ext/payments/authorize").waitFor();
      await page.keyboard.press("v");
      const table = page.getByRole("table", { name: /^Records of the trace/ });
      const row = async (at: number) =>
        (await table.locator("tbody tr").nth(at).locator("td").allInnerTexts()).map((text) => text.trim());
      await expectSoon(() => row(3)).toEqual([
        "ext/payments/authorize",
        "timing error",
        "",
        "2",
        "api/checkout",
        "+600 ms",
        "9.3 s",
        "8 s",
        "8 s",
      ]);
      await expectSoon(() => row(6)).toEqual([
        "api/checkout",
        "log error",
        "not authorised",
        "3",
        "ext/payments/authorize",
        "+9.85 s",
        "",
        "",
        "",
      ]);
      await expectAccessible(page, THEMES);
      await table.getByRole("button", { name: "Own time" }).click();
      await table.getByRole("button", { name: "Own time" }).click();
      await table.getByRole("button", { name: "ext/payments/authorize" }).first().click();
      await page.getByRole("group", { name: /^Record/ }).waitFor();
      await expectSoon(() => parameters(page)["traceAs"]).toBe("table");
      await page.setViewportSize(PHONE);
      await expectSoon(() => widthOf(page)).toBe(PHONE.width);
    }));

  test("what still runs, open and growing, until its end comes", () => {
    const start = Date.now() - 20_000;
    const starts = [
      { key: "run", touchpoint: "job/import", startTime: start, metadata: { file: "a.csv" } },
      { key: "run", touchpoint: "job/parse", startTime: start + 500, duration: 4_000 },
    ];
    return withTrace({ path: "/timings?trace=run" }, starts, async (page, server) => {
      await page.getByText(/of .* in job\/import, which has not ended/).waitFor();
      const takes = page.locator(".trace-takes").nth(1);
      const before = await expectSoon(() => takes.innerText()).toMatch(/\d/);
      await eventually("the bar grows", async () => (await takes.innerText()) !== before);
      await expectSoon(() => page.locator(".trace-bar.trace-running").count()).toBe(1);
      await expectAccessible(page, THEMES);
      await line(page, "job/import").click();
      await page.getByRole("group", { name: "Running start" }).getByText("a.csv", { exact: true }).waitFor();
      await server.send([{ key: "run", touchpoint: "job/import", endTime: start + 19_000 }]);
      await page.keyboard.press("r");
      await page.getByText(/15 s of 19 s in job\/import\./).waitFor();
      await expectNone(page.locator(".trace-bar.trace-running"));
    });
  });
});

describe("the keyboard", () => {
  test("moves up and down, into parts and out, folds and unfolds, opens and closes, and zooms", () =>
    withTrace({ path: trace() }, checkout(), async (page) => {
      await line(page, "ext/payments/authorize").waitFor();
      await page.getByRole("list", { name: "Trace" }).focus();
      const press = async (...keys: string[]) => {
        for (const key of keys) await page.keyboard.press(key);
      };
      await press("ArrowDown", "ArrowDown", "ArrowDown");
      await expectSoon(() => focused(page)).toContain("db/orders/insert");
      await press("ArrowDown", "ArrowRight");
      await expectSoon(() => focused(page)).toContain("ext/payments/connect");
      await press("ArrowLeft");
      await expectSoon(() => focused(page)).toContain("ext/payments/authorize");
      await press("ArrowLeft");
      await page.getByRole("button", { name: "Expand ext/payments/authorize" }).waitFor();
      await expectSoon(() => lines(page).count()).toBe(5);
      await press("ArrowDown");
      await expectSoon(() => focused(page)).toContain("swept up");
      await press("ArrowUp", "ArrowRight", "Enter");
      await expectSoon(() => lines(page).count()).toBe(8);
      const details = page.getByRole("group", { name: /^Record/ });
      await details.waitFor();
      await expectSoon(() => page.locator(":focus").getAttribute("aria-expanded")).toBe("true");
      await press("+");
      await expectSoon(() => parameters(page)["zoom"]).toMatch(/^\d+-\d+$/);
      await page.locator(".trace-beyond").first().waitFor();
      await press("z");
      await expectSoon(() => parameters(page)["zoom"]).toBeUndefined();
      await press("End");
      await expectSoon(() => focused(page)).toContain("swept up");
      await press("Home");
      await expectSoon(() => focused(page)).toContain("api/checkout");
      await press("Escape");
      await details.waitFor({ state: "detached" });
      await shown(page);
      await press("Escape");
      await page.getByRole("heading", { level: 1, name: "Logs" }).waitFor();
    }));

  test("is not needed to zoom: a drag over the axis does, and a button leads out", () =>
    withTrace({ path: trace() }, checkout(), async (page) => {
      await line(page, "ext/payments/authorize").waitFor();
      const box = await placeOf(page.locator(".trace-axis"));
      await page.mouse.move(box.x + box.width * 0.5, box.y + 5);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.25, box.y + 5, { steps: 3 });
      await page.mouse.up();
      await page.getByText("+4 s", { exact: true }).first().waitFor();
      const zoom = await expectSoon(() => parameters(page)["zoom"] ?? "").toMatch(/^\d+-\d+$/);
      const [from = 0, to = 0] = zoom.split("-").map(Number);
      expect((to - from) / 13_000).toBeCloseTo(0.25, 1);
      await expectAccessible(page, THEMES);
      await page.getByRole("button", { name: "Zoom out" }).click();
      await expectSoon(() => parameters(page)["zoom"]).toBeUndefined();
    }));
});

describe("a long trace", () => {
  const START = Date.now() - 3_600_000;
  const many = Array.from({ length: 2_500 }, (_, index) => ({
    key: "long",
    touchpoint: `api/step/${index}`,
    ...(index % 2 === 0
      ? { startTime: START + index * 1_000, duration: 900 }
      : { level: "info", message: `number ${index}`, timestamp: START + index * 1_000 }),
  }));

  test("is cut to the 2,000 records around the time, says so on both sides, and goes on", () =>
    withTrace({ path: `/logs?trace=long&around=${new Date(START + 1_250_500).toISOString()}` }, many, async (page) => {
      await page.getByText("There are older ones").waitFor();
      await page.getByText("There are newer ones").waitFor();
      await expectSoon(() => page.locator(".virtual-row").first().getAttribute("aria-setsize")).toBe("2000");
      await expectSoon(() => page.evaluate<number>("document.querySelectorAll('.trace *').length")).toBeLessThan(2_500);
      await page.locator(".trace-here").waitFor();
      await expectAccessible(page, THEMES);
      await page.getByRole("list", { name: "Trace" }).focus();
      await page.keyboard.press("End");
      await page.keyboard.press("Enter");
      await page.getByRole("group", { name: /^Record/ }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Show newer ones" }).click();
      await page.getByText("There are newer ones").waitFor({ state: "detached" });
      await page.keyboard.press("v");
      await expectSoon(() => page.locator(".trace-table tbody tr").count()).toBe(250);
      await page.getByRole("button", { name: "Show all 2,000" }).click();
      await page.getByRole("button", { name: "api/step/2498" }).waitFor();
    }));
});

describe("where there is nothing to draw", () => {
  test("the page says that no record has the key, and that the server is gone; a trace of one log is one", () =>
    withTrace(
      { path: "/?trace=nobody", expected: [/Failed to load resource/] },
      [{ key: "one", message: "alone" }],
      async (page, server) => {
        await page.getByText("No record has this key").waitFor();
        await expectAccessible(page, THEMES);
        await page.goto(`${server.url}/touchpoints?trace=one`);
        await page.getByText("1 record in 0 ms.").waitFor();
        await expectSoon(() => names(page)).toEqual(["info alone"]);
        await page.route("**/api/v1/trace**", (route) => route.abort());
        await page.reload();
        await page.getByText("The server cannot be reached. Is it running?").waitFor();
        await page.unroute("**/api/v1/trace**");
        await page.getByRole("button", { name: "Try again" }).click();
        await page.getByText("1 record in 0 ms.").waitFor();
        await page.route("**/api/v1/trace**", () => undefined);
        await page.reload();
        await page.locator(".trace .skeleton").waitFor();
        await expectAccessible(page);
      },
    ));

  test("of two projects with the key, one is chosen; a link to one project shows no other", () => {
    const key = "sk_of-another-project-0123456789";
    const tables = `[[keys]]\nname = "other"\nproject = "other"\nserver = "${key}"`;
    return withTrace({ path: "/logs?trace=k", tables }, [{ key: "k", message: "here" }], async (page, server) => {
      await server.send([{ key: "k", message: "there" }], { key });
      await page.keyboard.press("r");
      await page.getByText("2 projects have this key").waitFor();
      await expectAccessible(page, THEMES);
      await page.getByRole("button", { name: "other", exact: true }).click();
      await page.getByText("1 record in 0 ms.").waitFor();
      await expectSoon(() => names(page)).toEqual(["info there"]);
      await page.goto(`${server.url}/logs?project=default&trace=k`);
      await line(page, "here").waitFor();
      await expectSoon(() => names(page)).toEqual(["info here"]);
    });
  });
});
