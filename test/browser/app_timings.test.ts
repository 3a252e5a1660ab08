// The timings page in a real browser against the compiled server: the tree, one touchpoint, what runs, what never
// finished.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon, placeOf } from "../support/expect_soon.ts";
import { read } from "../support/read_api.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const MINUTE_MS = 60_000;

/** A completed timing so long ago. */
function timing(touchpoint: string | undefined, duration: number, agoMs: number, more: object = {}) {
  const startTime = Date.now() - agoMs;
  return {
    ...(touchpoint === undefined ? {} : { touchpoint }),
    startTime,
    endTime: startTime + duration,
    duration,
    ...more,
  };
}

/**
 * 1 to 100 ms at api/orders/list, 10 of 500 ms at api/orders/submit, 5 of 8 ms at db/query, one without a touchpoint.
 */
async function sendTimings(server: TestServer): Promise<void> {
  const list = Array.from({ length: 100 }, (_, at) =>
    timing("api/orders/list", at + 1, (at % 50) * MINUTE_MS + 5_000, { key: `list-${at + 1}` }),
  );
  const submit = Array.from({ length: 10 }, (_, at) => timing("api/orders/submit", 500, at * MINUTE_MS + 5_000));
  const query = Array.from({ length: 5 }, (_, at) => timing("db/query", 8, at * MINUTE_MS + 5_000));
  await server.send([...list, ...submit, ...query, timing(undefined, 3, 5_000)]);
}

