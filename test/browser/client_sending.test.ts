// The client library in real pages of another origin, against the executable, with the network failing in between: what
// was logged is stored once, whatever happens to the page and to the server.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { ShownRecord } from "../../src/core/record.ts";
import { startBrowser } from "../support/browser.ts";
import { ClientSite } from "../support/client_site.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { CLIENT_KEY, configText, TestServer } from "../support/server.ts";

const KEY = `data-client-key="${CLIENT_KEY}"`;

let browser: Browser;
let context: BrowserContext;
let site: ClientSite;
let server: TestServer;
let page: Page;
/** What pages threw. */
let errors: string[];

beforeAll(async () => {
  // A name that is not this machine's: pages from there have no secure context.
  browser = await startBrowser(["--disable-back-forward-cache"], ["--host-resolver-rules=MAP shop.test 127.0.0.1"]);
});

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  site = new ClientSite();
  await site.start();
  site.options = { attributes: KEY };
  server = new TestServer(
    mkdtempSync(join(tmpdir(), "simplelogs-client-")),
    configText({ pair: `origins = ["${site.origin()}", "${site.origin("shop.test")}"]` }),
  );
  await server.start();
  site.target = server.url;
  context = await browser.newContext();
  errors = [];
  context.on("weberror", (error) => errors.push(String(error.error())));
  page = await context.newPage();
});

afterEach(async () => {
  await context.close();
  await server.stop();
  rmSync(server.folder, { recursive: true, force: true });
  await site.close();
});

/** Runs in the page, without waiting for what it waits for; it may leave. */
async function run(script: string, on = page): Promise<void> {
  await on.evaluate(`void (() => { ${script} })()`).catch(() => {});
}

const visit = (path: string, name?: string) => page.goto(`${site.origin(name)}${path}`);

/** Messages of the stored records whose message begins with `start`, sorted, when there are `count` of them. */
async function stored(start: string, count: number): Promise<string[]> {
  let found: ShownRecord[] = [];
  await eventually(`${count} records of ${start}`, async () => {
    found = (await server.export()).filter(({ message = "" }) => message.startsWith(start));
    return found.length >= count;
  });
  return found
    .map(({ message = "" }) => message)
    .toSorted((a, b) => Number(a.slice(start.length)) - Number(b.slice(start.length)));
}

const numbered = (start: string, count: number) => Array.from({ length: count }, (_, at) => `${start}${at}`);

/** How many requests came under each key. */
function requestsByKey(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { idempotencyKey } of site.seen) counts.set(idempotencyKey, (counts.get(idempotencyKey) ?? 0) + 1);
  return counts;
}

/** All requests of one key have the same bytes. */
function expectSameBytes(): void {
  const bodies = new Map<string, string>();
  for (const { idempotencyKey, body } of site.seen) {
    expect(bodies.get(idempotencyKey) ?? body).toBe(body);
    bodies.set(idempotencyKey, body);
  }
}

const log = (start: string, count: number, length = 10) =>
  `for (let i = 0; i < ${count}; i++) SimpleLogs.log({ message: "${start}" + i, touchpoint: "shop/test", metadata: { text: "x".repeat(${length}) } });`;

