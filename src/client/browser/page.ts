// The ids of the session and of the page. Every entry carries them, and same-origin requests pass them on to the
// server.

import { newId } from "../core/ids.ts";

/** In sessionStorage: a session lasts as long as its tab. */
const SESSION_ITEM = "simplelogs";

/** The current ids. A new view or session replaces them. */
export interface Page {
  pageId: string;
  sessionId: string;
}

/** A new page in the tab's session, if it has one. */
export function createPage(): Page {
  const page = { pageId: newId(), sessionId: "" };
  beginSession(page, false);
  return page;
}

/** The tab's session. `isNew`: begins another one. */
export function beginSession(page: Page, isNew: boolean): void {
  page.sessionId = newId();
  try {
    page.sessionId = sessionStorage[SESSION_ITEM] = (!isNew && sessionStorage[SESSION_ITEM]) || page.sessionId;
  } catch {
    // Without storage, a session lasts for one page load.
  }
}
