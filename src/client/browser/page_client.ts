// The client of a page: it sends with the client key, hands over waiting entries when the page is left, and captures
// what the settings ask for. Batches of earlier pages and all captures except errors are deferred.

import { type Client, createClient } from "../core/client.ts";
import { createPlatform } from "../core/platform.ts";
import type { Metadata, Options } from "../core/types.ts";
import { captureErrors } from "./capture_errors.ts";
import { handOver } from "./leaving.ts";
import { beginSession, createPage, type Page } from "./page.ts";
import { saveBatch, storedNames } from "./storage.ts";

/** The deferred part; see deferred.ts. */
export interface Deferred {
  /** Starts the configured captures except errors. */
  capture(client: Client, page: Page, autoCapture: Options["autoCapture"]): void;
  /** Sends batches of earlier pages until `lease.release` is called. */
  adopt(sender: Client["sender"], lease: { release?: () => void }): void;
}

/** `context`: further metadata of each entry. */
export function createPageClient(loadDeferred: () => Promise<Deferred>, context?: () => Metadata): Client {
  const page = createPage();
  const lease: { release?: () => void } = {};
  let isLeft = false;
  let isStarted = false;
  let tellRepeated: (() => void) | undefined;

  const client = createClient({
    platform: createPlatform(fetch.bind(window)),
    source: "client",
    context() {
      // Logged by another listener of the same event: there is no later chance.
      if (isLeft) queueMicrotask(leave);
      return { ...page, ...context?.() };
    },
    renewSession: () => beginSession(page, true),
  });

  const defer = (work: (deferred: Deferred) => void): void => {
    loadDeferred().then(work).catch(client.fail);
  };

  const leave = (): void => {
    tellRepeated?.();
    handOver(
      client.sender,
      client.url(),
      (url, body) => navigator.sendBeacon?.(url, body),
      saveBatch,
      navigator.onLine,
    );
    lease.release?.();
  };

  const visit = (): void => {
    isLeft = false;
    try {
      if (storedNames()[0]) defer((deferred) => deferred.adopt(client.sender, lease));
    } catch {
      // No storage, nothing to send.
    }
  };

  const start = (autoCapture: Options["autoCapture"]): void => {
    const on = (type: string, listen: () => void) => addEventListener(type, listen);
    on("pagehide", () => {
      isLeft = true;
      leave();
    });
    on("pageshow", visit);
    // What the page before saved may come only now, from another process; what another tab saves is sent without delay.
    on("storage", visit);
    // On the window, so that it comes after whatever others log while the page is hidden.
    on("visibilitychange", () => (document.hidden ? leave() : visit()));
    visit();
    const isAll = autoCapture === true;
    const { errors = isAll, ...others } = Object(autoCapture) as { errors?: boolean };
    if (errors) tellRepeated = captureErrors(client);
    if (isAll || Object.keys(others)[0]) defer((deferred) => deferred.capture(client, page, autoCapture));
  };

  return {
    ...client,
    configure(options) {
      client.configure(options);
      if (!isStarted) start(options.autoCapture);
      isStarted = true;
    },
  };
}
