// "All projects" keeps equal names of two projects apart, on every page that lists touchpoints.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { configText, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const BLOG_KEY = "sk_of_the_blog_0123456789";
const CONFIG = configText({ tables: `[[keys]]\nname = "blog"\nproject = "blog"\nserver = "${BLOG_KEY}"` });

/** "api/pay" in two projects: slow and often failing in the blog, quick in the shop. */
function withProjects(path: string, work: (page: Page) => Promise<void>, width = 1280): Promise<void> {
  return withServer(CONFIG, async (server) => {
    const entries = (duration: number, errors: number) => [
      { touchpoint: "api/pay", duration },
      { touchpoint: "api/pay", key: "req-1", startTime: Date.now() - 60_000 },
      ...Array.from({ length: errors }, () => ({ touchpoint: "api/pay", message: "x", level: "error" as const })),
    ];
    await server.send(entries(5, 1));
    const body = JSON.stringify({ key: BLOG_KEY, source: "server", entries: entries(9_000, 3) });
    const response = await fetch(`${server.url}/api/v1/enqueue`, { method: "POST", body });
    expect(response.status).toBe(202);
    await withAppPage(browser, server, { path, viewport: { width, height: 900 } }, ({ page }) => work(page));
  });
}

const parametersOf = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);

test("Timings has a table of each project, and a name leads into its own", () =>
  withProjects("/timings", async (page) => {
    const blog = page.getByRole("region", { name: "Project blog" });
    const shop = page.getByRole("region", { name: "Project default" });
    await expectSoon(() => blog.getByRole("row").nth(2).innerText()).toContain("9 s");
    await expectSoon(() => shop.getByRole("row").nth(2).innerText()).toContain("5 ms");
    // What is closed in one stays open in the other.
    await blog.getByRole("button", { name: "Collapse api/" }).click();
    await blog.getByRole("link", { name: "pay" }).waitFor({ state: "detached" });
    await shop.getByRole("link", { name: "pay" }).click();
    await page.getByRole("heading", { level: 2, name: "pay" }).waitFor();
    await expectSoon(() => parametersOf(page)).toMatchObject({ project: "default", show: "touchpoint:api/pay" });
  }));

test("a link to a name without its project asks which one is meant", () =>
  withProjects("/timings?show=touchpoint:api/pay", async (page) => {
    await page.getByText("Several projects have this name").waitFor();
    await page.getByRole("tabpanel").getByRole("link", { name: "blog" }).click();
    await page.getByRole("heading", { name: "Distribution" }).waitFor();
    await expectSoon(() => parametersOf(page)).toMatchObject({ project: "blog", show: "touchpoint:api/pay" });
  }));

test("the Overview names the project of each row", () =>
  withProjects("/", async (page) => {
    const slowest = page.getByRole("table", { name: "Slowest touchpoints by p95" });
    await slowest.waitFor();
    const projects = async () =>
      (await slowest.getByRole("row").allInnerTexts()).slice(1).map((row) => /(blog|default)/.exec(row)?.[0]);
    await expectSoon(projects).toEqual(["blog", "default"]);
    const errors = page.locator(".overview-sources li");
    await expectSoon(async () => (await errors.allInnerTexts()).map((row) => row.split(/\s+/))).toEqual([
      ["api/pay", "blog", "3"],
      ["api/pay", "default", "1"],
    ]);
    await errors.nth(1).getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "Logs" }).waitFor();
    await expectSoon(() => parametersOf(page)).toMatchObject({ project: "default" });
  }));

test("running timings lead to the touchpoint of their own project", () =>
  withProjects("/timings?tab=running", async (page) => {
    const table = page.getByRole("table", { name: /^Running/ });
    await table.getByRole("row").filter({ hasText: "blog" }).getByRole("link", { name: "api/pay" }).click();
    await page.getByRole("heading", { level: 2, name: "pay" }).waitFor();
    await expectSoon(() => parametersOf(page)).toMatchObject({ project: "blog" });
  }));

test("the tree in Logs counts each project, and a press leads into it", () =>
  withProjects("/logs?group=touchpoint", async (page) => {
    const blog = page.getByRole("region", { name: "Project blog" });
    await blog.getByRole("button", { name: /^pay/ }).waitFor();
    await expectSoon(() => blog.getByRole("button", { name: /^pay/ }).innerText()).toMatch(/pay\s+4/);
    await page.getByRole("region", { name: "Project default" }).getByRole("button", { name: /^pay/ }).click();
    await page.getByText("2 records", { exact: true }).first().waitFor();
    await expectSoon(() => parametersOf(page)).toMatchObject({ project: "default", q: "touchpoint:api/pay" });
  }));

test.each(["/timings", "/", "/timings?show=touchpoint:api/pay", "/logs?group=touchpoint"])(
  "is accessible in both themes, and fits a phone: %s",
  (path) =>
    withProjects(
      path,
      async (page) => {
        await page.locator("main").getByText("blog").first().waitFor();
        await expectAccessible(page, THEMES);
        await expectSoon(() => page.evaluate("document.scrollingElement.scrollWidth")).toBe(390);
      },
      390,
    ),
);
