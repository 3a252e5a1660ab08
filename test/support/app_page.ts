// The app in a real browser, against a running server: opened, signed in, and watched. Whatever a page must never do is
// collected all the time: script errors, console errors, and anything that the content security policy stopped.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { expectSoon, SHOWN_MS_MAX, settled, watchRequests } from "./expect_soon.ts";
import { runSeed, seededRandom } from "./random.ts";
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
  watchRequests(context);
  try {
    await delayAnswers(context);
    const page = await context.newPage();
    page.setDefaultTimeout(SHOWN_MS_MAX);
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

/** The looks in which every page must be accessible. */
export const THEMES = ["light", "dark"] as const;

/**
 * Fails where axe-core finds something on the page, once it has settled, in each of `themes` (absent: the one it has).
 * The last theme stays. Another theme has other colours only, and is judged by them.
 */
export async function expectAccessible(
  page: Page,
  themes: readonly ((typeof THEMES)[number] | undefined)[] = [undefined],
): Promise<void> {
  for (const [index, theme] of themes.entries()) {
    if (theme !== undefined) await page.emulateMedia({ colorScheme: theme });
    await expectSoon(
      () => accessibilityProblems(page, index === 0 ? ALL_RULES : COLOUR_RULES),
      ACCESSIBLE_MS_MAX,
    ).toEqual([]);
  }
}

/** How long a page may look as it must not, in ms: what was opened a moment ago may still be laid out. */
const ACCESSIBLE_MS_MAX = 5_000;

/** Options of axe-core. */
const ALL_RULES = "{ resultTypes: ['violations'] }";
const COLOUR_RULES = "{ resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block'] }";

/** What axe-core finds; [] when all is well. Evaluated from outside, so the policy stays in force. */
async function accessibilityProblems(page: Page, options: string): Promise<string[]> {
  // What is loaded again is dim meanwhile. A test of that very state holds the answer back, and is judged as it is.
  await settled(page);
  await transitionsEnd(page);
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) {
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  }
  const result: AxeResult = await page.evaluate(`axe.run(document, ${options})`);
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary = "" }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`),
  );
}

/** Ends when colours do not change any more. */
async function transitionsEnd(page: Page): Promise<void> {
  await page.evaluate(`new Promise(requestAnimationFrame).then(() => Promise.all(document.getAnimations()
    .filter((animation) => animation instanceof CSSTransition)
    .map((animation) => animation.finished.catch(() => undefined))))`);
}

/** Answers of the API are held back by up to so many ms, at random; absent: not at all. */
const ANSWER_DELAY_MS_MAX = Number(process.env["SIMPLELOGS_TEST_ANSWER_DELAY_MS"] ?? 0);

/** Shows on a quiet machine what a test does not wait for. What a test routes itself is not delayed. */
async function delayAnswers(context: BrowserContext): Promise<void> {
  if (ANSWER_DELAY_MS_MAX === 0) return;
  const random = seededRandom(runSeed("delay of answers"));
  await context.route("**/api/**", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, random() * ANSWER_DELAY_MS_MAX));
    // The page may be gone meanwhile.
    await route.continue().catch(() => undefined);
  });
}
