// The app's components in a real browser, under the app's own policy, by pointer and by keyboard.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { accessibilityProblems, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
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
        expect(await accessibilityProblems(page)).toEqual([]);
      }
    }));
});

describe("a combobox", () => {
  test("takes a suggestion with the arrow keys, and submits without one", () =>
    withGallery(async (page) => {
      const field = page.getByRole("combobox", { name: "Fruit" });
      await field.fill("ap");
      expect(await page.getByRole("option").allInnerTexts()).toEqual(["apple\n5", "apricot\n7"]);
      await press(page, "ArrowDown", "ArrowDown");
      const active = await field.getAttribute("aria-activedescendant");
      expect(await page.locator(`[id="${active}"]`).innerText()).toContain("apricot");
      expect(await accessibilityProblems(page)).toEqual([]);
      await press(page, "Enter");
      expect(await field.inputValue()).toBe("apricot");
      expect(await told(page)).toBe("");
      await press(page, "Escape");
      expect(await page.getByRole("listbox").count()).toBe(0);
      await press(page, "Enter");
      expect(await told(page)).toBe("submitted apricot");
    }));

  test("keeps the mark when suggestions are refreshed, and takes it", () =>
    withGallery(async (page) => {
      const field = page.getByRole("combobox", { name: "Fruit" });
      await field.fill("ap");
      await press(page, "ArrowDown", "ArrowDown");
      await page.evaluate("dispatchEvent(new Event('more-fruits'))");
      await page.getByRole("option").nth(2).waitFor();
      expect(await page.getByRole("option", { selected: true }).innerText()).toContain("apricot");
      await press(page, "Enter");
      expect(await field.inputValue()).toBe("apricot");
    }));

  test("loses the mark when more is typed", () =>
    withGallery(async (page) => {
      await page.getByRole("combobox", { name: "Fruit" }).fill("a");
      await press(page, "ArrowDown", "p", "Enter");
      expect(await told(page)).toBe("submitted ap");
    }));

  test("is one stop for the tab key, though its suggestions scroll", () =>
    withGallery(async (page) => {
      await page.getByRole("combobox", { name: "Fruit" }).fill("a");
      await page.getByRole("option").first().waitFor();
      await page.evaluate("document.querySelector('.suggestions').style.maxHeight = '20px'");
      await press(page, "Tab");
      await page.getByRole("listbox").waitFor({ state: "detached" });
      expect(await page.evaluate<string>("document.activeElement.tagName")).toBe("BUTTON");
    }));

  test("takes a suggestion by the pointer, and keeps the focus", () =>
    withGallery(async (page) => {
      await page.getByRole("combobox", { name: "Fruit" }).fill("b");
      await page.getByRole("option", { name: "banana" }).click();
      expect(await page.getByRole("combobox", { name: "Fruit" }).inputValue()).toBe("banana");
      expect(await page.evaluate("document.activeElement.role")).toBe("combobox");
    }));
});

describe("a popover", () => {
  const panel = (page: Page) => page.getByRole("dialog", { name: "Actions" });

  test("takes the focus, and gives it back when it closes itself", () =>
    withGallery(async (page) => {
      await page.getByRole("button", { name: "Actions" }).click();
      expect(await focused(page)).toBe("Copy");
      expect(await accessibilityProblems(page)).toEqual([]);
      await press(page, "Enter");
      expect(await told(page)).toBe("copied");
      expect(await panel(page).count()).toBe(0);
      expect(await focused(page)).toBe("Actions");
    }));

  test("closes without running anything on Escape, and on a press elsewhere", () =>
    withGallery(async (page) => {
      const open = () => page.getByRole("button", { name: "Actions" }).click();
      await open();
      await press(page, "Escape");
      expect(await panel(page).count()).toBe(0);
      await open();
      await page.getByRole("heading", { name: "Gallery" }).click();
      expect(await panel(page).count()).toBe(0);
      expect(await told(page)).toBe("");
    }));
});

describe("tabs", () => {
  test("are one stop for the tab key, with arrows between them", () =>
    withGallery(async (page) => {
      await page.getByRole("tab", { name: "First" }).focus();
      await press(page, "ArrowRight");
      expect(await page.getByRole("tabpanel", { name: "Second" }).innerText()).toBe("panel two");
      expect(await focused(page)).toBe("Second");
      await press(page, "ArrowRight");
      expect(await focused(page)).toBe("First");
      await press(page, "Tab");
      expect(await focused(page)).not.toBe("Second");
    }));
});

