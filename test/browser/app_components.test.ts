// The app's components in a real browser, under the app's own policy, by pointer and by keyboard.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon, placeOf } from "../support/expect_soon.ts";
import { type GallerySite, startGallery } from "../support/gallery.ts";

const MINUTE_MS = 60_000;
const BEGIN = Date.parse("2026-01-31T12:00:00Z");

let browser: Browser;
let gallery: GallerySite;

beforeAll(async () => {
  browser = await startBrowser();
  gallery = await startGallery();
});

afterAll(async () => {
  await browser.close();
  await gallery.close();
});

function withGallery(work: (page: Page) => Promise<void>, path = "/"): Promise<void> {
  return withAppPage(browser, gallery, { path, isSignedIn: false, timezoneId: "UTC" }, async ({ page }) => {
    await page.getByRole("heading", { name: "Gallery" }).waitFor();
    await work(page);
  });
}

/** waitForFunction would need eval, which the policy stops. */
const untilHolds = (page: Page, expression: string) =>
  eventually(expression, async () => (await page.evaluate(expression)) === true);
const told = (page: Page) => page.getByRole("status").innerText();
const focused = (page: Page): Promise<string> => page.evaluate("document.activeElement.textContent");
const press = async (page: Page, ...keys: readonly string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};

describe("components", () => {
  test("are accessible in both themes", () =>
    withGallery(async (page) => {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
      }
    }));
});

describe("a combobox", () => {
  test("takes a suggestion with the arrow keys, and submits without one", () =>
    withGallery(async (page) => {
      const field = page.getByRole("combobox", { name: "Fruit" });
      await field.fill("ap");
      await expectSoon(() => page.getByRole("option").allInnerTexts()).toEqual(["apple\n5", "apricot\n7"]);
      await press(page, "ArrowDown", "ArrowDown");
      const marked = async () => page.locator(`[id="${await field.getAttribute("aria-activedescendant")}"]`);
      await expectSoon(async () => (await marked()).innerText()).toContain("apricot");
      await expectAccessible(page);
      await press(page, "Enter");
      await expectSoon(() => field.inputValue()).toBe("apricot");
      await expectSoon(() => told(page)).toBe("");
      await press(page, "Escape");
      await expectNone(page.getByRole("listbox"));
      await press(page, "Enter");
      await expectSoon(() => told(page)).toBe("submitted apricot");
    }));

  test("keeps the mark when suggestions are refreshed, and takes it", () =>
    withGallery(async (page) => {
      const field = page.getByRole("combobox", { name: "Fruit" });
      await field.fill("ap");
      await page.getByRole("option").nth(1).waitFor();
      await press(page, "ArrowDown", "ArrowDown");
      await page.evaluate("dispatchEvent(new Event('more-fruits'))");
      await page.getByRole("option").nth(2).waitFor();
      await expectSoon(() => page.getByRole("option", { selected: true }).innerText()).toContain("apricot");
      await press(page, "Enter");
      await expectSoon(() => field.inputValue()).toBe("apricot");
    }));

  test("loses the mark when more is typed", () =>
    withGallery(async (page) => {
      await page.getByRole("combobox", { name: "Fruit" }).fill("a");
      await page.getByRole("option").first().waitFor();
      await press(page, "ArrowDown", "p", "Enter");
      await expectSoon(() => told(page)).toBe("submitted ap");
    }));

  test("is one stop for the tab key, though its suggestions scroll", () =>
    withGallery(async (page) => {
      await page.getByRole("combobox", { name: "Fruit" }).fill("a");
      await page.getByRole("option").first().waitFor();
      await page.evaluate("document.querySelector('.suggestions').style.maxHeight = '20px'");
      await press(page, "Tab");
      await page.getByRole("listbox").waitFor({ state: "detached" });
      await expectSoon(() => page.evaluate("document.activeElement.tagName")).toBe("BUTTON");
    }));

  test("takes a suggestion by the pointer, and keeps the focus", () =>
    withGallery(async (page) => {
      await page.getByRole("combobox", { name: "Fruit" }).fill("b");
      await page.getByRole("option", { name: "banana" }).click();
      await expectSoon(() => page.getByRole("combobox", { name: "Fruit" }).inputValue()).toBe("banana");
      await expectSoon(() => page.evaluate("document.activeElement.role")).toBe("combobox");
    }));
});

