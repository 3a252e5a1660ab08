// The overview in a real browser: from nothing stored to the first entry, and what it tells of many.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { expectAccessible, THEMES, withAppPage } from "../support/app_page.ts";
import { startBrowser, startWebsite } from "../support/browser.ts";
import { expectNone, expectSoon, placeOf } from "../support/expect_soon.ts";
import { run } from "../support/run.ts";
import { CLIENT_KEY, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const MINUTE = 60_000;

/** Logs of the last minutes, two in ten of them errors, and timings of three touchpoints. */
async function fill(server: TestServer): Promise<void> {
  const now = Date.now();
  const logs = Array.from({ length: 20 }, (_, index) => ({
    touchpoint: index % 2 === 0 ? "api/orders" : "api/users",
    message: `entry ${index}`,
    level: index % 10 === 0 ? "error" : "info",
    timestamp: now - (index + 1) * MINUTE,
  }));
  const timings = ["db/slow", "db/quick", "db/middle"].flatMap((touchpoint, kind) =>
    [5, 15, 25].map((minutes) => ({
      touchpoint,
      startTime: now - minutes * MINUTE,
      duration: [2_000, 10, 500][kind] ?? 0,
    })),
  );
  await server.send([...logs, ...timings, { touchpoint: "jobs/long", key: "run-1", startTime: now - 10_000 }]);
}

/** A tile of the row of numbers, as its lines of text. */
function tile(page: Page, label: string) {
  return page.getByRole("list", { name: "Key figures" }).getByRole("listitem").filter({ hasText: label });
}

async function snippetText(page: Page, label: string): Promise<string> {
  await page.getByRole("tab", { name: label }).click();
  return page.getByRole("region", { name: `${label} program` }).innerText();
}

describe("on a server that has nothing", () => {
  test("the first entry turns the first-run page into the live view without a reload", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        await page.getByRole("heading", { name: "Send your first log" }).waitFor();
        await page.getByText("Waiting for the first entry").waitFor();
        await expectNone(page.getByRole("heading", { name: "Entries per minute" }));
        await server.send([{ message: "hello", timestamp: Date.now() }]);
        await page.getByText("The first entry has arrived.").waitFor();
        await tile(page, "Entries").getByText("1", { exact: true }).waitFor();
        await expectNone(page.getByRole("heading", { name: "Send your first log" }));
      }),
    ));

  test("a pending start counts as a first entry too", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        await page.getByText("Waiting for the first entry").waitFor();
        await server.send([{ touchpoint: "jobs/long", startTime: Date.now() }]);
        await tile(page, "Running now").getByText("1", { exact: true }).waitFor();
      }),
    ));

  test("a dropped entry is reported, with a link to the reason", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        await page.getByText("Waiting for the first entry").waitFor();
        await server.send([{ message: "from 1970", timestamp: 1_000 }]);
        const notice = page.getByRole("status").filter({ hasText: "1 entry arrived but was not stored" });
        await notice.getByRole("link", { name: "rejections" }).click();
        await page.getByRole("heading", { name: "Rejections", level: 1 }).waitFor();
      }),
    ));

  test("each program sends an entry as it is once the key is inserted", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        const setupText = () => page.locator(".overview-program .code-line code").innerText();
        const curl = await snippetText(page, "curl");
        const python = await snippetText(page, "Python");
        const pythonSetup = await setupText();
        const node = await snippetText(page, "Node.js");
        const nodeSetup = await setupText();
        const withKey = (text: string) => text.replace("sk_your_server_key", SERVER_KEY);
        await Bun.write(join(server.folder, "first_log.mjs"), withKey(node));
        await Bun.write(join(server.folder, "first_log.py"), withKey(python));
        const inFolder = { cwd: server.folder };
        const results = [
          await run("bash", ["-c", withKey(curl)]),
          await run("bash", ["-c", `${pythonSetup} && python3 first_log.py`], inFolder),
          await run("bash", ["-c", `${nodeSetup} --no-audit --no-fund && node first_log.mjs`], inFolder),
        ];
        expect(results.map(({ exitCode, stdout }) => [exitCode, /\{"queued":true\}|^sent$/m.test(stdout)])).toEqual([
          [0, true],
          [0, true],
          [0, true],
        ]);
        const stored = await server.export();
        expect(stored.map(({ touchpoint, message, level }) => [touchpoint, message, level])).toEqual(
          results.map(() => ["api/orders/submit", "Order placed", "info"]),
        );
      }),
    ));

  test("the browser's program sends an entry from a page whose origin is listed", async () => {
    let markup = "";
    const website = await startWebsite(
      () => "",
      () => markup,
    );
    try {
      const origin = website.origin("localhost");
      await withServer(configText({ pair: `origins = ["${origin}"]` }), (server) =>
        withAppPage(browser, server, {}, async ({ page }) => {
          await page.getByText(`from ${origin}`).waitFor();
          const program = page.getByRole("region", { name: "Browser program" });
          const text = await expectSoon(() => program.innerText()).toContain("ck_your_client_key");
          markup = text.replace("ck_your_client_key", CLIENT_KEY);
          const visitor = await page.context().newPage();
          await visitor.goto(origin);
          await page.getByText("The first entry has arrived.").waitFor();
          const [record] = await server.export();
          expect([record?.message, record?.source, record?.touchpoint]).toEqual(["Page opened", "client", "page"]);
        }),
      );
    } finally {
      await website.close();
    }
  });

  test("a program is copied whole, the chosen one is in the address, and no key is shown", () =>
    withServer(configText(), (server) =>
      withAppPage(browser, server, { permissions: ["clipboard-read", "clipboard-write"] }, async ({ page }) => {
        const shown = await snippetText(page, "Python");
        await expectSoon(() => page.url()).toEndWith("/?snippet=python");
        await page.getByRole("button", { name: "Copy the Python program" }).click();
        await page.getByText("Copied").waitFor({ state: "attached" });
        await expectSoon(() => page.evaluate("navigator.clipboard.readText()")).toBe(shown);
        expect(shown).toContain(`api_endpoint="${server.url}/api/v1"`);
        const all = await page.content();
        expect([all.includes(SERVER_KEY), all.includes(CLIENT_KEY)]).toEqual([false, false]);
      }),
    ));
});