describe("what a page logged is stored once", () => {
  test("in a page that stays, without a preflight", async () => {
    await visit("/");
    await run(log("a", 3));
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    expect(site.seen.length).toBe(1);
    const [record] = await server.export();
    expect(record).toMatchObject({ source: "client", keyType: "client", touchpoint: "shop/test" });
    expect(record?.metadata).toEqual({ text: "xxxxxxxxxx", pageId: expect.any(String), sessionId: expect.any(String) });
  });

  test("30 entries of 3 kB and leaving at once: all are stored after the next page", async () => {
    await visit("/");
    await run(`${log("a", 30, 3000)} location.href = "/next";`);
    await page.waitForURL("**/next");
    expect(await stored("a", 30)).toEqual(numbered("a", 30));
    expectSameBytes();
    await expectSoon(() => page.evaluate("Object.keys(localStorage)")).toEqual([]);
  });

  test("80 entries of 3 kB, four times what the browser takes with it, and leaving at once", async () => {
    await visit("/");
    await run(`${log("a", 80, 3000)} location.href = "/next";`);
    await page.waitForURL("**/next");
    expect(await stored("a", 80)).toEqual(numbered("a", 80));
    expectSameBytes();
  });

  test("an outage of a whole page: the next page sends it", async () => {
    await visit("/");
    site.mode = "down";
    await run(log("a", 5));
    await untilTrue("it is tried again", () => site.seen.length > 1);
    await run(`${log("b", 5)} location.href = "/next";`);
    await page.waitForURL("**/next");
    site.mode = "pass";
    await visit("/again");
    expect(await stored("a", 5)).toEqual(numbered("a", 5));
    expect(await stored("b", 5)).toEqual(numbered("b", 5));
    expectSameBytes();
  });

  test("answers that are lost: the same bytes come again under the same key", async () => {
    await visit("/");
    site.mode = "lose answers";
    await run(log("a", 5));
    await untilTrue("the first answer is lost", () => site.seen.length > 0);
    site.mode = "pass";
    await untilTrue("it is sent again", () => site.seen.length > 1);
    expect(await stored("a", 5)).toEqual(numbered("a", 5));
    expect([...requestsByKey().values()]).toEqual([2]);
    expectSameBytes();
  });

  test("503 with Retry-After: it is sent again, not before", async () => {
    await visit("/");
    site.mode = { retryAfter: "2" };
    await run(log("a", 3));
    await untilTrue("the first attempt is refused", () => site.seen.length > 0);
    site.mode = "pass";
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    const [first, second, ...others] = site.seen;
    expect(others).toEqual([]);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1990);
    expectSameBytes();
  });

  test("leaving while a repetition is in flight, whose answer never comes", async () => {
    await visit("/");
    site.mode = "down";
    await run(log("a", 3));
    await untilTrue("the first attempt fails", () => site.seen.length === 1);
    site.mode = "hold answers";
    await untilTrue("the repetition is in flight", () => site.seen.length === 2);
    await run('location.href = "/next";');
    await page.waitForURL("**/next");
    site.release();
    await untilTrue("the next page sends it", () => site.seen.length === 3);
    await untilTrue("it is answered", () => site.seen.length === 3);
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    expect([...requestsByKey().values()]).toEqual([3]);
    expectSameBytes();
  });

  test("leaving while the first attempt is in flight, and fails", async () => {
    await visit("/");
    site.mode = "stall";
    await run(log("a", 3));
    await untilTrue("it is in flight", () => site.seen.length === 1);
    await run('location.href = "/next";');
    await page.waitForURL("**/next");
    site.release();
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    expectSameBytes();
  });

  test("leaving while the first attempt is in flight", async () => {
    site.mode = "hold answers";
    await visit("/");
    await run(log("a", 3));
    await untilTrue("it is in flight", () => site.seen.length === 1);
    await run(`${log("b", 3)} location.href = "/next";`);
    await page.waitForURL("**/next");
    site.release();
    await visit("/again");
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    expect(await stored("b", 3)).toEqual(numbered("b", 3));
  });

  test("a return from the back-forward cache goes on", async () => {
    await visit("/");
    await run('addEventListener("pageshow", ({ persisted }) => { window.cameBack = persisted; })');
    await run(`${log("a", 3)} location.href = "/next";`);
    await page.waitForURL("**/next");
    await run(log("b", 3));
    await page.goBack({ waitUntil: "commit" });
    await expectSoon(() => page.evaluate("window.cameBack")).toBe(true);
    await run(log("c", 3));
    for (const start of ["a", "b", "c"]) expect(await stored(start, 3)).toEqual(numbered(start, 3));
    expectSameBytes();
  });

  test("what another page saves while a batch of the page before is under way", async () => {
    await visit("/");
    site.mode = "down";
    await run(log("a", 3));
    await untilTrue("it is tried again", () => site.seen.length > 1);
    await run('location.href = "/next";');
    await page.waitForURL("**/next");
    site.mode = "hold answers";
    await page.goto(`${site.origin()}/again`);
    await untilTrue("it is in flight", () => site.seen.some(({ from }) => from === "/again"));
    const other = await context.newPage();
    site.mode = "down";
    await other.goto(`${site.origin()}/other`);
    await run(log("b", 3), other);
    await untilTrue("the other is tried", () => site.seen.some(({ body }) => body.includes('"b0"')));
    await other.close({ runBeforeUnload: true });
    site.release();
    for (const start of ["a", "b"]) expect(await stored(start, 3)).toEqual(numbered(start, 3));
    await expectSoon(() => page.evaluate("Object.keys(localStorage)")).toEqual([]);
    expectSameBytes();
  });

  test("two tabs: one at a time takes over what an earlier page left", async () => {
    await visit("/");
    site.mode = "down";
    await run(log("a", 5));
    await untilTrue("it is tried again", () => site.seen.length > 1);
    site.options = { head: "" };
    await visit("/without-library");
    site.options = { attributes: KEY };
    const ofTabs = () => site.seen.filter(({ from }) => from.startsWith("/tab"));
    // Neither sends yet: both are at it when the answer of the first comes.
    site.mode = "hold answers";
    const others = await Promise.all([1, 2, 3].map(() => context.newPage()));
    await Promise.all(others.map((other, at) => other.goto(`${site.origin()}/tab${at}`)));
    const locks = () =>
      page.evaluate("navigator.locks.query().then(({ held, pending }) => [held.length, pending.length])");
    await expectSoon(locks).toEqual([1, 2]);
    await untilTrue("one tab sends", () => ofTabs().length > 0);
    expect(ofTabs()).toEqual([expect.anything()]);
    // The next one may not see yet that the first has removed what it sent: then the server tells that it is the same.
    site.release();
    expect(await stored("a", 5)).toEqual(numbered("a", 5));
    await expectSoon(() => page.evaluate("Object.keys(localStorage)")).toEqual([]);
    expectSameBytes();
  });

  test("a page that is hidden, and shown again", async () => {
    const setHidden = (isHidden: boolean) =>
      run(`Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));`);
    await visit("/");
    await run(log("a", 3));
    await setHidden(true);
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    await run(log("b", 3));
    expect(await stored("b", 3)).toEqual(numbered("b", 3));
    site.mode = "down";
    const before = site.seen.length;
    await run(log("c", 3));
    await untilTrue("it is tried again", () => site.seen.length > before + 1);
    await setHidden(true);
    await expectSoon(() => page.evaluate("Object.keys(localStorage).length")).toBe(1);
    site.mode = "pass";
    await setHidden(false);
    expect(await stored("c", 3)).toEqual(numbered("c", 3));
    await expectSoon(() => page.evaluate("Object.keys(localStorage)")).toEqual([]);
    expectSameBytes();
  });

  test("logged by a listener of the very event that ends the page", async () => {
    await visit("/");
    await run(
      'addEventListener("pagehide", () => SimpleLogs.log("last0")); document.addEventListener("visibilitychange", () => SimpleLogs.log("last1"));',
    );
    await run('location.href = "/next";');
    await page.waitForURL("**/next");
    expect(await stored("last", 2)).toEqual(numbered("last", 2));
  });

  test("by a tab that is closed", async () => {
    await visit("/");
    await run(log("a", 3));
    await page.close({ runBeforeUnload: true });
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
  });
});

