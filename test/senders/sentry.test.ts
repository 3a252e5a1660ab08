// The SDKs of Sentry against the executable, unchanged but for the DSN: on Node, and in a page of another origin.

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBrowser, startWebsite } from "../support/browser.ts";
import { CLIENT_KEY, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { withPackages } from "../support/suite_packages.ts";
import { runModule, type SentRecord, storedRecords } from "./programs.ts";

const HEX_32 = expect.stringMatching(/^[0-9a-f]{32}$/);
const HEX_16 = expect.stringMatching(/^[0-9a-f]{16}$/);
const INSTANT = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

function dsnOf(server: { readonly url: string }, key: string): string {
  return `${server.url.replace("://", `://${key}@`)}/1`;
}

/** Of the records, those with this message. */
function withMessage(records: readonly SentRecord[], message: string): SentRecord {
  const found = records.filter((record) => record.message === message);
  expect([message, found.length]).toEqual([message, 1]);
  return found[0] as SentRecord;
}

async function ignoredOf(server: TestServer): Promise<number> {
  return (await server.metrics()).get('simplelogs_entries_dropped_total{reason="ignored"}') ?? 0;
}

const PROGRAM = `
import * as Sentry from "@sentry/node";
Sentry.init({
  dsn: process.env.DSN, enableLogs: true, tracesSampleRate: 1, release: "shop@1.2.3", environment: "test", serverName: "web-1",
});
Sentry.setTag("region", "eu");
Sentry.setUser({ id: "usr_7", email: "zoe@example.com" });
Sentry.addBreadcrumb({ category: "cart", message: "added", level: "info", data: { sku: "s1" } });
function charge() { throw new RangeError("card declined", { cause: new TypeError("no token") }); }
try { charge(); } catch (error) { Sentry.captureException(error, { extra: { order: { id: "ord_1", lines: [1, 2] } } }); }
Sentry.captureMessage("stock is low \\u{1F600}", "warning");
Sentry.logger.info("order placed", { orderId: "ord_1", total: 12.5, paid: true });
Sentry.logger.fatal(Sentry.logger.fmt\`no room for \${3} orders\`);
Sentry.startSpan({ name: "GET /orders" }, () => undefined);
Sentry.startSession();
Sentry.endSession();
await Sentry.close(10_000);
`;

describe("@sentry/node", () => {
  test("stores errors with their causes, messages and logs, whole, and what else it sends is counted as ignored", async () => {
    await withServer(configText(), async (server) => {
      const before = Date.now();
      const { exitCode, stderr } = await runModule(PROGRAM, { DSN: dsnOf(server, SERVER_KEY) });
      expect([exitCode, stderr]).toEqual([0, ""]);
      const records = await storedRecords(server, 4);
      const now = Date.now();
      expect(records.filter(({ time }) => time < before || time > now)).toEqual([]);
      const shared = {
        project: "default",
        apiKey: "test",
        kind: "log" as const,
        source: "server" as const,
        keyType: "server" as const,
        time: expect.any(Number) as number,
        key: HEX_32 as string,
      };
      const metadata = {
        event_id: HEX_32,
        release: "shop@1.2.3",
        environment: "test",
        server_name: "web-1",
        platform: "node",
        spanId: HEX_16,
        user: { id: "usr_7", email: "zoe@example.com" },
        tags: { region: "eu" },
        contexts: {
          runtime: { name: "node", version: expect.stringMatching(/^v\d+\./) },
          os: { name: expect.any(String), version: expect.any(String) },
          device: { arch: expect.any(String) },
        },
        sdk: "sentry.javascript.node 11.12.0",
      };
      const added = { time: INSTANT, category: "cart", level: "info", message: "added", data: { sku: "s1" } };
      expect(withMessage(records, "RangeError: card declined")).toEqual({
        ...shared,
        level: "error",
        touchpoint: "errors/RangeError/program/charge",
        message: "RangeError: card declined",
        metadata: {
          ...metadata,
          handled: true,
          stack: expect.stringMatching(/^at charge \(\S+\/program\.mjs:9:27\)\nat \? \(\S+\/program\.mjs:10:7\)/),
          causes: [
            {
              type: "TypeError",
              message: "no token",
              stack: expect.stringMatching(/^at charge \(\S+\/program\.mjs:9:\d+\)\nat \? /),
            },
          ],
          extra: { order: { id: "ord_1", lines: [1, 2] } },
          breadcrumbs: [added],
        },
      });
      expect(withMessage(records, "stock is low 😀")).toEqual({
        ...shared,
        level: "warn",
        touchpoint: "messages/program",
        message: "stock is low 😀",
        metadata: {
          ...metadata,
          stack: expect.stringMatching(/^at \? \(\S+\/program\.mjs:11:\d+\)/),
          breadcrumbs: [added],
        },
      });
      const attributes = {
        environment: "test",
        release: "shop@1.2.3",
        "server.address": "web-1",
        "user.id": "usr_7",
        "user.email": "zoe@example.com",
      };
      expect(withMessage(records, "order placed")).toEqual({
        ...shared,
        level: "info",
        message: "order placed",
        metadata: { ...attributes, orderId: "ord_1", total: 12.5, paid: true },
      });
      expect(withMessage(records, "no room for 3 orders")).toEqual({
        ...shared,
        level: "error",
        message: "no room for 3 orders",
        metadata: {
          ...attributes,
          "sentry.message.template": "no room for %s orders",
          "sentry.message.parameter.0": 3,
        },
      });
      expect(await ignoredOf(server)).toBeGreaterThan(0);
    });
  });

  test("sends nothing again that was answered 503, and nothing at all until Retry-After is over", async () => {
    let requests = 0;
    const gateway = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        await request.text();
        requests++;
        return new Response('{"detail":"busy"}', { status: 503, headers: { "retry-after": "60" } });
      },
    });
    try {
      const program = `
import * as Sentry from "@sentry/node";
Sentry.init({ dsn: process.env.DSN, autoSessionTracking: false });
Sentry.captureException(new Error("first"));
await Sentry.flush(10_000);
Sentry.captureException(new Error("second"));
await Sentry.close(10_000);
`;
      const dsn = dsnOf({ url: `http://127.0.0.1:${gateway.port}` }, SERVER_KEY);
      const { exitCode } = await runModule(program, { DSN: dsn });
      expect([exitCode, requests]).toEqual([0, 1]);
    } finally {
      await gateway.stop(true);
    }
  });
});