describe("on a server that has entries", () => {
  test("the numbers are those of the time range, and each links to its records", () =>
    withServer(configText(), async (server) => {
      await fill(server);
      await withAppPage(browser, server, {}, async ({ page }) => {
        await tile(page, "Entries").getByText("29", { exact: true }).waitFor();
        await expectSoon(() => tile(page, "Error rate").innerText()).toMatch(/10 %[\s\S]*2 errors in 20 logs/);
        await expectSoon(() => tile(page, "Timings").innerText()).toContain("9");
        await tile(page, "Running now").getByText("1", { exact: true }).waitFor();
        await tile(page, "Error rate").getByRole("link").click();
        await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
        await expectSoon(() => new URL(page.url()).searchParams.get("q")).toBe("kind:log level:error");
      });
    }));

  test("the slowest touchpoints come first, each with its p95 over time and a link to its timings", () =>
    withServer(configText(), async (server) => {
      await fill(server);
      await withAppPage(browser, server, {}, async ({ page }) => {
        const table = page.getByRole("table", { name: "Slowest touchpoints by p95" });
        await table.waitFor();
        await expectSoon(() => table.getByRole("link").allInnerTexts()).toEqual(["db/slow", "db/middle", "db/quick"]);
        await table.getByRole("img", { name: "p95 over time: db/slow" }).waitFor();
        await table.getByRole("link", { name: "db/slow" }).click();
        await page.getByRole("heading", { name: "Timings", level: 1 }).waitFor();
        await page.getByTitle("db/slow").waitFor();
      });
    }));

  test("errors lead to the logs of their touchpoint", () =>
    withServer(configText(), async (server) => {
      await fill(server);
      await withAppPage(browser, server, {}, async ({ page }) => {
        await page.getByRole("link", { name: "api/orders" }).click();
        await page.getByText("entry 10").first().waitFor();
        await expectNone(page.getByText("entry 4"));
      });
    }));

  test("a range that is dragged on the chart becomes the range of everything, and Back undoes it", () =>
    withServer(configText(), async (server) => {
      await fill(server);
      await withAppPage(browser, server, {}, async ({ page }) => {
        await tile(page, "Entries").getByText("29", { exact: true }).waitFor();
        const box = await placeOf(page.locator(".u-over"));
        const y = box.y + box.height / 2;
        // The first quarter lies before the oldest entry.
        await page.mouse.move(box.x + 2, y);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width / 4, y, { steps: 4 });
        await page.mouse.up();
        await page.getByText("No entries in this time range").waitFor();
        const minutesShown = () => {
          const { searchParams } = new URL(page.url());
          return (Date.parse(searchParams.get("to") ?? "") - Date.parse(searchParams.get("from") ?? "")) / MINUTE;
        };
        const dragged = minutesShown();
        expect(dragged).toBeWithin(13, 17);
        await page.getByRole("button", { name: "Show the last 15 minutes" }).waitFor();
        await page.keyboard.press("z");
        await expectSoon(minutesShown).toBe(3 * dragged);
        await page.goBack();
        await page.goBack();
        await tile(page, "Entries").getByText("29", { exact: true }).waitFor();
      });
    }));

  test("new records appear without a reload", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "a", timestamp: Date.now() }]);
      await withAppPage(browser, server, { path: "/?from=15m" }, async ({ page }) => {
        await tile(page, "Entries").getByText("1", { exact: true }).waitFor();
        await server.send([{ message: "b", level: "error", timestamp: Date.now() }]);
        await tile(page, "Entries").getByText("2", { exact: true }).waitFor();
        await tile(page, "Error rate").getByText("50 %").waitFor();
      });
    }));

  test("usage is compared with the month's plan, and the server shows its state", () =>
    withServer(
      configText({ tables: '[projects.default]\nmonthly_entries = 4\noverage = "continue"' }),
      async (server) => {
        await server.send(Array.from({ length: 5 }, (_, index) => ({ message: `m ${index}`, timestamp: Date.now() })));
        await withAppPage(browser, server, {}, async ({ page }) => {
          const plan = page.getByRole("region", { name: "This month" });
          await plan.getByText("1 over the limit, still stored").waitFor();
          const meter = plan.getByRole("meter", { name: "Monthly limit of default" });
          await expectSoon(() => meter.getAttribute("aria-valuetext")).toBe("125 %");
          const health = page.getByRole("region", { name: "Server" });
          await health.getByText("ready").waitFor();
          await health.getByText("0 of 50,000 requests").waitFor();
          await expectSoon(() => health.getByRole("meter").count()).toBe(2);
        });
      },
    ));

  test("the chosen project narrows every number", () => {
    const other = `[[keys]]\nname = "shop"\nproject = "shop"\nserver = "sk_abcdefghij0123456789"`;
    return withServer(configText({ tables: other }), async (server) => {
      await fill(server);
      await server.send([{ message: "one", timestamp: Date.now() }], { key: "sk_abcdefghij0123456789" });
      await withAppPage(browser, server, { path: "/?project=shop" }, async ({ page }) => {
        await tile(page, "Entries").getByText("1", { exact: true }).waitFor();
        await tile(page, "Running now").getByText("0", { exact: true }).waitFor();
        await page.getByText("No timings in this time range").waitFor();
        await page.getByText("No errors in this time range").waitFor();
        await expectNone(page.getByRole("region", { name: "This month" }).getByText("default"));
      });
    });
  });

  test("an unreachable server is reported once, and the previous numbers stay", () =>
    withServer(configText(), async (server) => {
      await fill(server);
      const expected = [/ERR_CONNECTION_REFUSED/, /Failed to load resource/];
      await withAppPage(browser, server, { path: "/?from=1h", expected }, async ({ page }) => {
        await tile(page, "Entries").getByText("29", { exact: true }).waitFor();
        await page.getByRole("region", { name: "Server" }).getByText("ready").waitFor();
        await server.kill();
        await page.keyboard.press("r");
        await page.getByRole("region", { name: "Server" }).getByText("unreachable").waitFor();
        await page.getByRole("alert").first().waitFor();
        await expectSoon(() => page.getByRole("alert").count()).toBe(1);
        await expectSoon(() => tile(page, "Entries").innerText()).toContain("29");
        await expectAccessible(page);
      });
    }));
});

