// Work that a page can do later: batches of earlier pages, and all captures except errors.

import type { AutoCapture } from "../core/types.ts";
import { adoptBatches } from "./adoption.ts";
import { captureFetches } from "./capture_fetches.ts";
import { capturePageViews } from "./capture_page_views.ts";
import { captureVitals } from "./capture_vitals.ts";
import type { Deferred } from "./page_client.ts";

/** `loadVitals`: makes `window.SimpleLogsVitals`. */
export function createDeferred(loadVitals: () => Promise<unknown>): Deferred {
  return {
    adopt(sender, lease) {
      void adoptBatches(sender, lease);
    },
    capture(client, page, autoCapture) {
      const wants = (name: keyof AutoCapture) => autoCapture === true || (autoCapture || {})[name] === true;
      if (wants("pageViews")) capturePageViews(client, page);
      if (wants("fetch")) captureFetches(client, page, (url) => url.startsWith(client.url()));
      if (wants("vitals")) captureVitals(client, loadVitals).catch(client.fail);
    },
  };
}
