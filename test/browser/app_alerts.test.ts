// Alerts in the app, in a real browser against the compiled server: rules with their states, made from a search, tested
// at a real receiver, muted, edited and deleted; what fired over time; and who sees what.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { expectNone, expectSoon, settled } from "../support/expect_soon.ts";
import { MARKUP, takenAsMarkup } from "../support/markup.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const PHONE = { width: 390, height: 844 };
const RULES = `
[[alerts]]
name = "checkout fails"
q = "level:error touchpoint:api/checkout"
window = "20s"
every = "1s"
above = 1
note = "The runbook is in the wiki."

[[alerts]]
name = "it never rains"
q = "metadata.weather:rain"
window = "1m"
every = "1s"
above = 1
`;

const ERROR = { touchpoint: "api/checkout", level: "error", message: "payment refused" };

const panel = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
const line = (page: Page, name: string) =>
  panel(page, "Rules")
    .getByRole("button", { name: new RegExp(name) })
    .first();

async function fire(server: TestServer, page: Page): Promise<void> {
  await server.send([ERROR, ERROR, ERROR]);
  // It fires for as long as the window is: the page may ask too late by itself.
  await expectSoon(async () => {
    await page.keyboard.press("r");
    await settled(page);
    return panel(page, "Rules").getByText("firing", { exact: true }).isVisible();
  }).toBe(true);
}

async function fitsPhone(page: Page): Promise<void> {
  await page.setViewportSize(PHONE);
  await expectSoon(() => page.evaluate<number>("document.documentElement.scrollWidth")).toBe(PHONE.width);
  await expectAccessible(page, THEMES);
}

test("a rule that fires is named in the strip, which leads to it", () =>
  withServer(configText({ tables: RULES.replace("20s", "1m") }), async (server) => {
    await withAppPage(browser, server, { viewport: PHONE }, async ({ page }) => {
      await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
      await expectNone(page.getByRole("region", { name: "Attention" }));
      await server.send([ERROR, ERROR, ERROR]);
      const strip = page.getByRole("region", { name: "Attention" });
      await strip.getByText(/^An alert is firing\./).waitFor({ timeout: 60_000 });
      await strip.getByText(/checkout fails since/).waitFor();
      await expectNone(strip.getByText(/rains/));
      await expectSoon(() => page.evaluate<number>("document.documentElement.scrollWidth")).toBe(390);
      await expectAccessible(page, THEMES);
      await strip.getByRole("link", { name: "Alerts" }).click();
      await page.getByRole("heading", { name: "Alerts", level: 1 }).waitFor();
      await page.getByText("The runbook is in the wiki.", { exact: true }).waitFor();
      await page.getByRole("link", { name: "Open the search" }).click();
      await page.getByText("payment refused").first().waitFor();
      await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("level:error touchpoint:api/checkout");
    });
  }));

