// What the client library relies on in a real browser: text/plain with the idempotency key in the address needs no
// preflight, its answer can be read, beacons with credentials are answered as browsers demand, and its files load from
// every origin.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { startBrowser, startWebsite, type Website } from "../support/browser.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { type Recorder, withRecorder } from "../support/recorder.ts";
import { CLIENT_KEY, configText, ENQUEUE_PATH, type TestServer, withServer } from "../support/server.ts";

const TARGET = `${ENQUEUE_PATH}?idempotency_key=page-1`;

let browser: Browser;
let website: Website;
let markup = "";
let headers: Readonly<Record<string, string>> = {};
beforeAll(async () => {
  browser = await startBrowser();
  website = await startWebsite(
    () => "",
    () => markup,
    () => headers,
  );
});
beforeEach(() => {
  markup = "";
  headers = {};
});
afterAll(async () => {
  await browser.close();
  await website.close();
});

interface Visit {
  readonly page: Page;
  readonly recorder: Recorder;
  readonly server: TestServer;
  readonly origin: string;
}

/** A page of an allowed origin that has cookies for the server's host. */
function withVisit(work: (visit: Visit) => Promise<void>): Promise<void> {
  const origin = website.origin("localhost");
  return withServer(configText({ pair: `origins = ["${origin}"]` }), (server) =>
    withRecorder(server.url, async (recorder) => {
      const page = await browser.newPage();
      try {
        await page.goto(`${origin}/`);
        await work({ page, recorder, server, origin });
      } finally {
        await page.close();
      }
    }),
  );
}

const body = JSON.stringify({ key: CLIENT_KEY, source: "client", entries: [{ message: "from a page" }] });

/** Methods and statuses of what passed, in its order. */
function passed({ recorded }: Recorder): [string, string, number][] {
  return recorded.map(({ method, target, status }) => [method, target, status]);
}

describe("a batch from a page of another origin", () => {
  test.each([
    ["omit", true],
    ["same-origin", false],
    ["include", false],
  ] as const)(
    "as text/plain with its key in the address needs no preflight, credentials %s, and the page reads the answer",
    (credentials, keepalive) =>
      withVisit(async ({ page, recorder, server }) => {
        const sent = { method: "POST", body, keepalive, credentials, headers: { "content-type": "text/plain" } };
        const answers: unknown[] = [];
        for (let times = 0; times < 2; times++) {
          answers.push(
            await page.evaluate(`fetch(${JSON.stringify(recorder.url + TARGET)}, ${JSON.stringify(sent)})
            .then(async (answer) => [answer.status, await answer.text()])`),
          );
        }
        expect(answers).toEqual([
          [202, '{"queued":true}'],
          [202, '{"queued":true}'],
        ]);
        expect(passed(recorder)).toEqual([
          ["POST", TARGET, 202],
          ["POST", TARGET, 202],
        ]);
        expect((await server.export()).map(({ message }) => message)).toEqual(["from a page"]);
      }),
  );

  test("as a beacon needs none either, and its answer allows the page's origin and credentials by name", () =>
    withVisit(async ({ page, recorder, origin }) => {
      const isTaken = await page.evaluate(
        `navigator.sendBeacon(${JSON.stringify(recorder.url + TARGET)}, ${JSON.stringify(body)})`,
      );
      expect(isTaken).toBe(true);
      await untilTrue("the beacon has passed", () => recorder.recorded.length > 0);
      expect(passed(recorder)).toEqual([["POST", TARGET, 202]]);
      const { headers, answered } = recorder.recorded[0] ?? { headers: {}, answered: {} };
      expect([headers["content-type"], headers.origin]).toEqual(["text/plain;charset=UTF-8", origin]);
      expect([
        answered["access-control-allow-origin"],
        answered["access-control-allow-credentials"],
        answered["vary"],
      ]).toEqual([origin, "true", "Origin"]);
    }));

  test("that is refused is read by the page: the status, and Retry-After", () =>
    withVisit(async ({ page, recorder }) => {
      const refused = JSON.stringify({
        key: "ck_0000000000000000000000",
        source: "client",
        entries: [{ message: "x" }],
      });
      const status = await page.evaluate(
        `fetch(${JSON.stringify(recorder.url + TARGET)}, { method: "POST", body: ${JSON.stringify(refused)} }).then((answer) => answer.status)`,
      );
      expect(status).toBe(401);
      expect(recorder.recorded[0]?.answered["access-control-expose-headers"]).toBe("Retry-After");
    }));
});