describe("a popover", () => {
  const panel = (page: Page) => page.getByRole("dialog", { name: "Actions" });

  test("takes the focus, and gives it back when it closes itself", () =>
    withGallery(async (page) => {
      await page.getByRole("button", { name: "Actions" }).click();
      await expectSoon(() => focused(page)).toBe("Copy");
      await expectAccessible(page);
      await press(page, "Enter");
      await expectSoon(() => told(page)).toBe("copied");
      await expectNone(panel(page));
      await expectSoon(() => focused(page)).toBe("Actions");
    }));

  test("closes without running anything on Escape, and on a press elsewhere", () =>
    withGallery(async (page) => {
      const open = () => page.getByRole("button", { name: "Actions" }).click();
      await open();
      await press(page, "Escape");
      await expectNone(panel(page));
      await open();
      await page.getByRole("heading", { name: "Gallery" }).click();
      await expectNone(panel(page));
      await expectSoon(() => told(page)).toBe("");
    }));
});

describe("tabs", () => {
  test("are one stop for the tab key, with arrows between them", () =>
    withGallery(async (page) => {
      await page.getByRole("tab", { name: "First" }).focus();
      await press(page, "ArrowRight");
      await expectSoon(() => page.getByRole("tabpanel", { name: "Second" }).innerText()).toBe("panel two");
      await expectSoon(() => focused(page)).toBe("Second");
      await press(page, "ArrowRight");
      await expectSoon(() => focused(page)).toBe("First");
      await press(page, "Tab");
      await expectSoon(() => page.evaluate("document.activeElement.role === 'tab'")).toBe(false);
    }));
});

describe("a chart", () => {
  test("has its numbers as a table, and shows those under the pointer", () =>
    withGallery(async (page) => {
      const table = page.getByRole("table", { name: "Entries by level" });
      await expectSoon(() => table.getByRole("row").count()).toBe(61);
      await expectSoon(() => table.getByRole("row").nth(2).innerText()).toBe("2026-01-31 12:01:00.000\t1\t7");
      const box = await placeOf(page.locator(".u-over"));
      // The middle of the 31st of 60 bars.
      await page.mouse.move(box.x + (box.width * 30.5) / 60, box.y + 20);
      const legend = page.locator(".chart-legend");
      await legend.getByText("2026-01-31 12:30:00").waitFor();
      await expectSoon(async () => (await legend.innerText()).split("\n")).toEqual([
        "info",
        "30",
        "error",
        "7",
        "2026-01-31 12:30:00",
      ]);
    }));

  test("selects the dragged range, and the bucket of a bar that is clicked", () =>
    withGallery(async (page) => {
      const box = await placeOf(page.locator(".u-over"));
      // The middle of the 13th of 60 bars, with a hand that trembles.
      await page.mouse.move(box.x + (box.width * 12.5) / 60, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + (box.width * 12.5) / 60 + 1, box.y + 20);
      await page.mouse.up();
      await expectSoon(() => told(page)).toBe(`${BEGIN + 12 * MINUTE_MS} ${BEGIN + 13 * MINUTE_MS}`);
      await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 30, { steps: 4 });
      await page.mouse.up();
      // In half minutes: a quarter of a minute to both sides is near enough.
      const halves = async () => (await told(page)).split(" ").map((at) => (Number(at) - BEGIN) / (MINUTE_MS / 2));
      await expectSoon(halves).toEqual([expect.closeTo(30, 0), expect.closeTo(60, 0)]);
    }));

  test("is redrawn in the other theme, and follows the window's width", () =>
    withGallery(async (page) => {
      // What is drawn, without the page behind it.
      const drawn = () => page.evaluate("document.querySelector('.chart canvas')?.toDataURL()");
      const before = await drawn();
      await page.emulateMedia({ colorScheme: "dark" });
      await untilHolds(page, "getComputedStyle(document.documentElement).backgroundColor === 'rgb(18, 22, 28)'");
      await eventually("the chart has other colours", async () => {
        const now = await drawn();
        return now !== undefined && now !== before;
      });
      await page.setViewportSize({ width: 400, height: 800 });
      await untilHolds(page, "document.querySelector('.chart canvas').clientWidth <= 400");
      await untilHolds(page, "document.scrollingElement.scrollWidth === 400");
    }));
});