describe("the page", () => {
  test("has each rule with its value and bound; what fired is a bar, a row, and the record of the rule", () =>
    withServer(configText({ tables: RULES }), async (server) => {
      await withAppPage(browser, server, { path: "/alerts" }, async ({ page, ...app }) => {
        await panel(page, "Rules").getByText("fires when above 1 in 20 s").waitFor();
        await page.getByText("Nothing fired in this time range").waitFor();
        await fire(server, page);
        await line(page, "checkout fails").getByText("3", { exact: true }).waitFor();
        const history = page.getByRole("table", { name: "What fired, newest first" });
        await history.getByText("not yet").waitFor({ timeout: 60_000 });
        // The window passes by.
        await history.getByText("not yet").waitFor({ state: "detached", timeout: 60_000 });
        const cells = history.getByRole("row").nth(1).getByRole("cell");
        await expectSoon(() => cells.nth(0).innerText()).toBe("checkout fails");
        await expectSoon(() => cells.nth(4).innerText()).toBe("3");
        await page.locator(".alert-bar").waitFor();
        await expectSoon(() => page.locator(".alert-lane-name").allInnerTexts()).toEqual(["checkout fails", ""]);
        await line(page, "checkout fails").click();
        await page.getByRole("table", { name: "What fired of checkout fails" }).waitFor();
        await expectSoon(() => new URL(page.url()).searchParams.get("rule")).toBe("checkout fails");
        await expectAccessible(page, THEMES);
        await fitsPhone(page);
        await history.getByRole("row").nth(1).getByRole("link").nth(1).click();
        await page.getByText("payment refused").first().waitFor();
        await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("level:error touchpoint:api/checkout");
        // Nothing of an hour long ago.
        await app.open("/alerts?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z");
        await page.getByText("Nothing fired in this time range").waitFor();
      });
    }));

  test("says why nothing is known of a rule, and has the lines of one that the configuration has", () => {
    const tables = `[[alerts]]\nname = "slow"\nkind = "percentile"\nabove = "1.5s"\nevery = "1s"\nq = "touchpoint:api/*"\n`;
    return withServer(configText({ tables }), (server) =>
      withAppPage(browser, server, { path: "/alerts" }, async ({ page }) => {
        await line(page, "slow").getByText("unknown").waitFor();
        await line(page, "slow")
          .getByText(/fewer than|too few|only|at least/i)
          .waitFor();
        await line(page, "slow").press("Enter");
        await page.getByText("Change it in the configuration file").click();
        const lines = page.getByRole("group", { name: "In simplelogs.toml" }).locator("pre");
        await expectSoon(() => lines.innerText()).toBe(
          '[[alerts]]\nname = "slow"\nq = "touchpoint:api/*"\nkind = "percentile"\np = 95\nwindow = "5m"\nevery = "1s"\nabove = "1500ms"\nmin = 10',
        );
        await page.getByText(/It stands in the configuration file, line \d+/).waitFor();
        await expectNone(page.getByRole("link", { name: "Edit" }));
        await expectAccessible(page, THEMES);
        await fitsPhone(page);
      }),
    );
  });

  test("shows instances of a rule by group, each with its search", () => {
    const tables = `[[alerts]]\nname = "by touchpoint"\nq = "level:error"\nabove = 0\nevery = "1s"\ngroup_by = "touchpoint"\n`;
    return withServer(configText({ tables }), (server) =>
      withAppPage(browser, server, { path: "/alerts?rule=by+touchpoint" }, async ({ page }) => {
        await panel(page, "Rules").getByText("no group fires").waitFor();
        await server.send([ERROR, { ...ERROR, touchpoint: "api/cart" }]);
        await panel(page, "Rules").getByText("2 groups fire").waitFor({ timeout: 60_000 });
        const groups = page.getByRole("table", { name: "Groups of by touchpoint" });
        await expectAccessible(page, THEMES);
        await groups.getByRole("link", { name: "api/cart" }).click();
        await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
        await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("(level:error) (touchpoint:api/cart)");
      }),
    );
  });

  test("keeps what was known while the server does not answer, and says so", () =>
    withServer(configText({ tables: RULES }), (server) =>
      withAppPage(
        browser,
        server,
        { path: "/alerts?rule=checkout+fails", expected: [/ERR_/, /Failed to load/] },
        async ({ page }) => {
          await page.getByText("The runbook is in the wiki.", { exact: true }).waitFor();
          await server.stop();
          await page.getByText(/^The server has not answered since/).waitFor({ timeout: 60_000 });
          await page.getByText("The runbook is in the wiki.", { exact: true }).waitFor();
          await page.getByRole("button", { name: "Test" }).click();
          await page.getByText("The server cannot be reached. Is it running?").first().waitFor();
          await expectAccessible(page, THEMES);
          await page.getByRole("link", { name: "New alert" }).click();
          await panel(page, "In the last week").getByText("The server cannot be reached. Is it running?").waitFor();
          await page.getByLabel("Name").fill("errors");
          await page.getByRole("button", { name: "Save" }).click();
          await page.locator(".form-fields").getByText("The server cannot be reached. Is it running?").waitFor();
          await expectSoon(() => page.getByLabel("Name").inputValue()).toBe("errors");
          await expectAccessible(page, THEMES);
        },
      ),
    ));

  test("leaves names that look like markup as text", () => {
    const tables = MARKUP.map(
      (name) => `[[alerts]]\nname = ${JSON.stringify(name)}\nabove = 1\nnote = ${JSON.stringify(name)}\n`,
    );
    return withServer(configText({ tables: tables.join("") }), (server) =>
      withAppPage(browser, server, { path: "/alerts" }, async ({ page }) => {
        for (const name of MARKUP) {
          const found = panel(page, "Rules").locator(".alert-line").filter({ hasText: name });
          await found.first().click();
          await page.getByRole("button", { name: `Mute ${name}` }).waitFor();
        }
        await expectSoon(() => takenAsMarkup(page)).toEqual([]);
      }),
    );
  });
});

