// The router over a history of its own: what is pushed, what is replaced, and where Back leads.

import { describe, expect, test } from "bun:test";
import { Router } from "../../../../src/web/state/router.ts";

class FakeBar {
  readonly entries: string[];
  at = 0;
  #listener: () => void = () => {};

  constructor(start: string) {
    this.entries = [start];
  }

  get location() {
    const { pathname, search } = new URL(this.entries[this.at] ?? "", "http://localhost");
    return { pathname, search };
  }

  readonly history = {
    pushState: (_state: unknown, _title: string, url?: string | URL | null) => {
      this.entries.splice(this.at + 1, Number.POSITIVE_INFINITY, String(url));
      this.at++;
    },
    replaceState: (_state: unknown, _title: string, url?: string | URL | null) => {
      this.entries[this.at] = String(url);
    },
  };

  addEventListener(_type: "popstate", listener: () => void): void {
    this.#listener = listener;
  }

  back(): void {
    this.at--;
    this.#listener();
  }
}

describe("the router", () => {
  test("begins where the browser is", () => {
    const router = new Router(new FakeBar("/logs?q=level:error&from=24h"));
    expect(router.address.value).toEqual({ page: "logs", parameters: { q: "level:error", from: "24h" } });
  });

  test("keeps project and range on the way to another page, and leaves the rest behind", () => {
    const router = new Router(new FakeBar("/logs?project=shop&from=24h&q=a&sort=-p99"));
    expect(router.place("timings", { touchpoint: "api/orders" })).toEqual({
      page: "timings",
      parameters: { project: "shop", from: "24h", touchpoint: "api/orders" },
    });
  });

  test("goes back to what was pushed, not to what was replaced", () => {
    const bar = new FakeBar("/logs");
    const router = new Router(bar);
    router.change({ q: "a" });
    router.change({ q: "ab" }, "replace");
    router.go(router.place("timings"));
    expect(bar.entries).toEqual(["/logs", "/logs?q=ab", "/timings"]);
    bar.back();
    expect(router.address.value).toEqual({ page: "logs", parameters: { q: "ab" } });
    bar.back();
    expect(router.address.value).toEqual({ page: "logs", parameters: {} });
  });

  test("makes no entry for where it already is", () => {
    const bar = new FakeBar("/logs?q=a");
    const router = new Router(bar);
    router.change({ q: "a" });
    router.go({ page: "logs", parameters: { q: "a" } });
    expect(bar.entries).toEqual(["/logs?q=a"]);
  });

  test("tells whoever reads the address about each change", () => {
    const router = new Router(new FakeBar("/"));
    const seen: string[] = [];
    const stop = router.address.subscribe(({ page }) => {
      seen.push(page);
    });
    router.go(router.place("keys"));
    stop();
    router.go(router.place("usage"));
    expect(seen).toEqual(["overview", "keys"]);
  });
});
