// The screenshots of the documentation: every page of the app over a server of its own with made entries, light and
// dark, wide and narrow, into a folder. `--keep` puts some of them into docs/screenshots.

import { copyFileSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { EntryMaker, numbersFrom } from "./bench/entries.ts";
import { ADMIN_TOKEN, SERVER_KEY, withServer } from "./bench/servers.ts";
import { CORPUS, ROOT, runCommand } from "./command.ts";
import { checkoutTrace } from "./screenshot_trace.ts";

const HOUR_MS = 3_600_000;
const PAGES = ["overview", "logs", "trace", "timings", "touchpoints", "keys", "usage", "storage"];
const ALERTS = "alerts";
/** On the pages, with the theme that each is shown in. */
const PAGE_SHOTS: Readonly<Record<string, "light" | "dark">> = {
  overview: "light",
  logs: "dark",
  timings: "light",
  touchpoints: "dark",
  trace: "light",
  [ALERTS]: "light",
};
/** Bursts of errors, and from one to the next in ms: an alert fires and resolves in between. */
const BURSTS = 4;
const BURST_MS = 20_000;
const FLAGS = (
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync"
).split(" ");

async function send(url: string, entries: readonly string[]): Promise<void> {
  const body = `{"key":"${SERVER_KEY}","source":"server","entries":[${entries.join(",")}]}`;
  const answer = await fetch(`${url}/api/v1/enqueue`, { method: "POST", body });
  await answer.text();
  if (answer.status !== 202) throw new Error(`a batch was answered ${answer.status}`);
}

/** The address of a page. The trace lies over the logs. */
function addressOf(page: string): string {
  if (page === ALERTS) return "/alerts?from=15m";
  const path = page === "overview" ? "" : page === "trace" ? "logs" : page;
  return `/${path}?from=6h${page === "trace" ? `&trace=${checkoutTrace(0).key}` : ""}`;
}

/** A shop's timings and some that run, beside real log lines, over the last six hours. */
async function fill(url: string): Promise<void> {
  const now = Date.now();
  const maker = new EntryMaker(CORPUS, 7);
  const next = numbersFrom(11);
  const touchpoints = [
    "api/orders/submit",
    "api/orders/list",
    "api/users/sign-in",
    "db/query/products",
    "db/query/orders",
  ];
  for (let batch = 0; batch < 40; batch++) {
    const lines: string[] = [];
    for (let index = 0; index < 500; index++) {
      const time = now - Math.floor(6 * HOUR_MS * ((next() % 1_000_000) / 1_000_000));
      if (index % 4 > 0) lines.push(maker.entry(time));
      else {
        const touchpoint = touchpoints[next() % touchpoints.length] as string;
        const duration = Math.round(10 ** (1 + ((next() % 1000) / 1000) * 2) * 100) / 100;
        const order = `ord_${next() % 10_000}`;
        lines.push(JSON.stringify({ touchpoint, key: order, startTime: time, duration, metadata: { order } }));
      }
    }
    await send(url, lines);
  }
  await send(
    url,
    checkoutTrace(now - 600_000).entries.map((entry) => JSON.stringify(entry)),
  );
  await send(url, [
    JSON.stringify({ touchpoint: "api/orders/submit", key: "ord_77", startTime: now - 42_000 }),
    JSON.stringify({ touchpoint: "db/query/orders", key: "ord_78", startTime: now - 7_000 }),
  ]);
}

/** Entries that are dropped. From then on, every page says so. */
async function fillRejections(url: string): Promise<void> {
  await send(url, [JSON.stringify({ message: "sent in seconds", timestamp: Math.floor(Date.now() / 1000) }), "{}"]);
}

/** Rules, and errors of which some fire now and then. */
async function fillAlerts(url: string): Promise<void> {
  const checkout = { q: "level:error touchpoint:api/checkout", window: "10s", every: "1s", above: 2 };
  const rules = [
    { ...checkout, name: "checkout fails", project: "default", note: "Look at the payment provider first." },
    { name: "errors by touchpoint", q: "level:error", every: "1s", above: 5, group_by: "touchpoint" },
    { name: "slow checkout", q: "touchpoint:api/checkout", kind: "percentile", above: "1.5s", resolve_below: "1s" },
    { name: "nothing comes", kind: "silence", window: "10m", severity: "critical" },
  ];
  for (const rule of rules) {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/api/v1/alerts`, { method: "POST", headers, body: JSON.stringify({ rule }) });
    if (answer.status !== 201) throw new Error(`a rule was answered ${answer.status}: ${await answer.text()}`);
  }
  const error = JSON.stringify({ touchpoint: "api/checkout", level: "error", message: "payment refused" });
  for (let burst = 0; burst < BURSTS; burst++) {
    await send(url, [error, error, error, error]);
    await new Promise((resolve) => setTimeout(resolve, BURST_MS));
  }
  await send(url, [error, error, error, error]);
}

async function shoot(browser: Browser, url: string, folder: string, names: readonly string[]): Promise<void> {
  for (const theme of ["light", "dark"] as const) {
    for (const width of [1280, 360]) await shootOne(browser, url, folder, { names, theme, width });
  }
}

interface Look {
  readonly names: readonly string[];
  readonly theme: "light" | "dark";
  readonly width: number;
}

async function shootOne(browser: Browser, url: string, folder: string, { names, theme, width }: Look): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme });
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
    for (const name of names) {
      await page.goto(`${url}${addressOf(name)}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => undefined);
      await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
    }
  } finally {
    await context.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { keep: { type: "boolean" } } });
  const executablePath = process.env["SIMPLELOGS_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
  const folder = mkdtempSync(join(tmpdir(), "simplelogs-screenshots-"));
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    await withServer(tmpdir(), "sync", async ({ url }) => {
      await fill(url);
      await shoot(browser, url, folder, PAGES);
      await fillAlerts(url);
      await shoot(browser, url, folder, [ALERTS]);
      await fillRejections(url);
      await shoot(browser, url, folder, ["rejections"]);
    });
  } finally {
    await browser.close();
  }
  if (values.keep === true) {
    const kept = join(ROOT, "docs/screenshots");
    mkdirSync(kept, { recursive: true });
    for (const [name, theme] of Object.entries(PAGE_SHOTS)) {
      copyFileSync(join(folder, `${name}-${theme}-1280.png`), join(kept, `${name}.png`));
    }
  }
  console.log(folder);
}

await runCommand(main);