/** A receiver of webhooks that keeps what it was sent. */
function startSink() {
  const bodies: { readonly state?: string; readonly name?: string }[] = [];
  const sink = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      bodies.push((await request.json()) as { state?: string });
      return new Response(null, { status: 204 });
    },
  });
  return { bodies, url: `http://127.0.0.1:${sink.port}/hook`, stop: () => sink.stop(true) };
}

describe("a rule", () => {
  test("is tested: the page says who was told and who was not, and why", async () => {
    const sink = startSink();
    try {
      const destination = (name: string, url: string) =>
        `[[destinations]]\nname = "${name}"\ntype = "webhook"\nurl = "${url}"\n`;
      const tables = `${RULES.replace("note =", 'notify = ["chat", "nowhere"]\nnote =')}${destination("chat", sink.url)}${destination("nowhere", "http://127.0.0.1:1/hook")}`;
      await withServer(configText({ tables }), (server) =>
        withAppPage(browser, server, { path: "/alerts?rule=checkout+fails" }, async ({ page }) => {
          await page.getByRole("button", { name: "Test" }).click();
          await page.getByText("chat was told.").waitFor();
          await page.getByText(/^nowhere was not told: cannot connect/).waitFor();
          expect(sink.bodies.map(({ name, state }) => [name, state])).toEqual([["checkout fails", "test"]]);
          await page.getByRole("table", { name: "Destinations" }).getByText("nowhere").waitFor();
          await expectAccessible(page, THEMES);
          await fitsPhone(page);
          await line(page, "it never rains").click();
          await page.getByRole("button", { name: "Test" }).click();
          await page.getByText("Nobody was told: the rule names no destination.").waitFor();
        }),
      );
    } finally {
      await sink.stop();
    }
  });

  test("is muted for a time, by keyboard, and is not any more", () =>
    withServer(configText({ tables: RULES }), (server) =>
      withAppPage(browser, server, { path: "/alerts?rule=checkout+fails" }, async ({ page }) => {
        await page.getByRole("button", { name: "Mute checkout fails" }).press("Enter");
        await page.getByRole("button", { name: "For 8 hours" }).press("Enter");
        await line(page, "checkout fails")
          .getByText(/muted until/)
          .waitFor();
        await page.getByRole("button", { name: "End the mute" }).click();
        await page
          .getByText(/muted until/i)
          .first()
          .waitFor({ state: "detached" });
        await page.getByRole("button", { name: "Mute checkout fails" }).click();
        const own = page.getByLabel("For so long");
        await own.fill("90");
        await expectSoon(() => page.getByRole("button", { name: "Mute", exact: true }).isDisabled()).toBe(true);
        await own.fill("45 m");
        await expectAccessible(page, THEMES);
        await own.press("Enter");
        await line(page, "checkout fails")
          .getByText(/muted until/)
          .waitFor();
        await fitsPhone(page);
      }),
    ));

  test("is made from a search with a preview, edited, and deleted", () =>
    withServer(configText(), (server) =>
      withAppPage(
        browser,
        server,
        { path: "/logs?q=level:error", expected: [/status of 4(09|22)/] },
        async ({ page }) => {
          await server.send([ERROR, ERROR, { ...ERROR, level: "info" }]);
          await page.getByRole("link", { name: "Make an alert of this search" }).click();
          await page.getByRole("heading", { name: "New alert" }).waitFor();
          await expectSoon(() => page.getByLabel("Search", { exact: true }).inputValue()).toBe("level:error");
          const preview = panel(page, "In the last week");
          await preview.getByText("Would not have fired.").waitFor();
          await expectAccessible(page, THEMES);
          await page.getByLabel("Records", { exact: true }).fill("1");
          // The rule looks each 30 seconds, so the errors are seen by its next look.
          await eventually("the preview has the errors", async () => {
            await page.getByRole("button", { name: "Refresh" }).click();
            return preview.getByText(/^Would have fired 1 time, /).isVisible();
          });
          await preview.locator(".chart-band").waitFor();
          await expectAccessible(page, THEMES);
          await fitsPhone(page);
          await page.setViewportSize({ width: 1280, height: 800 });
          // What is wrong is said at its field.
          await page.getByLabel("Search", { exact: true }).fill("level:(");
          await page
            .locator(".form-field")
            .filter({ hasText: "Search" })
            .locator(".field-problem:not(:empty)")
            .waitFor();
          await expectSoon(() => page.getByLabel("Search", { exact: true }).getAttribute("aria-invalid")).toBe("true");
          await expectAccessible(page, THEMES);
          await page.getByLabel("Search", { exact: true }).fill("level:error");
          await page.getByRole("button", { name: "Save" }).click();
          await page.locator(".form-field").filter({ hasText: "Name" }).locator(".field-problem:not(:empty)").waitFor();
          await page.getByLabel("Name").fill("errors");
          await page.getByText("Further settings").click();
          await page.getByLabel("Looked at every").fill("1s");
          await page.getByLabel("Severity").selectOption("critical");
          await page.getByRole("button", { name: "Save" }).click();
          await page.getByRole("heading", { name: "Alerts", level: 1 }).waitFor();
          await page.getByRole("link", { name: "Edit" }).waitFor();
          await panel(page, "Rules").getByText("fires when above 1 in 5 m").waitFor();
          await page.getByRole("link", { name: "Edit" }).click();
          await page.getByRole("heading", { name: "Edit errors" }).waitFor();
          await expectSoon(() => page.getByLabel("Severity").inputValue()).toBe("critical");
          await page.getByLabel("Records", { exact: true }).fill("500");
          await page.getByLabel("Name").fill("many errors");
          await page.getByRole("button", { name: "Save" }).click();
          await line(page, "many errors").getByText("fires when above 500 in 5 m").waitFor();
          await page.getByRole("button", { name: "Delete" }).click();
          const dialog = page.getByRole("dialog");
          await dialog.getByText("If it fires, it is told as resolved. Its history stays.").waitFor();
          await expectAccessible(page, THEMES);
          await dialog.getByRole("button", { name: "Delete" }).click();
          await page.getByText("No alert rules yet").waitFor();
        },
      ),
    ));

  test("of timings is a percentile, of running ones counts them, and a name is taken once", () =>
    withServer(configText({ tables: RULES }), (server) =>
      withAppPage(
        browser,
        server,
        { path: "/timings?show=category:api/&q=key:a", expected: [/status of 4(09|22)/] },
        async ({ page, ...app }) => {
          await server.send([{ touchpoint: "api/cart", key: "a", duration: 5 }]);
          await page.getByRole("link", { name: "Make an alert of this search" }).click();
          await page.getByLabel("What is measured").waitFor();
          await expectSoon(() => page.getByLabel("What is measured").inputValue()).toBe("percentile");
          await expectSoon(() => page.getByLabel("Search", { exact: true }).inputValue()).toBe(
            '(key:a) (touchpoint:"api/"*)',
          );
          await page.getByLabel("Name").fill("checkout fails");
          await page.getByRole("button", { name: "Save" }).click();
          await page.locator(".form-field").filter({ hasText: "Name" }).locator(".field-problem:not(:empty)").waitFor();
          await app.open("/timings?tab=running");
          await page.getByRole("link", { name: "Make an alert of this search" }).click();
          await page.getByLabel("Running for longer than").waitFor();
        },
      ),
    ));
});

