// The script tags of the page on the client library, in a page of another origin, as they stand but for address and
// key.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { startBrowser, startWebsite, type Website } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { CLIENT_KEY, configText, withServer } from "../support/server.ts";
import { parseMarkdown } from "../unit/docs/markdown.ts";

let browser: Browser;
let website: Website;
let markup = "";
beforeAll(async () => {
  browser = await startBrowser();
  website = await startWebsite(
    () => "",
    () => markup,
  );
});
afterAll(async () => {
  await browser.close();
  await website.close();
});

/** The block of a page with this text, for the server at `url`. */
function markupOf(page: string, text: string, url: string): string {
  const { blocks } = parseMarkdown(readFileSync(join(import.meta.dir, "../..", page), "utf8"));
  const found = blocks.filter((block) => block.language === "html" && block.text.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks of ${page} have ${text}`);
  return (found[0]?.text ?? "").replaceAll("http://localhost:7070", url).replace("ck_your_client_key", CLIENT_KEY);
}

describe("the documentation's script tag", () => {
  const pages: readonly (readonly [page: string, text: string, touchpoints: readonly string[]])[] = [
    ["docs/client_library.md", "SimpleLogs.log", ["checkout"]],
    ["docs/client_library.md", "SimpleLogs.identify", ["page-view"]],
  ];
  test.each(pages)("of %s with %s stores what its page logs", (path, text, touchpoints) =>
    withServer(configText({ pair: `origins = ["${website.origin("localhost")}"]` }), async (server) => {
      markup = markupOf(path, text, server.url);
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      try {
        await page.goto(`${website.origin("localhost")}/`);
        const stored = async () => (await server.export()).map(({ touchpoint }) => touchpoint ?? "");
        await eventually("they are stored", async () => {
          const found = await stored();
          return touchpoints.every((one) => found.includes(one));
        });
        expect(problems).toEqual([]);
      } finally {
        await page.close();
      }
    }),
  );
});
