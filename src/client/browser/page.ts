// Who and where: the ids of the session and of the page, which every entry carries and same-origin requests pass on to the server.

import { newId } from "../core/ids.ts";

/** In sessionStorage: a session lasts as long as its tab. */
const SESSION_ITEM = "simplelogs";

/** Read by every entry, written by whoever begins another view or session. */
export interface Page {
  pageId: string;
  sessionId: string;
}

/** A new page, of the tab's session if it has one. */
export function createPage(): Page {
  const page = { pageId: newId(), sessionId: "" };
  beginSession(page, false);
  return page;
}

/** `isNew`: another session than the tab's. */
export function beginSession(page: Page, isNew: boolean): void {
  page.sessionId = newId();
  try {
    page.sessionId = sessionStorage[SESSION_ITEM] = (!isNew && sessionStorage[SESSION_ITEM]) || page.sessionId;
  } catch {
    // Without a storage, a session is a page load.
  }
}