describe("when alerts fired", () => {
  test("is a band in the charts of the pages, which leads to the rule", () =>
    withServer(configText({ tables: RULES }), async (server) => {
      await withAppPage(browser, server, { path: "/alerts" }, async ({ page, ...app }) => {
        await fire(server, page);
        await server.send([{ touchpoint: "api/checkout", duration: 5 }]);
        for (const path of ["/?from=15m", "/logs?from=15m", "/timings?from=15m&show=touchpoint:api/checkout"]) {
          await app.open(path);
          await page.getByRole("link", { name: "Alert: checkout fails" }).first().waitFor();
          await expectAccessible(page, THEMES);
        }
        await page.getByRole("link", { name: "Alert: checkout fails" }).first().press("Enter");
        await page.getByRole("heading", { name: "Alerts", level: 1 }).waitFor();
        await page.getByText("The runbook is in the wiki.", { exact: true }).waitFor();
      });
    }));

  test("is asked for only where there are rules", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { path: "/logs" }, async ({ page }) => {
        const asked: string[] = [];
        page.on("request", (request) => asked.push(new URL(request.url()).pathname));
        await server.send([ERROR]);
        await page.reload();
        await page.getByText("payment refused").first().waitFor();
        await eventually("the rules were asked for", async () => asked.includes("/api/v1/alerts"));
        await page.getByRole("link", { name: "Overview" }).click();
        await page.getByRole("heading", { name: "Entries per minute" }).waitFor();
        expect(asked.filter((path) => path.endsWith("/history"))).toEqual([]);
      }),
    ));
});

