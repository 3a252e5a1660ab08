// The script tag's second part, loaded when it is needed: `window.SimpleLogsDeferred`.

import { createDeferred } from "./browser/deferred_work.ts";
import { loadScript } from "./browser/load_script.ts";
import type { Deferred } from "./browser/page_client.ts";

declare global {
  interface Window {
    SimpleLogsDeferred?: Deferred;
  }
}

/** Put in by the build. */
declare const VITALS_INTEGRITY: string;

const { src, nonce } = document.currentScript as HTMLScriptElement;
window.SimpleLogsDeferred = createDeferred(() => loadScript(src, "vitals.js", VITALS_INTEGRITY, nonce));