/** What `simplelogs sdk` says. */
interface Shown {
  readonly files: readonly { readonly name: string; readonly integrity: string; readonly use?: string }[];
  readonly policy: string;
}

async function shownBy(server: TestServer): Promise<Shown> {
  const { stdout } = await server.command("sdk", "--json", "--url", server.url);
  return JSON.parse(stdout) as Shown;
}

/** The tag with this server's client key, capturing everything, or errors alone. */
function tagOf({ files }: Shown, capturesAll = true): string {
  const tag = files.find(({ name }) => name === "simplelogs.js")?.use ?? "";
  if (!capturesAll) return tag.replace("ck_your_client_key", CLIENT_KEY);
  return tag.replace(
    'data-client-key="ck_your_client_key"',
    `data-client-key="${CLIENT_KEY}" data-auto-capture="true"`,
  );
}

/** Loads the page, logs an entry, waits for the parts of the library, and gives what the browser complained of. */
async function visit(origin: string, capturesAll = true): Promise<string[]> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  try {
    await page.goto(`${origin}/`);
    if ((await page.evaluate("typeof SimpleLogs")) === "undefined") return [...problems, "not loaded"];
    await page.evaluate('SimpleLogs.log({ touchpoint: "page", message: "opened" })');
    if (capturesAll) {
      const isLoaded = async () => (await page.evaluate("typeof SimpleLogsVitals")) === "function";
      await eventually("web vitals are loaded", isLoaded);
    }
    await page.evaluate("SimpleLogs.flush()");
    return problems;
  } finally {
    await page.close();
  }
}

describe("the script tag that the command prints", () => {
  const pages: readonly (readonly [
    what: string,
    headers: (server: TestServer, shown: Shown) => Record<string, string>,
  ])[] = [
    ["another origin", () => ({})],
    [
      "an isolated page",
      () => ({ "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" }),
    ],
    [
      "a page whose policy names the server",
      ({ url }) => ({
        "content-security-policy": `default-src 'none'; img-src data:; script-src ${url}; connect-src ${url}`,
      }),
    ],
    [
      "a page whose policy names a nonce",
      ({ url }) => ({ "content-security-policy": `script-src 'nonce-abc'; connect-src ${url}` }),
    ],
    [
      "a page with the policy of hashes that it prints",
      (_, { policy }) => ({ "content-security-policy": `default-src 'none'; img-src data:; ${policy}` }),
    ],
  ];
  test.each(pages)("loads all that it needs and sends, from %s", (_, headersOf) =>
    withServer(configText({ pair: `origins = ["${website.origin("localhost")}"]` }), async (server) => {
      const shown = await shownBy(server);
      headers = headersOf(server, shown);
      markup = tagOf(shown).replace("<script ", '<script nonce="abc" ');
      // The page's own script, which a policy may stop, is empty.
      const problems = (await visit(website.origin("localhost"))).filter((text) => !/inline script/.test(text));
      expect(problems).toEqual([]);
      const stored = await server.export("--", "touchpoint:page");
      expect(stored.map(({ message }) => message)).toEqual(["opened"]);
    }),
  );

  test("captures errors and sends where trusted types are required", () =>
    withServer(configText({ pair: `origins = ["${website.origin("localhost")}"]` }), async (server) => {
      markup = tagOf(await shownBy(server), false);
      headers = { "content-security-policy": `script-src ${server.url}; require-trusted-types-for 'script'` };
      const problems = (await visit(website.origin("localhost"), false)).filter((text) => !/inline script/.test(text));
      expect(problems).toEqual([]);
      expect((await server.export()).map(({ message }) => message)).toEqual(["opened"]);
    }));

  test("does not run what has another hash", () =>
    withServer(configText({ pair: `origins = ["${website.origin("localhost")}"]` }), async (server) => {
      const shown = await shownBy(server);
      const [script, other] = ["simplelogs.js", "vitals.js"].map(
        (name) => shown.files.find((file) => file.name === name)?.integrity ?? "",
      );
      markup = tagOf(shown).replace(script ?? "", other ?? "");
      expect(await visit(website.origin("localhost"))).toContain("not loaded");
    }));
});
