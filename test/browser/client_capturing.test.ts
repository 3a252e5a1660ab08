// What the client library captures by itself in real pages, and what it does not: errors always by the script tag, the
// rest when it is asked for, and never its own requests.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { ShownRecord } from "../../src/core/record.ts";
import { startBrowser } from "../support/browser.ts";
import { ClientSite } from "../support/client_site.ts";
import { eventually } from "../support/eventually.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { CLIENT_KEY, configText, TestServer } from "../support/server.ts";

const KEY = `data-client-key="${CLIENT_KEY}"`;

let browser: Browser;
let context: BrowserContext;
let site: ClientSite;
let server: TestServer;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  site = new ClientSite();
  await site.start();
});

afterAll(async () => {
  await browser.close();
  await site.close();
});

beforeEach(async () => {
  server = new TestServer(
    mkdtempSync(join(tmpdir(), "simplelogs-client-")),
    configText({ pair: `origins = ["${site.origin()}"]` }),
  );
  await server.start();
  site.target = server.url;
  site.shopRequests.length = 0;
  context = await browser.newContext();
  page = await context.newPage();
});

afterEach(async () => {
  await context.close();
  await server.stop();
  rmSync(server.folder, { recursive: true, force: true });
});

const run = (script: string) => page.evaluate(`void (() => { ${script} })()`).catch(() => {});

async function leave(): Promise<void> {
  site.options = { head: "" };
  await page.goto(`${site.origin()}/left`);
}

/** The records, sorted by time, when `isThere`. */
async function records(isThere: (found: readonly ShownRecord[]) => boolean): Promise<ShownRecord[]> {
  let found: ShownRecord[] = [];
  await eventually("the records are stored", async () => isThere((found = await server.export())));
  return found.toSorted((a, b) => a.time - b.time);
}

const touchpoints = (found: readonly ShownRecord[]) => found.map(({ touchpoint }) => touchpoint);

describe("the script tag without options", () => {
  test("logs uncaught errors and rejections with their stacks, equal ones once and counted, nothing else", async () => {
    site.options = { attributes: `${KEY} data-environment="test"` };
    await page.goto(`${site.origin()}/orders/42`);
    await run(`
      const fail = () => { throw new TypeError("broken button"); };
      for (let i = 0; i < 5; i++) setTimeout(fail, 0);
      setTimeout(() => Promise.reject(new Error("broken promise")), 0);
      setTimeout(() => Promise.reject("no error"), 0);
      fetch("/api/orders/42");
      history.pushState({}, "", "/orders/43");`);
    await records((found) => found.length >= 3);
    await leave();
    const found = await records((all) => all.length >= 4);
    const shown = found.map(({ touchpoint, level, message, metadata }) => [
      touchpoint,
      level,
      message,
      metadata?.["repeated"],
    ]);
    expect(shown.map((one) => JSON.stringify(one)).toSorted()).toEqual(
      [
        ["browser/error", "error", "broken button", undefined],
        ["browser/error", "error", "broken button", 4],
        ["browser/unhandledrejection", "error", "broken promise", undefined],
        ["browser/unhandledrejection", "error", "no error", undefined],
      ]
        .map((one) => JSON.stringify(one))
        .toSorted(),
    );
    expect(found[0]?.metadata).toMatchObject({
      environment: "test",
      error: { name: "TypeError", stack: expect.stringContaining("broken button") },
    });
    expect(site.shopRequests[0]).not.toHaveProperty("x-simplelogs-page-id");
  });

  test("logs 50 different errors of a page at most", async () => {
    site.options = { attributes: KEY };
    await page.goto(`${site.origin()}/`);
    await run(
      'for (let i = 0; i < 80; i++) setTimeout(() => { throw new Error("number " + i); }, 0); setTimeout(() => SimpleLogs.log("end"), 50);',
    );
    const found = await records((all) => all.some(({ message }) => message === "end"));
    expect(found.filter(({ touchpoint }) => touchpoint === "browser/error").length).toBe(50);
  });

  test("logs nothing when capturing is switched off", async () => {
    site.options = { attributes: `${KEY} data-auto-capture="false"` };
    await page.goto(`${site.origin()}/`);
    await run('setTimeout(() => { throw new Error("x"); }, 0); setTimeout(() => SimpleLogs.log("end"), 50);');
    expect(touchpoints(await records((all) => all.length > 0))).toEqual([undefined]);
  });
});

