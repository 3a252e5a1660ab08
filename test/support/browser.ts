// Headless Chromium, and the websites that its pages come from. Chromium takes every name below localhost for this
// machine.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";

const EXECUTABLE = process.env["SIMPLELOGS_TEST_CHROMIUM"] ?? "chromium";

/** No traffic of the browser's own, and no sandbox, which root cannot have. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Features that are off. Chromium reads the last list alone, so playwright's own is in it (PLAYWRIGHT_OFF); the others
 * load two hidden pages of the address bar and a spare process for each window, which took more than half of a test's
 * processor time.
 */
const PLAYWRIGHT_OFF = [
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsUpgrades",
  "HttpsFirstBalancedModeAutoEnable",
  "LensOverlay",
  "MediaRouter",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "OptimizationHints",
  "NetworkTimeServiceQuerying",
  "AimEnabled",
  "PreconnectToSearch",
];
const HIDDEN_PAGES = [
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
  "WebUIOmniboxFullPopup",
  "SpareRendererForSitePerProcess",
];

/** Starts Chromium; whoever starts it closes it. `withoutFlags`: of playwright's own; `flags`: beside ours. */
export function startBrowser(withoutFlags: readonly string[] = [], flags: readonly string[] = []): Promise<Browser> {
  // playwright wants a path, and the variable may hold a name.
  const executablePath = Bun.which(EXECUTABLE) ?? EXECUTABLE;
  return chromium.launch({
    executablePath,
    headless: true,
    args: [...FLAGS, `--disable-features=${[...PLAYWRIGHT_OFF, ...HIDDEN_PAGES].join()}`, ...flags],
    ignoreDefaultArgs: [...withoutFlags],
  });
}

export interface Website {
  readonly port: number;
  /** The origin under one of the site's names: "localhost", "app.localhost", "127.0.0.1". */
  origin(name: string): string;
  close(): Promise<void>;
}

/**
 * Serves one page with `script` (replaceable) on a free port of the loopback, under every name; `markup` stands before
 * it.
 */
export async function startWebsite(
  script: () => string,
  markup: () => string = () => "",
  headers: () => Readonly<Record<string, string>> = () => ({}),
): Promise<Website> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    for (const [name, value] of Object.entries(headers())) response.setHeader(name, value);
    response.end(
      `<!doctype html><title>A shop</title><link rel="icon" href="data:,">${markup()}<script>${script()}</script>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: (name) => `http://${name}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
