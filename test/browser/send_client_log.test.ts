// The specification's browser function in a real browser, from pages of allowed and of other origins: what is stored is
// what pages of allowed origins sent.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { startBrowser, startWebsite, type Website } from "../support/browser.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { exampleScript } from "../support/examples.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { CLIENT_KEY, configText, type TestServer, withServer } from "../support/server.ts";

const BATCHES = "simplelogs_batches_total";

type Sender = "sendBeacon" | "fetch";

let browser: Browser;
let website: Website;
let pageScript = "";

beforeAll(async () => {
  browser = await startBrowser();
  website = await startWebsite(() => pageScript);
});

afterAll(async () => {
  await browser.close();
  await website.close();
});

/** A server that lets in http://localhost and any one label below it, from the website's port. */
function withShop(work: (server: TestServer) => Promise<void>): Promise<void> {
  const origins = [website.origin("localhost"), website.origin("*.localhost")];
  return withServer(configText({ pair: `origins = ${JSON.stringify(origins)}` }), (server) => {
    pageScript = `const CLIENT_KEY = ${JSON.stringify(CLIENT_KEY)};\n${exampleScript("browser", server.url, CLIENT_KEY)}`;
    return work(server);
  });
}

/** Calls the example's function in a page of `name`, and leaves the page open until `isDone`. */
async function sendFrom(name: string, sender: Sender, message: string, isDone: () => Promise<boolean>): Promise<void> {
  const page = await browser.newPage();
  try {
    if (sender === "fetch") {
      await page.addInitScript("Object.defineProperty(navigator, 'sendBeacon', { value: undefined })");
    }
    await page.goto(`${website.origin(name)}/`);
    const beacon = sender === "fetch" ? "undefined" : "function";
    await expectSoon(() => page.evaluate("typeof navigator.sendBeacon")).toBe(beacon);
    // Not awaited by the page, as in the example; the fetch of a refused page rejects.
    await page.evaluate(`void sendClientLog(${JSON.stringify(message)})`);
    await eventually(`${sender} from ${name} is answered`, isDone);
  } finally {
    await page.close();
  }
}

const answered = (server: TestServer, status: number) => async () =>
  (await server.metrics()).get(`${BATCHES}{status="${status}"}`) === 1;

describe("the browser function stores its entry", () => {
  const cases: readonly (readonly [origin: string, name: string, sender: Sender])[] = [
    ["an allowed origin", "localhost", "sendBeacon"],
    ["an allowed origin", "localhost", "fetch"],
    ["an origin that a wildcard allows", "app.localhost", "sendBeacon"],
    ["an origin that a wildcard allows", "app.localhost", "fetch"],
  ];
  test.each(cases)("from %s (%s) by %s", (_, name, sender) =>
    withShop(async (server) => {
      const notBefore = Date.now();
      await sendFrom(name, sender, "Checkout opened – 5 €", answered(server, 202));
      const [record, ...others] = await server.export();
      if (record === undefined) throw new Error("nothing was stored");
      expect(others).toEqual([]);
      const { time, receivedAt } = record;
      expect(time).toBeWithin(notBefore, Date.now() + 1);
      expect(receivedAt).toBeWithin(notBefore, Date.now() + 1);
      expect(record).toEqual({
        id: 1,
        project: "default",
        apiKey: "test",
        kind: "log",
        time,
        receivedAt,
        source: "client",
        keyType: "client",
        level: "info",
        message: "Checkout opened – 5 €",
      });
    }),
  );

  test("when it is called while the page is being left", () =>
    withShop(async (server) => {
      const page = await browser.newPage();
      await page.goto(`${website.origin("localhost")}/`);
      await page.evaluate("addEventListener('pagehide', () => sendClientLog('Page left'))");
      await page.close({ runBeforeUnload: true });
      await eventually("the beacon arrives", answered(server, 202));
      expect((await server.export()).map((record) => record.message)).toEqual(["Page left"]);
    }));
});

describe("the browser function stores nothing", () => {
  const cases: readonly (readonly [origin: string, name: string])[] = [
    ["an origin that nothing allows", "127.0.0.1"],
    ["two labels below a wildcard", "a.b.localhost"],
  ];
  test.each(cases)("by sendBeacon from %s (%s), which is answered 403", (_, name) =>
    withShop(async (server) => {
      await sendFrom(name, "sendBeacon", "refused", answered(server, 403));
      expect(await server.export()).toEqual([]);
    }),
  );

  test.each(cases)("by fetch from %s (%s), whose preflight is refused", (_, name) =>
    withShop(async (server) => {
      const refusals: string[] = [];
      const page = await browser.newPage();
      page.on("console", (message) => {
        if (message.type() === "error") refusals.push(message.text());
      });
      await page.addInitScript("Object.defineProperty(navigator, 'sendBeacon', { value: undefined })");
      await page.goto(`${website.origin(name)}/`);
      await page.evaluate("sendClientLog('refused')");
      await untilTrue(
        "the browser tells of the refusal",
        () => refusals.some((text) => text.includes("CORS policy")),
        10_000,
      );
      await page.close();
      // The entry itself was never sent: not one POST was answered.
      const posts = [...(await server.metrics())].filter(([name, count]) => name.startsWith(BATCHES) && count > 0);
      expect(posts).toEqual([]);
      expect(await server.export()).toEqual([]);
    }),
  );
});
