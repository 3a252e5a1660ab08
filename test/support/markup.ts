// Texts that would be markup or script if they were ever taken as such, and whether a page took one.

import type { Page } from "playwright-core";
import { settled } from "./expect_soon.ts";

/** Each would set `ran` on the window, or leave an element behind. */
export const MARKUP: readonly string[] = [
  "<img src=x onerror=ran=1>",
  '"><script>ran=1</script>',
  "</pre><svg onload=ran=1>",
  "javascript:ran=1",
  "' onmouseover='ran=1",
  "{{constructor.constructor('ran=1')()}}",
];

/** What of it became more than text once the page has settled, one sentence each; [] when all stayed text. */
export async function takenAsMarkup(page: Page): Promise<string[]> {
  await settled(page);
  return page.evaluate(`[
    ...(typeof ran === "undefined" ? [] : ["a script ran"]),
    ...[...document.querySelectorAll("main img, main script, main iframe, main [onerror], main [onload], main [onmouseover]")]
      .map((element) => "the page has " + element.outerHTML),
    ...[...document.querySelectorAll("a")].filter((link) => link.protocol === "javascript:")
      .map((link) => "a link leads to " + link.href),
  ]`);
}