describe("a page without TLS, which has neither random UUIDs nor locks,", () => {
  test("sends its entries, and those stored during an outage", async () => {
    await visit("/", "shop.test");
    await expectSoon(() => page.evaluate("[isSecureContext, crypto.randomUUID, navigator.locks]")).toEqual([
      false,
      undefined,
      undefined,
    ]);
    await run(log("a", 3));
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    site.mode = "down";
    const before = site.seen.length;
    await run(log("b", 5));
    await untilTrue("it is tried again", () => site.seen.length > before + 1);
    await run('location.href = "/next";');
    await page.waitForURL("**/next");
    site.mode = "pass";
    await visit("/again", "shop.test");
    expect(await stored("b", 5)).toEqual(numbered("b", 5));
    expectSameBytes();
  });
});

describe("a page without storage", () => {
  test("throws nothing, and sends what it can", async () => {
    await page.addInitScript(`for (const name of ["localStorage", "sessionStorage"])
      Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });`);
    await visit("/");
    await run(`${log("a", 30, 3000)} location.href = "/next";`);
    await page.waitForURL("**/next");
    await run(log("b", 3));
    expect(await stored("b", 3)).toEqual(numbered("b", 3));
    expect((await stored("a", 15)).length).toBeWithin(15, 31);
    expect(errors).toEqual([]);
  });
});

