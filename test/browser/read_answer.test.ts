// A page of an allowed origin can read why it was refused, across origins: status, body and Retry-After. Any other page
// reads nothing.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { startBrowser, startWebsite, type Website } from "../support/browser.ts";
import { CLIENT_KEY, configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const OTHER_CLIENT_KEY = "ck_of-another-website-0123456789";

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: string | null;
}

let browser: Browser;
let website: Website;

beforeAll(async () => {
  browser = await startBrowser();
  website = await startWebsite(() => "");
});

afterAll(async () => {
  await browser.close();
  await website.close();
});

/** The website's localhost is allowed to the first key, one entry a second; a second key has an origin of its own. */
function withShop(work: (server: TestServer) => Promise<void>): Promise<void> {
  const config = configText({
    pair: `origins = ["${website.origin("localhost")}"]\nrate = 1`,
    tables: `[[keys]]\nname = "other"\nclient = "${OTHER_CLIENT_KEY}"\norigins = ["https://other.example.com"]`,
  });
  return withServer(config, work);
}

/** What a page of `name` can read of the answers to these bodies, in their order; or the name of fetch's error. */
async function readFrom(server: TestServer, name: string, bodies: readonly unknown[]): Promise<(Answer | string)[]> {
  const page = await browser.newPage();
  try {
    await page.goto(`${website.origin(name)}/`);
    const input = JSON.stringify({ address: `${server.url}${ENQUEUE_PATH}`, bodies });
    return await page.evaluate(`(async ({ address, bodies }) => {
      const answers = [];
      for (const body of bodies) {
        try {
          const headers = { "Content-Type": "application/json" };
          const answer = await fetch(address, { method: "POST", headers, credentials: "include", body: JSON.stringify(body) });
          answers.push({ status: answer.status, body: await answer.json(), retryAfter: answer.headers.get("Retry-After") });
        } catch (error) {
          answers.push(error.name);
        }
      }
      return answers;
    })(${input})`);
  } finally {
    await page.close();
  }
}

function batch(key: string, entryCount: number): unknown {
  return {
    key,
    source: "client",
    entries: Array.from({ length: entryCount }, (_, index) => ({ message: `${index}` })),
  };
}

describe("a page of an allowed origin reads", () => {
  test("the answer that its batch was accepted", () =>
    withShop(async (server) => {
      expect(await readFrom(server, "localhost", [batch(CLIENT_KEY, 1)])).toEqual([
        { status: 202, body: { queued: true }, retryAfter: null },
      ]);
    }));

  test("429 with Retry-After, when its key's rate is used up", () =>
    withShop(async (server) => {
      // Ten seconds' burst, and then one more entry than is left.
      const [first, second] = await readFrom(server, "localhost", [batch(CLIENT_KEY, 10), batch(CLIENT_KEY, 5)]);
      expect(first).toEqual({ status: 202, body: { queued: true }, retryAfter: null });
      if (typeof second !== "object") throw new Error(`the page could not read its answer: ${second}`);
      expect(second).toEqual({
        status: 429,
        body: { message: expect.stringMatching(/./) },
        retryAfter: expect.stringMatching(/^[1-5]$/),
      });
    }));

  test("the errors of a batch that does not fit the schema", () =>
    withShop(async (server) => {
      const body = { key: CLIENT_KEY, source: "client", entries: [{ level: "fatal", message: 5 }] };
      expect(await readFrom(server, "localhost", [body])).toEqual([
        {
          status: 422,
          body: {
            message: "Invalid enqueue payload",
            errors: {
              fieldErrors: {
                entries: [
                  "Expected string, received number",
                  "Invalid enum value. Expected 'info' | 'warn' | 'error' | 'debug', received 'fatal'",
                ],
              },
              formErrors: [],
            },
          },
          retryAfter: null,
        },
      ]);
    }));

  test("that its key is unknown, not a client's, or not for this origin", () =>
    withShop(async (server) => {
      const bodies = [batch("ck_0000000000000000000", 1), batch(SERVER_KEY, 1), batch(OTHER_CLIENT_KEY, 1)];
      const refused = (status: number) => ({ status, body: { message: expect.stringMatching(/./) }, retryAfter: null });
      expect(await readFrom(server, "localhost", bodies)).toEqual([refused(401), refused(401), refused(403)]);
      expect(await server.export()).toEqual([]);
    }));
});

describe("a page of another origin", () => {
  test("reads nothing, not even that it was refused", () =>
    withShop(async (server) => {
      const bodies = [batch(CLIENT_KEY, 1), batch("ck_0000000000000000000", 1)];
      expect(await readFrom(server, "127.0.0.1", bodies)).toEqual(["TypeError", "TypeError"]);
      expect(await server.export()).toEqual([]);
    }));
});