describe("a chart", () => {
  test("has its numbers as a table, and shows those under the pointer", () =>
    withGallery(async (page) => {
      const table = page.getByRole("table", { name: "Entries by level" });
      expect(await table.getByRole("row").count()).toBe(61);
      expect(await table.getByRole("row").nth(2).innerText()).toBe("2026-01-31 12:01:00.000\t1\t7");
      const box = await page.locator(".u-over").boundingBox();
      if (box === null) throw new Error("the chart is not drawn");
      // The middle of the 31st of 60 bars.
      await page.mouse.move(box.x + (box.width * 30.5) / 60, box.y + 20);
      const legend = page.locator(".chart-legend");
      await legend.getByText("2026-01-31 12:30:00").waitFor();
      expect((await legend.innerText()).split("\n")).toEqual(["info", "30", "error", "7", "2026-01-31 12:30:00"]);
    }));

  test("selects the dragged range, and the bucket of a bar that is clicked", () =>
    withGallery(async (page) => {
      const box = await page.locator(".u-over").boundingBox();
      if (box === null) throw new Error("the chart is not drawn");
      // The middle of the 13th of 60 bars, with a hand that trembles.
      await page.mouse.move(box.x + (box.width * 12.5) / 60, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + (box.width * 12.5) / 60 + 1, box.y + 20);
      await page.mouse.up();
      expect(await told(page)).toBe(`${BEGIN + 12 * MINUTE_MS} ${BEGIN + 13 * MINUTE_MS}`);
      await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 30, { steps: 4 });
      await page.mouse.up();
      const [from = 0, to = 0] = (await told(page)).split(" ").map(Number);
      expect(Math.abs(from - (BEGIN + 15 * MINUTE_MS))).toBeLessThan(MINUTE_MS / 4);
      expect(Math.abs(to - (BEGIN + 30 * MINUTE_MS))).toBeLessThan(MINUTE_MS / 4);
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
      expect(await names(page)).toEqual(["<b>cron</b>", "api/orders", "db"]);
      await page.getByRole("button", { name: "Count" }).click();
      expect(await names(page)).toEqual(["db", "api/orders", "<b>cron</b>"]);
      expect(page.url()).toBe(`${gallery.url}/?sort=-count`);
      expect(await page.getByRole("columnheader", { name: "Count" }).getAttribute("aria-sort")).toBe("descending");
      await page.getByRole("button", { name: "Count" }).click();
      expect(await names(page)).toEqual(["api/orders", "db", "<b>cron</b>"]);
      expect(page.url()).toBe(`${gallery.url}/?sort=count`);
    }));

  test("opens in the order of its address, and is walked with the arrow keys", () =>
    withGallery(async (page) => {
      expect(await names(page)).toEqual(["db", "api/orders", "<b>cron</b>"]);
      await page.getByRole("link", { name: "db" }).focus();
      await press(page, "ArrowDown", "ArrowDown");
      expect(await focused(page)).toBe("<b>cron</b>");
      await press(page, "ArrowUp");
      expect(await focused(page)).toBe("api/orders");
      expect(await page.getByRole("link", { name: "cron" }).getAttribute("href")).toBe("/logs?q=%3Cb%3Ecron%3C/b%3E");
    }, "/?sort=-count"));

  test("shows a tree whose categories open and close", () =>
    withGallery(async (page) => {
      const tree = page.getByRole("table", { name: "Tree" });
      const cells = () => tree.getByRole("cell").allInnerTexts();
      expect(await cells()).toEqual(["api", "db"]);
      await tree.getByRole("button", { name: "Expand api" }).click();
      await tree.getByRole("button", { name: "Expand api/orders" }).press("Enter");
      expect(await cells()).toEqual(["api", "orders", "submit", "users", "db"]);
      await tree.getByRole("button", { name: "Collapse api", exact: true }).click();
      expect(await cells()).toEqual(["api", "db"]);
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
        expect(await list(page).getByRole("listitem").count()).toBeLessThan(60);
      }
      expect(await told(page)).toBe("end in sight");
    }));

  test("keeps its rows in view when others are added above, and shows the new ones at the top", () =>
    withGallery(async (page) => {
      const more = page.getByRole("button", { name: "More above" });
      await more.click();
      await list(page).getByText("row -250", { exact: true }).waitFor();
      expect(await settled(page)).toEqual({ text: "row -250", top: 0 });
      await scrollTo(page, 5_000);
      await untilHolds(page, "document.querySelector('[aria-label=Rows]').scrollTop > 4000");
      const before = await settled(page);
      await more.click();
      await untilHolds(page, "document.querySelector('[aria-label=Rows]').scrollTop > 9000");
      expect(await settled(page)).toEqual(before);
    }));
});
