// The Why? rail in a real browser: what sets the found records apart is named, a click on a value changes the search.

import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Twenty errors, all of one region, among 200 records of which six in ten are of it. */
const ENTRIES = Array.from({ length: 200 }, (_, index) => {
  const isError = index % 10 === 0;
  const region = isError || index % 9 < 5 ? "eu west" : "us-east-1";
  return { level: isError ? "error" : "info", message: `line ${index}`, metadata: { region, id: `r${index}` } };
});

const OF_REGION = ENTRIES.filter(({ metadata }) => metadata.region === "eu west").length;

interface Options {
  readonly path: string;
  readonly viewport?: { width: number; height: number };
  readonly entries?: readonly unknown[];
  readonly expected?: readonly RegExp[];
}

function withWhy(options: Options, work: (page: Page, server: TestServer) => Promise<void>): Promise<void> {
  const { entries = ENTRIES, ...rest } = options;
  return withServer(configText(), async (server) => {
    if (entries.length > 0) await server.send(entries.map((one) => ({ timestamp: Date.now(), ...(one as object) })));
    await withAppPage(browser, server, rest, ({ page }) => work(page, server));
  });
}

function rail(page: Page) {
  return page.getByRole("region", { name: "Why?", exact: true });
}

function search(page: Page): string | null {
  return new URL(page.url()).searchParams.get("q");
}

