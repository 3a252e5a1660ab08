// The script tag: `window.SimpleLogs`, configured by its own data attributes.

import { loadScript } from "./browser/load_script.ts";
import { createPageClient, type Deferred } from "./browser/page_client.ts";
import type { SimpleLogsApi } from "./core/types.ts";

declare global {
  interface Window {
    SimpleLogs: SimpleLogsApi;
  }
}

/** Put in by the build. */
declare const DEFERRED_INTEGRITY: string;

const { src, nonce, dataset } = document.currentScript as HTMLScriptElement;
const { autoCapture = "errors", debug } = dataset;
let loading: Promise<unknown> | undefined;

const { configure: init, ...client } = createPageClient(async () => {
  await (loading ??= loadScript(src, "deferred.js", DEFERRED_INTEGRITY, nonce));
  return window.SimpleLogsDeferred as Deferred;
});

window.SimpleLogs = { ...client, init };
init({
  apiEndpoint: src.replace(/\/sdk\/.*/, "/api/v1"),
  // oxlint-disable-next-line typescript/no-misused-spread -- attributes are its own members.
  ...dataset,
  debug: debug === "true",
  // "true": all; "false": nothing; else names, "errors,pageViews".
  autoCapture:
    autoCapture === "true" ||
    (autoCapture !== "false" && Object.fromEntries(autoCapture.split(",").map((name) => [name, true]))),
});