describe("by choice", () => {
  test("page views, soft navigations included, each view with an id of its own", async () => {
    site.options = { attributes: `${KEY} data-auto-capture="pageViews"` };
    await page.goto(`${site.origin()}/orders/42?token=secret`);
    await eventually("the first view is stored", async () => (await server.export()).length > 0);
    await run(
      'history.pushState({}, "", "/orders/43#part"); history.replaceState({}, "", "/orders/43?tab=2"); history.back();',
    );
    const found = await records((all) => all.length >= 3);
    expect(found.map(({ touchpoint, metadata }) => [touchpoint, metadata?.["path"], metadata?.["referrer"]])).toEqual([
      ["page-view/orders/[id]", "/orders/42", ""],
      ["page-view/orders/[id]", "/orders/43", "/orders/42"],
      ["page-view/orders/[id]", "/orders/42", "/orders/43"],
    ]);
    expect(new Set(found.map(({ metadata }) => metadata?.["pageId"])).size).toBe(3);
    expect(new Set(found.map(({ metadata }) => metadata?.["sessionId"])).size).toBe(1);
    expect(JSON.stringify(found)).not.toContain("secret");
  });

  test("fetches of the page's own origin, which carry the ids; others and its own requests are left alone", async () => {
    site.options = { attributes: `${KEY} data-auto-capture="fetch"` };
    await page.goto(`${site.origin()}/`);
    await page.waitForFunction("window.SimpleLogsDeferred");
    const answers = await page.evaluate(`(async () => {
      const own = await fetch("/api/orders/42?x=1", { method: "POST", headers: { "x-own": "1" }, body: "b" });
      const broken = await fetch(new Request("/api/broken", { headers: { "x-own": "2" } }));
      const other = await fetch("${site.gatewayUrl}/elsewhere", { mode: "no-cors" }).catch(() => undefined);
      return [await own.text(), broken.status, other?.type];
    })()`);
    expect(answers).toEqual(["{}", 500, "opaque"]);
    const found = await records((all) => all.length >= 2);
    expect(
      found.map(({ kind, status, touchpoint, level, metadata }) => [
        kind,
        status,
        touchpoint,
        level,
        metadata?.["method"],
        metadata?.["status"],
      ]),
    ).toEqual([
      ["timing", "completed", "fetch/api/orders/[id]", undefined, "POST", 200],
      ["timing", "completed", "fetch/api/broken", "error", "GET", 500],
    ]);
    const { pageId, sessionId } = found[0]?.metadata ?? {};
    expect(site.shopRequests).toMatchObject([
      { "x-own": "1", "x-simplelogs-page-id": pageId, "x-simplelogs-session-id": sessionId },
      { "x-own": "2", "x-simplelogs-page-id": pageId, "x-simplelogs-session-id": sessionId },
    ]);
  });

  test("web vitals", async () => {
    site.options = { attributes: `${KEY} data-auto-capture="vitals"` };
    await page.goto(`${site.origin()}/`);
    await page.waitForFunction("window.SimpleLogsVitals");
    await records((all) => ["vitals/FCP", "vitals/TTFB"].every((name) => touchpoints(all).includes(name)));
    await page.click("h1");
    await leave();
    const found = await records((all) =>
      ["vitals/FCP", "vitals/TTFB", "vitals/LCP", "vitals/CLS"].every((name) => touchpoints(all).includes(name)),
    );
    const fcp = found.find(({ touchpoint }) => touchpoint === "vitals/FCP");
    expect(fcp).toMatchObject({
      kind: "timing",
      status: "completed",
      metadata: { rating: expect.any(String), path: "/" },
    });
    expect(fcp?.duration).toBeGreaterThan(0);
    expect(found.find(({ touchpoint }) => touchpoint === "vitals/CLS")).toMatchObject({
      kind: "log",
      metadata: { value: expect.any(Number) },
    });
  });
});

test("the module works in a page as the script tag does, and captures nothing unless asked", async () => {
  site.options = {
    head: `<script type="module">
      import * as library from "${site.libraryUrl}/sdk/simplelogs.mjs";
      const { configureSDK, SimpleLogs, clientLogger, serverLogger, flushServer, withTrace, currentTraceIds, routePattern } = library;
      configureSDK({ clientKey: "${CLIENT_KEY}", apiEndpoint: "${site.gatewayUrl}/api/v1", environment: "module" });
      setTimeout(() => { throw new Error("uncaught"); }, 0);
      SimpleLogs.identify({ userId: "u1" });
      clientLogger.log({ message: "from the module", touchpoint: routePattern("/orders/42") });
      await SimpleLogs.time("work", async () => "done");
      window.done = [await SimpleLogs.flush(), withTrace(() => currentTraceIds().traceId.length), typeof flushServer, typeof serverLogger.log];
    </script>`,
  };
  await page.goto(`${site.origin()}/`);
  await expectSoon(() => page.evaluate("window.done")).toEqual([true, 32, "function", "function"]);
  const found = await records((all) => all.length >= 2);
  expect(touchpoints(found)).toEqual(["orders/[id]", "work"]);
  expect(found[0]).toMatchObject({ message: "from the module", metadata: { environment: "module", userId: "u1" } });
});