const PAGE = `
import * as Sentry from "@sentry/browser";
window.start = (dsn) => {
  Sentry.init({ dsn, enableLogs: true, release: "shop@1.2.3", environment: "test" });
  Sentry.setTag("region", "eu");
};
window.fail = () => setTimeout(function submit() { window.checkout.pay(); }, 0);
window.log = () => Sentry.logger.warn("cart is empty", { items: 0 });
window.flush = () => Sentry.flush(10_000);
`;

/** The page's script, as a bundler makes it of the application and the SDK. */
function pageScript(): Promise<string> {
  return withPackages("senders", async (folder) => {
    const entry = join(folder, "page.js");
    writeFileSync(entry, PAGE);
    const { outputs } = await Bun.build({ entrypoints: [entry], target: "browser", format: "iife" });
    return (await (outputs[0] as Blob).text()).replaceAll("</script", "<\\/script");
  });
}

interface PageWindow {
  start(dsn: string): void;
  fail(): void;
  log(): void;
  flush(): Promise<boolean>;
}

describe("@sentry/browser", () => {
  test("stores an uncaught error and a log of a page whose origin the client key allows, and nothing of another page", async () => {
    const script = await pageScript();
    const site = await startWebsite(() => script);
    const browser = await startBrowser();
    try {
      const origin = site.origin("shop.localhost");
      await withServer(configText({ pair: `origins = ["${origin}"]` }), async (server) => {
        const dsn = dsnOf(server, CLIENT_KEY);
        /** Opens a page that fails and logs; gives how many envelopes were answered so far, by status. */
        const visit = async (address: string): Promise<Record<string, number>> => {
          const page = await browser.newPage();
          await page.goto(address);
          await page.evaluate((to) => (globalThis as unknown as PageWindow).start(to), dsn);
          await page.evaluate(() => (globalThis as unknown as PageWindow).log());
          const failed = page.waitForEvent("pageerror");
          await page.evaluate(() => (globalThis as unknown as PageWindow).fail());
          await failed;
          await page.evaluate(() => (globalThis as unknown as PageWindow).flush());
          await page.close();
          const figures = [...(await server.metrics())].filter(([name]) => name.startsWith("simplelogs_batches_total"));
          return Object.fromEntries(
            figures.filter(([, count]) => count > 0).map(([name, count]) => [name.slice(-5, -2), count]),
          );
        };
        const refused = await visit(`${site.origin("other.localhost")}/cart`);
        expect(refused).toEqual({ 403: expect.any(Number) as number });
        expect((await server.metrics()).get("simplelogs_entries_received_total") ?? 0).toBe(0);

        // Sessions, an error, and a log.
        expect(await visit(`${origin}/orders/17`)).toEqual({ ...refused, 200: expect.any(Number) as number });
        const records = await storedRecords(server, 2);
        const shared = {
          project: "default",
          apiKey: "test",
          kind: "log" as const,
          source: "client" as const,
          keyType: "client" as const,
          time: expect.any(Number) as number,
          key: HEX_32 as string,
        };
        const error = records.find(({ level }) => level === "error");
        expect(error).toEqual({
          ...shared,
          level: "error",
          touchpoint: "errors/TypeError/submit",
          message: "TypeError: Cannot read properties of undefined (reading 'pay')",
          metadata: {
            event_id: HEX_32,
            release: "shop@1.2.3",
            environment: "test",
            platform: "javascript",
            spanId: HEX_16,
            stack: expect.stringMatching(/^at submit \(http:\/\/shop\.localhost:\d+\/orders\/17:\d+:\d+\)/),
            handled: false,
            extra: { arguments: [] },
            tags: { region: "eu" },
            request: { url: `${origin}/orders/17` },
            sdk: "sentry.javascript.browser 11.12.0",
          },
        });
        expect(withMessage(records, "cart is empty")).toEqual({
          ...shared,
          level: "warn",
          message: "cart is empty",
          metadata: { environment: "test", release: "shop@1.2.3", items: 0 },
        });
        // The session of the visit.
        expect(await ignoredOf(server)).toBeGreaterThan(0);
      });
    } finally {
      await browser.close();
      await site.close();
    }
  }, 120_000);
});
