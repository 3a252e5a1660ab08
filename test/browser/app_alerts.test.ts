// Alerts in the app, in a real browser against the compiled server: the strip names what fires, and leads to it.

import { afterAll, beforeAll, test } from "bun:test";
import type { Browser } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { expectNone, expectSoon } from "../support/expect_soon.ts";
import { configText, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const RULES = configText({
  tables: `[[alerts]]
name = "checkout fails"
q = "level:error touchpoint:api/checkout"
window = "1m"
every = "1s"
above = 1

[[alerts]]
name = "it never rains"
q = "metadata.weather:rain"
window = "1m"
every = "1s"
above = 1
`,
});

test("a rule that fires is named in the strip, which leads to what it found", () =>
  withServer(RULES, async (server) => {
    await withAppPage(browser, server, { viewport: { width: 390, height: 844 } }, async ({ page }) => {
      await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
      await expectNone(page.getByRole("region", { name: "Attention" }));
      const error = { touchpoint: "api/checkout", level: "error", message: "payment refused" };
      await server.send([error, error, error]);
      const strip = page.getByRole("region", { name: "Attention" });
      await strip.getByText(/^An alert is firing\./).waitFor({ timeout: 60_000 });
      await expectSoon(() => strip.innerText()).toContain("checkout fails since");
      await expectNone(strip.getByText("rains"));
      await expectSoon(() => page.evaluate<number>("document.documentElement.scrollWidth")).toBe(390);
      await expectAccessible(page, THEMES);
      await strip.getByRole("link", { name: "Logs" }).click();
      await page.getByText("payment refused").first().waitFor();
      await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("level:error touchpoint:api/checkout");
    });
  }));