describe("an origin that is not allowed", () => {
  test("causes no exception, one report, and no more requests than the bounds", async () => {
    site.options = { head: `<script src="${site.libraryUrl}/sdk/simplelogs.js" data-auto-capture="errors"></script>` };
    await visit("/", "127.0.0.1");
    await run(`window.problems = [];
      SimpleLogs.init({ clientKey: "${CLIENT_KEY}", apiEndpoint: "${site.gatewayUrl}/api/v1", onError: (problem) => problems.push(problem) });
      ${log("a", 2000, 300)}`);
    await untilTrue("an attempt is refused", () => site.seen.length > 0);
    await expectSoon(() => page.evaluate("problems")).toEqual([
      { reason: "unreachable", status: 0, message: "no answer", entryCount: 100 },
    ]);
    await run('location.href = "/next";');
    await page.waitForURL("**/next");
    await expectSoon(() => page.evaluate<number>("JSON.stringify(localStorage).length")).toBeLessThan(400_000);
    expect(await server.export()).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("reads its refusal where its key is wrong", async () => {
    site.options = { attributes: 'data-client-key="ck_nobody_knows_this_key"' };
    await visit("/");
    await run(
      `window.problems = []; SimpleLogs.init({ onError: (problem) => problems.push(problem) }); ${log("a", 2)}`,
    );
    await expectSoon(() => page.evaluate("problems")).toMatchObject([
      { reason: "refused", status: 401, entryCount: 2 },
    ]);
    expect(site.seen.length).toBe(1);
  });
});

describe("a page's policy", () => {
  test("that lists the scripts' hashes lets the library in, and it works", async () => {
    const hashes = ["simplelogs.js", "deferred.js", "vitals.js"].map((file) => `'${site.hashOf(file)}'`);
    site.options = {
      attributes: `${KEY} data-auto-capture="true" crossorigin integrity="${site.hashOf("simplelogs.js")}"`,
      headers: {
        "content-security-policy": `default-src 'none'; img-src data:; script-src ${hashes.join(" ")}; connect-src ${site.gatewayUrl}`,
      },
    };
    const violations: string[] = [];
    page.on("console", (message) => violations.push(message.text()));
    await visit("/");
    await run(log("a", 3));
    expect(await stored("a", 3)).toEqual(numbered("a", 3));
    await page.waitForFunction("window.SimpleLogsVitals");
    await run('location.href = "/next";');
    await page.waitForURL("**/next");
    await eventually("web vitals are stored", async () =>
      (await server.export()).some(({ touchpoint }) => touchpoint === "vitals/TTFB"),
    );
    expect(violations.filter((text) => /policy/i.test(text))).toEqual([]);
  });
});