describe("a reader", () => {
  const READER = "a-token-of-the-shop-team";
  const tables = `[[readers]]\nname = "shop team"\ntoken = "${READER}"\nprojects = ["default"]\n${RULES.replace('q = "level', 'project = "default"\nq = "level')}`;

  test("sees the rules of their projects, and no button that they cannot use", () =>
    withServer(configText({ tables }), (server) =>
      withAppPage(
        browser,
        server,
        { path: "/alerts", isSignedIn: false, expected: [/status of 404/] },
        async ({ page, ...app }) => {
          await app.signIn(READER);
          await line(page, "checkout fails").click();
          await page.getByText("The runbook is in the wiki.", { exact: true }).waitFor();
          await expectNone(panel(page, "Rules").getByText("rains"));
          const offered = page.locator("main").getByRole("button");
          await expectNone(offered.filter({ hasText: /Test|Mute|Edit|Delete|Copy/ }));
          await expectNone(page.getByRole("link", { name: "New alert" }));
          await expectNone(page.getByText("Change it in the configuration file"));
          await expectAccessible(page, THEMES);
          await server.send([ERROR, { touchpoint: "api/checkout", duration: 5 }]);
          for (const [path, text] of [
            ["/logs", "payment refused"],
            ["/timings?show=touchpoint:api/checkout", "Over time"],
          ] as const) {
            await app.open(path);
            await page.getByText(text).first().waitFor();
            await expectNone(page.getByRole("link", { name: /Make an alert|Register/ }));
          }
          await app.open("/alerts?form=new");
          await page.getByText("This page is for the admin").waitFor();
          await app.open("/keys");
          await page.getByText("This page is for the admin").waitFor();
          await expectNone(page.getByRole("button", { name: "Add a pair" }));
          await app.open("/nowhere");
          await page.getByText("There is no page here").waitFor();
          await expectNone(page.locator("main").getByRole("link", { name: "Keys" }));
          await page.locator("main").getByRole("link", { name: "Alerts" }).waitFor();
        },
      ),
    ));
});
