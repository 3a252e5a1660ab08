// The app in a real browser, against a running server: opened, signed in, and watched. Whatever a page must never do is collected
// all the time: script errors, console errors, and anything that the content security policy stopped.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ADMIN_TOKEN } from "./server.ts";

/** Told by the browser for any 401, which is how the app learns that nobody is signed in. */
const EXPECTED_ERRORS = [/status of 401/];

export interface AppPage {
  readonly page: Page;
  /** What went wrong so far, one sentence each. */
  readonly problems: readonly string[];
  /** Goes to an address of the app: "/logs?q=a". */
  open(path: string): Promise<void>;
  /** Pastes the admin token, and waits for the frame. */
  signIn(token?: string): Promise<void>;
}

export interface AppPageOptions extends BrowserContextOptions {
  /** Where it begins; "/" when absent. */
  readonly path?: string;
  /** Whether it is signed in at once; true when absent. */
  readonly isSignedIn?: boolean;
  /** Console errors that the test itself provokes. */
  readonly expected?: readonly RegExp[];
}

/** Opens the app in a browser profile of its own, gives it to `work`, and fails when something went wrong meanwhile. */
export async function withAppPage<T>(
  browser: Browser,
  server: { readonly url: string },
  options: AppPageOptions,
  work: (app: AppPage) => Promise<T>,
): Promise<T> {
  const { path = "/", isSignedIn = true, expected = [], ...contextOptions } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...contextOptions });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const problems: string[] = [];
    const allowed = [...EXPECTED_ERRORS, ...expected];
    page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !allowed.some((one) => one.test(text))) problems.push(`console: ${text}`);
    });
    page.on("dialog", (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.addInitScript(`document.addEventListener("securitypolicyviolation", (event) =>
      console.error("policy: " + event.violatedDirective + " stopped " + event.blockedURI + " " + event.sample))`);
    const app: AppPage = {
      page,
      problems,
      open: async (path) => {
        await page.goto(`${server.url}${path}`);
      },
      signIn: async (token = ADMIN_TOKEN) => {
        await page.getByLabel("Admin token").fill(token);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("navigation", { name: "Pages" }).waitFor();
      },
    };
    await app.open(path);
    if (isSignedIn) await app.signIn();
    const result = await work(app);
    if (problems.length > 0) throw new Error(`the page had problems:\n${problems.join("\n")}`);
    return result;
  } finally {
    await context.close();
  }
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
  }[];
}

/** What axe-core finds on the page as it is now; [] when all is well. Evaluated from outside, so the policy stays in force. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(source);
  const result: AxeResult = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
  );
}
