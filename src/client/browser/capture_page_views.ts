// Page views become logs: the first one, and each soft navigation that changes the path. Queries and fragments are left
// out, because they can hold secrets.

import { newId } from "../core/ids.ts";
import { routeTouchpoint } from "../core/route_pattern.ts";
import type { Logger } from "../core/types.ts";
import type { Page } from "./page.ts";

export function capturePageViews(logger: Logger, page: Page): void {
  let path: string | undefined;
  let referrer = document.referrer.replace(/[?#].*/, "");

  const view = (): void => {
    const { pathname } = location;
    if (pathname === path) return;
    if (path !== undefined) {
      page.pageId = newId();
      referrer = path;
    }
    path = pathname;
    logger.log({ touchpoint: routeTouchpoint("page-view", path), metadata: { path, referrer, title: document.title } });
  };

  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...state) {
      original.apply(this, state);
      view();
    };
  }
  addEventListener("popstate", view);
  view();
}