describe("the Why? rail", () => {
  test("names what stands out, and is in the address", () =>
    withWhy({ path: "/logs?q=level:error" }, async (page) => {
      await page.getByRole("button", { name: "Why?", exact: true }).click();
      await rail(page)
        .getByText(/^region eu west stands out: 100 % of these, \d+ % of the rest\.$/)
        .waitFor();
      await expectSoon(() => new URL(page.url()).searchParams.get("why")).toBe("on");
      const region = rail(page).getByRole("region", { name: "region" });
      await expectSoon(() => region.getByRole("button", { pressed: false }).first().textContent()).toMatch(
        /eu west20, 100 % of these, \d+ % of the rest/,
      );
      await expectAccessible(page, THEMES);
      await page.reload();
      await rail(page)
        .getByText(/stands out/)
        .waitFor();
      await page.keyboard.press("y");
      await rail(page).waitFor({ state: "detached" });
      await expectSoon(() => new URL(page.url()).search).toBe("?q=level:error");
    }));

  test("a click includes a value or excludes it, quoted where needed, and another click takes it back", () =>
    withWhy({ path: "/logs?q=line+OR+other&why=on" }, async (page) => {
      const region = rail(page).getByRole("region", { name: "region" });
      await region.getByRole("button", { name: /^eu west/ }).click();
      await page.waitForURL(() => search(page) === '(line OR other) metadata.region:"eu west"');
      await page.locator(".logs-total", { hasText: `${OF_REGION} records` }).waitFor();
      await region.getByRole("button", { name: /^eu west/, pressed: true }).click();
      await page.waitForURL(() => search(page) === "(line OR other)");
      await region.getByRole("button", { name: 'Exclude from the search: metadata.region:"eu west"' }).click();
      await page.waitForURL(() => search(page) === '(line OR other) -metadata.region:"eu west"');
      await page.locator(".logs-total", { hasText: `${200 - OF_REGION} records` }).waitFor();
      await rail(page).getByRole("button", { name: 'Remove from the search: -metadata.region:"eu west"' }).click();
      await page.waitForURL(() => search(page) === "(line OR other)");
      await page.locator(".logs-total", { hasText: "200 records" }).waitFor();
    }));

  test("asks one request for all fields, and gives it up when the search changes", () =>
    withWhy({ path: "/logs?why=on", expected: [/Failed to load resource/] }, async (page) => {
      await rail(page).getByRole("button", { name: "Only errors" }).waitFor();
      // A server that is slow to answer is asked again once it does: the same, but for the time.
      const asked = new Set<string>();
      const questionOf = (url: string) => {
        const { searchParams } = new URL(url);
        for (const time of ["from", "to"]) searchParams.delete(time);
        return String(searchParams);
      };
      let given = 0;
      page.on("request", (request) => {
        if (request.url().includes("/breakdown")) asked.add(questionOf(request.url()));
      });
      page.on("requestfailed", (request) => {
        if (request.url().includes("/breakdown")) given++;
      });
      let release = () => undefined as void;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route("**/api/v1/breakdown*q=line*", async (route) => {
        await held;
        await route.continue().catch(() => undefined);
      });
      await page.getByLabel("Search", { exact: true }).fill("line");
      await page.keyboard.press("Enter");
      await page.waitForURL(() => search(page) === "line");
      await page.getByLabel("Search", { exact: true }).fill("level:error");
      await page.keyboard.press("Enter");
      await rail(page)
        .getByText(/region eu west stands out/)
        .waitFor();
      release();
      const questions = () => [...asked].map((text) => new URLSearchParams(text).get("q"));
      await expectSoon(() => [questions(), given > 0]).toEqual([["line", "level:error"], true]);
    }));

  test("says that all records are found, that none is, that only a part was searched, and that the server failed", () =>
    withWhy({ path: "/logs?why=on", expected: [/Failed to load resource/] }, async (page) => {
      await rail(page).getByText("All records of the time range are shown.").waitFor();
      await expectAccessible(page, THEMES);
      await page.goto(`${new URL(page.url()).origin}/logs?why=on&q=line`);
      await rail(page).getByText("nothing to compare them with").waitFor();
      await page.goto(`${new URL(page.url()).origin}/logs?why=on&q=zyzzyva`);
      await rail(page).getByText("No records to explain").waitFor();
      await expectAccessible(page, THEMES);
      const part = { found: 20, others: 180, more: 3, fields: [], stoppedEarly: "the time limit was reached" };
      await page.route(/breakdown/, (route) => route.fulfill({ json: part }));
      await page.goto(`${new URL(page.url()).origin}/logs?why=on&q=level:error`);
      await rail(page).getByText("Only a part was searched.").waitFor();
      await page.unroute(/breakdown/);
      await page.route(/breakdown/, (route) => route.fulfill({ status: 500, json: { message: "broken" } }));
      await page.goto(`${new URL(page.url()).origin}/logs?why=on&q=level:error`);
      await rail(page).getByRole("alert").getByText("broken").waitFor();
      await expectAccessible(page, THEMES);
    }));

  test("says why the slowest timings of a touchpoint are slow, compared with its other timings alone", () =>
    withWhy(
      {
        path: "/timings?show=touchpoint:api/search",
        entries: [
          ...Array.from({ length: 200 }, (_, index) => ({
            touchpoint: "api/search",
            duration: index % 10 === 0 ? 900 : 20 + (index % 7),
            metadata: { build: index % 2 === 0 ? "482" : "481", cache: { hit: index % 10 !== 0 } },
          })),
          ...Array.from({ length: 100 }, () => ({ message: "other", metadata: { build: "482" } })),
        ],
      },
      async (page) => {
        await page.getByRole("link", { name: "Why slow?" }).click();
        await rail(page)
          .getByText("cache.hit false stands out: 100 % of these, 0 % of the rest; also build 482 (100 %,")
          .waitFor();
        await rail(page).getByText("20 found").waitFor();
        await rail(page).getByText("180 others").waitFor();
        await expectAccessible(page, THEMES);
        await rail(page).getByRole("button", { name: "Compare with everything" }).click();
        await rail(page).getByText("280 others").waitFor();
        await rail(page)
          .getByRole("button", { name: /^false/ })
          .click();
        await page.waitForURL(() => search(page)?.endsWith("metadata.cache.hit:false") === true);
        await page.locator(".logs-total", { hasText: "20 records" }).waitFor();
      },
    ));

  test("is a sheet on a phone, which the keyboard closes, and nothing scrolls sideways", () =>
    withWhy({ path: "/logs?q=level:error", viewport: { width: 390, height: 844 } }, async (page) => {
      await page.getByRole("button", { name: "Why?", exact: true }).click();
      await rail(page)
        .getByText(/stands out/)
        .waitFor();
      const edges = async () => {
        const box = await rail(page).boundingBox();
        return [box?.x, box?.width, (box?.y ?? 0) + (box?.height ?? 0)];
      };
      await expectSoon(edges).toEqual([0, 390, 844]);
      await expectSoon(() => page.evaluate("document.activeElement.textContent")).toBe("Why?");
      await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(390);
      await expectAccessible(page, THEMES);
      await page.keyboard.press("Escape");
      await rail(page).waitFor({ state: "detached" });
      await expectSoon(() => page.evaluate("document.activeElement.textContent")).toBe("Why?");
    }));
});