describe("on any server", () => {
  test("axe finds nothing in both themes, first run and live", () =>
    withServer(configText({ tables: "[projects.default]\nmonthly_entries = 10" }), (server) =>
      withAppPage(browser, server, {}, async ({ page }) => {
        await page.getByText("from http://localhost:3000").waitFor();
        await expectAccessible(page, THEMES);
        await page.getByRole("tab", { name: "Node.js" }).click();
        await page.getByText("project default").waitFor();
        await expectAccessible(page, THEMES);
        await fill(server);
        await page.getByRole("img", { name: "p95 over time: db/slow" }).waitFor();
        await page.getByRole("link", { name: "api/orders" }).waitFor();
        await expectAccessible(page, THEMES);
      }),
    ));

  test("nothing is wider than a phone of 360 px", () =>
    withServer(configText({ tables: "[projects.default]\nmonthly_entries = 10" }), (server) =>
      withAppPage(browser, server, { viewport: { width: 360, height: 740 } }, async ({ page }) => {
        const overflow = () =>
          page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        await page.getByText("from http://localhost:3000").waitFor();
        for (const name of ["Browser", "Node.js", "Python", "curl"]) {
          await page.getByRole("tab", { name }).click();
          await expectSoon(async () => [name, await overflow()]).toEqual([name, 0]);
        }
        await page.getByText("project default").waitFor();
        await fill(server);
        await server.send([{ touchpoint: `long/${"name/".repeat(30)}`, duration: 5_000_000, timestamp: Date.now() }]);
        await page.getByRole("img", { name: /p95 over time: long/ }).waitFor();
        await expectSoon(() => overflow()).toBe(0);
      }),
    ));

  test("touchpoints and projects that look like markup or script are text", () => {
    const hostile = [
      "<img src=x onerror=alert(1)>",
      '"><script>alert(2)</script>',
      "javascript:alert(3)",
      "</title><svg onload=alert(4)>",
      "'\"`{{7*7}}${alert(5)}",
    ];
    const other = `[[keys]]\nname = "odd"\nproject = "<img src=x onerror=alert(6)>"\nserver = "sk_abcdefghij0123456789"`;
    return withServer(configText({ tables: other }), async (server) => {
      const timestamp = Date.now();
      const entries = hostile.flatMap((touchpoint) => [
        {
          touchpoint,
          message: touchpoint,
          level: "error",
          key: touchpoint,
          metadata: { [touchpoint]: touchpoint },
          timestamp,
        },
        { touchpoint, duration: 100, timestamp },
      ]);
      await withAppPage(browser, server, { path: "/?snippet=node" }, async ({ page }) => {
        // Their names stand on the first-run page already.
        await page.getByText("project <img src=x onerror=alert(6)>").waitFor();
        await server.send(entries, { key: "sk_abcdefghij0123456789" });
        for (const name of hostile) {
          await page.getByRole("img", { name: `p95 over time: ${name}`, exact: true }).waitFor();
          await expectSoon(() => page.getByRole("link", { name, exact: true }).count()).toBe(2);
        }
        await page.getByRole("meter").first().waitFor();
        await expectNone(page.locator("main img, main script, main svg[onload]"));
        await expectSoon(() =>
          page.evaluate("[...document.links].every((link) => link.protocol === location.protocol)"),
        ).toBe(true);
      });
    });
  });
});
