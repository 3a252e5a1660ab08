// The app in a real browser, against a running server: opened, signed in, and watched. Whatever a page must never do is
// collected all the time: script errors, console errors, and anything that the content security policy stopped.

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
    page.setDefaultTimeout(30_000);
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

/** How long a page may load before it is judged, in ms. */
const BUSY_MS_MAX = 3_000;

/** The looks in which every page must be accessible. */
export const THEMES = ["light", "dark"] as const;

/**
 * What axe-core finds on the page as it is now, in each of `themes` (absent: the one it has); [] when all is well. The
 * last theme stays. Evaluated from outside, so the policy stays in force.
 */
export async function accessibilityProblems(
  page: Page,
  themes: readonly ((typeof THEMES)[number] | undefined)[] = [undefined],
): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) {
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  }
  // What is loaded again is dim meanwhile. A test of that very state holds the answer back, and is judged as it is.
  const busy = page.locator('[aria-busy="true"]').first();
  await busy.waitFor({ state: "detached", timeout: BUSY_MS_MAX }).catch(() => undefined);
  const problems: string[] = [];
  for (const theme of themes) {
    if (theme !== undefined) await page.emulateMedia({ colorScheme: theme });
    await transitionsEnd(page);
    const result: AxeResult = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
    for (const { id, help, nodes } of result.violations) {
      for (const node of nodes) {
        problems.push(`${theme ?? ""} ${id}: ${help}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`);
      }
    }
  }
  return problems;
}

/** Ends when colours do not change any more. */
async function transitionsEnd(page: Page): Promise<void> {
  await page.evaluate(`new Promise(requestAnimationFrame).then(() => Promise.all(document.getAnimations()
    .filter((animation) => animation instanceof CSSTransition)
    .map((animation) => animation.finished.catch(() => undefined))))`);
}