describe("a table", () => {
  const names = (page: Page) => page.getByRole("table", { name: "Counts" }).getByRole("link").allInnerTexts();

  test("is sorted by its headers, with the order in the address and absent values last", () =>
    withGallery(async (page) => {
      await expectSoon(() => names(page)).toEqual(["<b>cron</b>", "api/orders", "db"]);
      await page.getByRole("button", { name: "Count" }).click();
      await expectSoon(() => names(page)).toEqual(["db", "api/orders", "<b>cron</b>"]);
      await expectSoon(() => page.url()).toBe(`${gallery.url}/?sort=-count`);
      await expectSoon(() => page.getByRole("columnheader", { name: "Count" }).getAttribute("aria-sort")).toBe(
        "descending",
      );
      await page.getByRole("button", { name: "Count" }).click();
      await expectSoon(() => names(page)).toEqual(["api/orders", "db", "<b>cron</b>"]);
      await expectSoon(() => page.url()).toBe(`${gallery.url}/?sort=count`);
    }));

  test("opens in the order of its address, and is walked with the arrow keys", () =>
    withGallery(async (page) => {
      await expectSoon(() => names(page)).toEqual(["db", "api/orders", "<b>cron</b>"]);
      await page.getByRole("link", { name: "db" }).focus();
      await press(page, "ArrowDown", "ArrowDown");
      await expectSoon(() => focused(page)).toBe("<b>cron</b>");
      await press(page, "ArrowUp");
      await expectSoon(() => focused(page)).toBe("api/orders");
      await expectSoon(() => page.getByRole("link", { name: "cron" }).getAttribute("href")).toBe(
        "/logs?q=%3Cb%3Ecron%3C/b%3E",
      );
    }, "/?sort=-count"));

  test("shows a tree whose categories open and close", () =>
    withGallery(async (page) => {
      const tree = page.getByRole("table", { name: "Tree" });
      const cells = () => tree.getByRole("cell").allInnerTexts();
      await expectSoon(() => cells()).toEqual(["api", "db"]);
      await tree.getByRole("button", { name: "Expand api" }).click();
      await tree.getByRole("button", { name: "Expand api/orders" }).press("Enter");
      await expectSoon(() => cells()).toEqual(["api", "orders", "submit", "users", "db"]);
      await tree.getByRole("button", { name: "Collapse api", exact: true }).click();
      await expectSoon(() => cells()).toEqual(["api", "db"]);
    }));
});

describe("a virtual list", () => {
  const list = (page: Page) => page.getByRole("list", { name: "Rows" });
  /** Text and distance from the list's top of the first row in sight; null before it is drawn. */
  const firstInSight = (page: Page): Promise<{ text: string; top: number } | null> =>
    page.evaluate(`(() => {
      const frame = document.querySelector("[aria-label=Rows]");
      const top = frame.getBoundingClientRect().top;
      const row = [...frame.querySelectorAll(".virtual-row")].find((one) => one.getBoundingClientRect().bottom > top);
      return row === undefined ? null : { text: row.textContent, top: Math.round(row.getBoundingClientRect().top - top) };
    })()`);
  /** The same once the rows that appeared have been measured. */
  const settled = async (page: Page) => {
    let seen = await firstInSight(page);
    await eventually("the rows are measured", async () => {
      await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      const before = JSON.stringify(seen);
      seen = await firstInSight(page);
      return seen !== null && JSON.stringify(seen) === before;
    });
    return seen;
  };
  const scrollTo = (page: Page, top: number) =>
    page.evaluate(`document.querySelector("[aria-label=Rows]").scrollTop = ${top}`);

  test("of a million rows renders a few of them, wherever it is scrolled to", () =>
    withGallery(async (page) => {
      for (const share of [0, 0.5, 1]) {
        await scrollTo(page, share * 30_000_000);
        const expected = share === 0 ? "row 0" : share === 1 ? "row 999999" : "row 6";
        await list(page).getByText(expected).first().waitFor();
        await expectSoon(() => list(page).getByRole("listitem").count()).toBeLessThan(60);
      }
      await expectSoon(() => told(page)).toBe("end in sight");
    }));

  test("keeps its rows in view when others are added above, and shows the new ones at the top", () =>
    withGallery(async (page) => {
      const more = page.getByRole("button", { name: "More above" });
      await more.click();
      await list(page).getByText("row -250", { exact: true }).waitFor();
      await expectSoon(() => settled(page)).toEqual({ text: "row -250", top: 0 });
      await scrollTo(page, 5_000);
      await untilHolds(page, "document.querySelector('[aria-label=Rows]').scrollTop > 4000");
      const before = await settled(page);
      await more.click();
      await untilHolds(page, "document.querySelector('[aria-label=Rows]').scrollTop > 9000");
      await expectSoon(() => settled(page)).toEqual(before);
    }));
});