async function register(server: TestServer, name: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/touchpoints`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ project: "default", name }),
  });
  expect(answer.status).toBe(201);
}

/** The texts of a table's rows, cell by cell. */
async function rowsOf(page: Page, table: string): Promise<string[][]> {
  const rows = await page.getByRole("table", { name: table }).locator("tbody tr").all();
  return Promise.all(rows.map(async (row) => (await row.locator("td").allInnerTexts()).map((text) => text.trim())));
}

const TREE = "Timings by touchpoint";
const namesOf = async (page: Page) => (await rowsOf(page, TREE)).map(([name]) => name?.replaceAll(/\s+/g, " "));
const addressOf = (page: Page) => new URL(page.url()).pathname + new URL(page.url()).search;
const SUBMIT = "/timings?show=touchpoint:api/orders/submit";
const LIST = "/timings?show=touchpoint:api/orders/list";

describe("the tree of timings", () => {
  test("has the figures and a sparkline of each touchpoint and category, and marks what is not registered", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await register(server, "api/orders/list");
      await withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        await page.getByRole("img", { name: "p95 of api/orders/list over time" }).waitFor();
        await page.getByRole("img", { name: "p95 of api/orders/ over time" }).waitFor();
        await expectSoon(() => namesOf(page)).toEqual([
          "(none)",
          "api/orders/",
          "list",
          "submit unregistered",
          "db/",
          "query unregistered",
        ]);
        const figures = async () => (await rowsOf(page, TREE)).map(([, count, , , , , max]) => [count, max]);
        await expectSoon(figures).toEqual([
          ["1", "3 ms"],
          ["110", "500 ms"],
          ["100", "100 ms"],
          ["10", "500 ms"],
          ["5", "8 ms"],
          ["5", "8 ms"],
        ]);
      });
    }));

  test("sorts siblings and collapses categories, and the address holds both", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page, ...app }) => {
        await page.getByRole("button", { name: "p99" }).click();
        await page.getByRole("button", { name: "Collapse db/" }).click();
        const names = ["api/orders/", "submit", "list", "db/", "(none)"];
        await expectSoon(() => namesOf(page)).toEqual(names);
        await expectSoon(() => addressOf(page)).toBe("/timings?open=*,db/&sort=-p99");
        await app.open(addressOf(page));
        await page.getByRole("button", { name: "Expand db/" }).waitFor();
        await expectSoon(() => namesOf(page)).toEqual(names);
        await page.getByRole("button", { name: "Collapse all" }).click();
        await expectSoon(() => namesOf(page)).toEqual(["api/orders/", "db/", "(none)"]);
      });
    }));

  test("opens everything in a short address, and keeps its head in view", () =>
    withServer(configText(), async (server) => {
      const names = Array.from({ length: 60 }, (_, index) => `service-${index}/routes/orders`);
      await server.send(
        names.flatMap((name) => [1, 2].map((part) => ({ touchpoint: `${name}/${part}`, duration: part }))),
      );
      await withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        await page.getByRole("button", { name: "Expand all" }).click();
        await page.getByRole("link", { name: "service-59/routes/orders/" }).waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings?open=*");
        const head = page.getByRole("columnheader", { name: "Touchpoint" });
        await page.getByRole("link", { name: "service-59/routes/orders/" }).scrollIntoViewIfNeeded();
        const isInView = async () => {
          const { y = -1, height = 0 } = (await head.boundingBox()) ?? {};
          return y >= 0 && y + height < 800;
        };
        await expectSoon(isInView).toBe(true);
        await expectAccessible(page, THEMES);
      });
    }));

  test("names the touchpoints with ambiguous pairs, if there are any", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page, ...app }) => {
        await page.getByRole("table", { name: TREE }).waitFor();
        await expectNone(page.getByText("could belong to another start"));
        const now = Date.now();
        const start = { touchpoint: "db/query", startTime: now - 20 };
        await server.send([start, start, { touchpoint: "db/query", endTime: now }]);
        await app.open("/timings");
        const notice = page.getByRole("status").filter({ hasText: "could belong to another start" });
        await notice.waitFor();
        await expectSoon(() => notice.innerText()).toContain("1 pair of db/query could belong to another start");
        await notice.getByRole("link", { name: "db/query" }).click();
        await page.getByRole("heading", { name: "query" }).waitFor();
        await expectAccessible(page);
      });
    }));

  test("is narrowed by a search", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        await page.getByRole("table", { name: TREE }).waitFor();
        await page.keyboard.press("/");
        await page.keyboard.type("duration:>400");
        await page.keyboard.press("Enter");
        await page.getByText("1 touchpoint in 2 categories").waitFor();
        await expectSoon(() => namesOf(page)).toEqual(["api/orders/", "submit"]);
        await expectSoon(() => addressOf(page)).toBe("/timings?q=duration:%3E400");
      });
    }));
});

describe("one touchpoint", () => {
  test("opens from the tree with its figures, charts over time and distribution", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        await page.getByRole("link", { name: "list", exact: true }).press("Enter");
        await page.getByText("All 100 completed timings.").waitFor();
        await expectSoon(() => addressOf(page)).toBe(LIST);
        await expectSoon(() => page.evaluate("document.activeElement.textContent")).toBe("list");
        const figures = async () =>
          (await page.locator(".timings-figures > div").allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " "));
        await expectSoon(figures).toEqual([
          "Completed 100",
          "min 1 ms",
          "mean 50.5 ms",
          expect.stringMatching(/^p50 (49|50|51)(\.\d)? ms$/),
          expect.stringMatching(/^p90 (89|90|91)(\.\d)? ms$/),
          expect.stringMatching(/^p95 (94|95|96)(\.\d)? ms$/),
          expect.stringMatching(/^p99 (98|99|100)(\.\d)? ms$/),
          "max 100 ms",
          "Running 0",
          "Never finished 0",
        ]);
        await page.getByRole("img", { name: "Durations over time: p50, p90, p95 and p99" }).waitFor();
        const bins = page.getByRole("table", { name: "Timings by duration" }).locator("tbody tr");
        const distribution = async () => {
          const texts = await bins.allInnerTexts();
          const counts = texts.map((text) => Number(/(\d+)\s+[\d.]+ %$/.exec(text)?.[1]));
          return [counts.length > 10, counts.reduce((sum, count) => sum + count, 0), texts.at(-1)?.includes("max")];
        };
        await expectSoon(distribution).toEqual([true, 100, true]);
      });
    }));

  test("has a distribution of all timings, whose rows lead to as many records", () =>
    withServer(configText(), async (server) => {
      const many = Array.from({ length: 5_100 }, (_, at) => timing("api/many", at + 1.5, at * 100 + 9_000));
      await server.send(many.slice(0, 2_600));
      await server.send(many.slice(2_600));
      await withAppPage(browser, server, { path: "/timings?show=touchpoint:api/many" }, async ({ page }) => {
        await page.getByText("All 5,100 completed timings.").waitFor();
        await page.getByRole("table", { name: "Slowest timings, longest first" }).waitFor();
        const slowest = async () => {
          const rows = await rowsOf(page, "Slowest timings, longest first");
          return [rows.length, rows[0]?.[0], await page.getByTitle("5100.5 ms").count()];
        };
        await expectSoon(slowest).toEqual([20, "5.1 s", 2]);
        const last = page.getByRole("table", { name: "Timings by duration" }).locator("tbody tr").last();
        const BIN = /– (\S+ s) .*max ([\d,]+) /;
        const text = await expectSoon(async () => (await last.innerText()).replaceAll(/\s+/g, " ")).toMatch(BIN);
        const [, to, count = ""] = BIN.exec(text) ?? [];
        expect(Number.parseFloat(to ?? "")).toBeGreaterThanOrEqual(5.1);
        await last.getByRole("link").click();
        await page.locator(".logs-total", { hasText: `${count} records` }).waitFor();
      });
    }));

  test("shows its slowest timings, which lead to their trace by key", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: LIST }, async ({ page }) => {
        await page.getByRole("link", { name: "list-100" }).waitFor();
        const slowest = async () =>
          (await rowsOf(page, "Slowest timings, longest first")).map(([duration, key]) => [duration, key]);
        await expectSoon(slowest).toEqual(
          Array.from({ length: 20 }, (_, at) => [`${100 - at} ms`, `list-${100 - at}`]),
        );
        await page.getByRole("link", { name: "list-100" }).click();
        await page.getByRole("heading", { name: "Trace", level: 1 }).waitFor();
        await expectSoon(() => new URL(page.url()).searchParams.get("trace")).toBe("list-100");
      });
    }));

  test("is zoomed into by dragging over a chart", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: LIST }, async ({ page }) => {
        const box = await placeOf(page.locator(".chart .u-over").first());
        await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 5 });
        await page.mouse.up();
        await page.waitForURL(/from=.*to=/);
        const parameters = new URL(page.url()).searchParams;
        const length = Date.parse(parameters.get("to") ?? "") - Date.parse(parameters.get("from") ?? "");
        expect(length).toBeGreaterThan(15 * MINUTE_MS);
        expect(length).toBeLessThan(45 * MINUTE_MS);
        expect(parameters.get("show")).toBe("touchpoint:api/orders/list");
      });
    }));

  test("leads up to its category with a key, and the category's timings are all together", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: SUBMIT }, async ({ page }) => {
        await page.getByText("All 10 completed timings.").waitFor();
        await page.keyboard.press("u");
        await page.getByText("All 110 completed timings.").waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings?show=category:api/orders/");
        await page.keyboard.press("u");
        await page.keyboard.press("u");
        await page.getByRole("table", { name: TREE }).waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings");
      });
    }));
});

describe("the heat map", () => {
  const path = "/timings?show=category:api/orders/";
  const map = (page: Page) => page.getByRole("application", { name: "Timings by time and duration" });

  /** 20 timings of 20 ms, half an hour ago, and 5 of 2 s, ten minutes ago. */
  async function sendTwoGroups(server: TestServer): Promise<void> {
    await server.send([
      ...Array.from({ length: 20 }, (_, at) => timing("api/orders/list", 20, 30 * MINUTE_MS + at)),
      ...Array.from({ length: 5 }, (_, at) => timing("api/orders/submit", 2_000, 10 * MINUTE_MS + at)),
      timing("db/query", 2_000, 10 * MINUTE_MS),
    ]);
  }

  async function expectRecords(page: Page, count: number): Promise<void> {
    await page.locator(".logs-total", { hasText: new RegExp(`^${count} records?$`) }).waitFor();
    const { searchParams } = new URL(page.url());
    expect(searchParams.get("q")).toMatch(
      /^\(touchpoint:"api\/orders\/"\*\) \(status:completed duration:>[\d.]+ duration:<=[\d.]+\)$/,
    );
    expect([searchParams.has("from"), searchParams.has("to")]).toEqual([true, true]);
  }

  /** The upper right quarter, where the long and late timings are. */
  async function upperRight(page: Page) {
    const { x, y, width, height } = await placeOf(map(page).locator(".u-over"));
    return { from: { x: x + width * 0.6, y: y + height * 0.45 }, to: { x: x + width - 3, y: y + 2 } };
  }

  test("opens the records of a rectangle that is dragged", () =>
    withServer(configText(), async (server) => {
      await sendTwoGroups(server);
      await withAppPage(browser, server, { path }, async ({ page }) => {
        const { from, to } = await upperRight(page);
        await page.mouse.move(from.x, from.y);
        await page.mouse.down();
        await page.mouse.move(to.x, to.y, { steps: 5 });
        await page.locator(".heat-map-selected").waitFor();
        await page.locator(".heat-map .chart-time", { hasText: "5 timings" }).waitFor();
        await page.mouse.up();
        await expectRecords(page, 5);
      });
    }));

  test("opens the records of a rectangle that a finger draws", () =>
    withServer(configText(), async (server) => {
      await sendTwoGroups(server);
      const options = { path, viewport: { width: 390, height: 844 }, hasTouch: true };
      await withAppPage(browser, server, options, async ({ page }) => {
        const { from, to } = await upperRight(page);
        const devtools = await page.context().newCDPSession(page);
        const touch = (type: "touchStart" | "touchMove" | "touchEnd", touchPoints: { x: number; y: number }[]) =>
          devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
        await touch("touchStart", [from]);
        // Sideways first: a finger that moves up scrolls the page.
        await touch("touchMove", [{ x: from.x + 30, y: from.y }]);
        await touch("touchMove", [{ x: to.x - 20, y: to.y + 20 }]);
        await touch("touchMove", [to]);
        await touch("touchEnd", []);
        await expectRecords(page, 5);
      });
    }));

  test("opens the records of cells that the arrow keys choose, and says how many there are", () =>
    withServer(configText(), async (server) => {
      await sendTwoGroups(server);
      await withAppPage(browser, server, { path }, async ({ page }) => {
        await map(page).focus();
        await page.keyboard.press("ArrowRight");
        await page
          .getByRole("status")
          .filter({ hasText: /: 20 timings/ })
          .waitFor();
        await page.keyboard.press("Escape");
        await expectNone(page.locator(".heat-map-selected"));
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("Shift+End");
        await page.keyboard.press("Shift+PageUp");
        await page
          .getByRole("status")
          .filter({ hasText: /: 25 timings/ })
          .waitFor();
        await expectAccessible(page, THEMES);
        await page.keyboard.press("Enter");
        await expectRecords(page, 25);
      });
    }));

  test("has a table with the figures of each time", () =>
    withServer(configText(), async (server) => {
      await sendTwoGroups(server);
      await withAppPage(browser, server, { path }, async ({ page }) => {
        const rows = page.getByRole("table", { name: "Timings by time and duration" }).locator("tbody tr");
        await rows.first().waitFor();
        const cells = async () => (await rows.locator("td").allTextContents()).filter((_, at) => at % 7 < 2);
        await expectSoon(cells).toEqual(["20", "20 ms", "5", "2 s"]);
      });
    }));
});

describe("running timings", () => {
  test("are listed with their age, the longest first, until they end", () =>
    withServer(configText(), async (server) => {
      const startTime = Date.now() - 200_000;
      await server.send([
        { touchpoint: "jobs/mail", key: "run-1", startTime: startTime + 150_000 },
        { touchpoint: "jobs/export", key: "run-2", startTime, message: "all orders" },
      ]);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        await page.getByRole("tab", { name: "Durations" }).press("ArrowRight");
        await page.getByText("2 timings running now").waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings?tab=running");
        const running = () => rowsOf(page, "Running timings, most unusual first");
        await expectSoon(async () => (await running()).map(([, , touchpoint, key]) => [touchpoint, key])).toEqual([
          ["jobs/export", "run-2"],
          ["jobs/mail", "run-1"],
        ]);
        const age = async () => (await running())[0]?.[0];
        const before = await expectSoon(age).toMatch(/^3 m \d+ s$/);
        await eventually("the seconds go on", async () => (await age()) !== before);
        await server.send([{ key: "run-2", endTime: Date.now() }]);
        await page.getByText("1 timing running now").waitFor();
        await page.getByRole("link", { name: "jobs/mail" }).click();
        await page.getByRole("heading", { name: "mail", level: 2 }).waitFor();
      });
    }));
});

describe("timings that never finished", () => {
  test("are listed, and the tree links to them", () =>
    withServer(configText({ tables: '[timings]\ntimeout = "1s"' }), async (server) => {
      await server.send([{ touchpoint: "jobs/export", key: "lost-1", startTime: Date.now() - 5_000, message: "gone" }]);
      const isThere = async () =>
        (await read<{ entries: unknown[] }>(server, "entries?q=status:unfinished")).entries.length === 1;
      await eventually("the start is given up", isThere);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page }) => {
        await page
          .getByRole("row", { name: /export/ })
          .getByRole("link", { name: "1", exact: true })
          .click();
        await page.getByText("1 never finished in this time range.").waitFor();
        await expectSoon(() => addressOf(page)).toBe("/timings?show=touchpoint:jobs/export&tab=unfinished");
        const first = async () => (await rowsOf(page, "Timings that never finished, newest first"))[0]?.slice(1);
        await expectSoon(first).toEqual(["jobs/export", "lost-1", "default", "gone"]);
        await expectAccessible(page);
      });
    }));
});

describe("the timings page", () => {
  test("is accessible in both themes", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await server.send([{ touchpoint: "jobs/mail", key: "run-1", startTime: Date.now() - 9_000 }]);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page, ...app }) => {
        await page.getByRole("img", { name: "p95 of db/ over time" }).waitFor();
        await expectAccessible(page, THEMES);
        await app.open("/timings?show=category:api/");
        await page.getByText("All 110 completed timings").waitFor();
        await page.getByRole("table", { name: "Slowest timings, longest first" }).waitFor();
        await expectAccessible(page, THEMES);
        await app.open("/timings?tab=running");
        await page.getByRole("link", { name: "run-1" }).waitFor();
        await expectAccessible(page, THEMES);
      });
    }));

  test("fits a phone", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      const viewport = { width: 360, height: 740 };
      await withAppPage(browser, server, { path: "/timings", viewport }, async ({ page, ...app }) => {
        await page.getByRole("table", { name: TREE }).waitFor();
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(360);
        await app.open("/timings?show=category:api/");
        await page.getByRole("table", { name: "Slowest timings, longest first" }).waitFor();
        await expectSoon(() => page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      });
    }));

  test("shows names, keys and messages as text, whatever they are", () =>
    withServer(configText(), async (server) => {
      const texts = [
        "<img src=x onerror=alert(1)>",
        '"><script>alert(1)</script>',
        "javascript:alert(1)",
        "</title><svg onload=alert(1)>",
        "{{constructor.constructor('alert(1)')()}}",
      ];
      await server.send(
        texts.map((text) => timing(text, 5, 9_000, { key: text, message: text, metadata: { [text]: text } })),
      );
      await server.send(
        texts.map((text) => ({ touchpoint: text, key: `${text} runs`, message: text, startTime: Date.now() })),
      );
      await withAppPage(browser, server, { path: "/timings" }, async ({ page, ...app }) => {
        await page.getByRole("table", { name: TREE }).waitFor();
        for (const text of texts) {
          await app.open(`/timings?show=${encodeURIComponent(`touchpoint:${text}`)}`);
          await page.getByRole("table", { name: "Slowest timings, longest first" }).getByText(text).first().waitFor();
          await expectSoon(async () => (await rowsOf(page, "Slowest timings, longest first"))[0]?.slice(1, 2)).toEqual([
            text,
          ]);
        }
        await app.open("/timings?tab=running");
        await page.getByText("5 timings running now").waitFor();
        await expectSoon(async () =>
          (await rowsOf(page, "Running timings, most unusual first")).map(([, , name = ""]) => name).toSorted(),
        ).toEqual(texts.toSorted());
        await expectNone(page.locator("main script, main img, main svg[onload]"));
      });
    }));
});

describe("the timings page without timings", () => {
  test("says what to send, or that a search matches nothing", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "only a log" }]);
      await withAppPage(browser, server, { path: "/timings" }, async ({ page, ...app }) => {
        await page.getByText("No timings in this time range").waitFor();
        await app.open("/timings?q=nothing");
        await page.getByText("No timing matches").waitFor();
        await app.open("/timings?tab=running");
        await page.getByText("No timing is running").waitFor();
        await app.open("/timings?tab=unfinished");
        await page.getByText("All timings finished").waitFor();
      });
    }));

  test("says what is wrong with a search", () =>
    withServer(configText(), async (server) => {
      const path = "/timings?q=level:eror";
      await withAppPage(browser, server, { path, expected: [/status of 400/] }, async ({ page }) => {
        await page.getByText("did you mean error?").waitFor();
        await page.getByRole("button", { name: "Clear the search" }).click();
        await page.getByText("No timings in this time range").waitFor();
      });
    }));

  test("says that the server failed, and tries again on request", () =>
    withServer(configText(), async (server) => {
      await sendTimings(server);
      await withAppPage(browser, server, { path: "/keys", expected: [/status of 500/] }, async ({ page }) => {
        await page.route("**/api/v1/timings?*", (route) => route.fulfill({ status: 500, body: "{}" }));
        await page.getByRole("link", { name: "Timings" }).click();
        await page.getByText("The server responded with 500.").waitFor();
        await page.unroute("**/api/v1/timings?*");
        await page.getByRole("button", { name: "Try again" }).click();
        await page.getByRole("table", { name: TREE }).waitFor();
      });
    }));
});
