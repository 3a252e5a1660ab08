// The app's files over HTTP: types, codings, caching, the policy, and which paths give the page.

import { describe, expect, test } from "bun:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { Elysia } from "elysia";
import { PAGE_PATHS } from "../../../src/core/pages.ts";
import type { AccessSettings } from "../../../src/http/access/settings.ts";
import { chooseCoding } from "../../../src/http/base/compression.ts";
import { addRoute } from "../../../src/http/base/routes.ts";
import { missingPage, webRoutes } from "../../../src/http/web.ts";
import type { AppFile } from "../../../src/runtime/assets.ts";

const PAGE = '<!doctype html><html data-reading="on"></html>';
const SCRIPT = "console.log('the app')";
const SCRIPT_PATH = "/assets/main-0123456789ab.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const FILES: readonly AppFile[] = [
  { path: "/index.html", type: "text/html; charset=utf-8", isImmutable: false, bodies: { identity: bytes(PAGE) } },
  {
    path: SCRIPT_PATH,
    type: "text/javascript; charset=utf-8",
    isImmutable: true,
    bodies: { gzip: new Uint8Array(gzipSync(SCRIPT)), identity: bytes(SCRIPT) },
  },
];

function makeApp(token: string | undefined, isBuilt = true) {
  const access = { adminTokenSha256: token, readers: [] as readonly unknown[] } as AccessSettings;
  const app = new Elysia();
  app.onError(({ code }) => new Response(String(code), { status: 404 }));
  for (const route of webRoutes(isBuilt ? FILES : undefined, () => access)) addRoute(app, route);
  return {
    access: access as { adminTokenSha256: string | undefined },
    get: (path: string, headers: Record<string, string> = {}, method = "GET") =>
      app.fetch(new Request(`http://localhost:7070${path}`, { method, headers })),
  };
}

describe("the app is served", () => {
  test.each(Object.values(PAGE_PATHS).map((path) => [path]))("at %s, and asked about anew each time", async (path) => {
    const answer = await makeApp("token").get(`${path}?q=a`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect(await answer.text()).toBe(PAGE);
  });

  test("with its files, which never change under their names", async () => {
    const answer = await makeApp("token").get(SCRIPT_PATH);
    expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(answer.headers.get("vary")).toBe("accept-encoding");
    expect(await answer.text()).toBe(SCRIPT);
  });

  test("compressed for clients that accept it", async () => {
    const answer = await makeApp("token").get(SCRIPT_PATH, { "accept-encoding": "gzip, deflate, br" });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(gunzipSync(await answer.bytes()).toString()).toBe(SCRIPT);
  });

  test("as 304 to clients that have it in that coding, and whole to all others", async () => {
    const { get } = makeApp("token");
    const plain = (await get(SCRIPT_PATH)).headers.get("etag") ?? "";
    const packed = (await get(SCRIPT_PATH, { "accept-encoding": "gzip" })).headers.get("etag") ?? "";
    expect(plain).toMatch(/^"[\w-]+"$/);
    expect(packed).not.toBe(plain);
    const statuses = await Promise.all(
      [plain, `"x", W/${plain}`, "*", packed, '"x"'].map(async (tag) => {
        const answer = await get(SCRIPT_PATH, { "if-none-match": tag });
        return [answer.status, (await answer.text()).length, answer.headers.get("etag")];
      }),
    );
    expect(statuses).toEqual([
      [304, 0, plain],
      [304, 0, plain],
      [304, 0, plain],
      [200, SCRIPT.length, plain],
      [200, SCRIPT.length, plain],
    ]);
  });

  test("to HEAD without a body, and with its length", async () => {
    const answer = await makeApp("token").get("/logs", {}, "HEAD");
    const { headers } = answer;
    expect([answer.status, headers.get("content-type"), headers.get("content-length"), await answer.text()]).toEqual([
      200,
      "text/html; charset=utf-8",
      String(PAGE.length),
      "",
    ]);
  });

  test("with a policy that leaves text nothing to run, and no way out", async () => {
    const { get } = makeApp("token");
    for (const path of ["/", SCRIPT_PATH]) {
      const { headers } = await get(path);
      expect((headers.get("content-security-policy") ?? "").split("; ").toSorted()).toEqual([
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src 'self'",
        "require-trusted-types-for 'script'",
        "script-src 'self'",
        "style-src 'self'",
        "trusted-types 'none'",
      ]);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("permissions-policy")).toContain("camera=()");
    }
  });

  test("saying that reading is off where no token is configured, until one is", async () => {
    const { get, access } = makeApp(undefined);
    const off = await get("/");
    expect(await off.text()).toBe(PAGE.replace('"on"', '"off"'));
    access.adminTokenSha256 = "token";
    const on = await get("/", { "if-none-match": off.headers.get("etag") ?? "" });
    expect([on.status, await on.text()]).toEqual([200, PAGE]);
  });
});

describe("the app is not served", () => {
  test.each([["/index.html"], ["/logs/other"], ["/assets/"], ["/assets/main.js"], ["/Logs"]])("at %s", async (path) => {
    expect((await makeApp("token").get(path)).status).toBe(404);
  });

  test("to other methods", async () => {
    const answer = await makeApp("token").get("/logs", {}, "POST");
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("anywhere when it was not built", async () => {
    expect((await makeApp("token", false).get("/")).status).toBe(404);
  });
});

describe("the coding of an answer", () => {
  const cases: readonly (readonly [accepted: string | null, coding: string | undefined])[] = [
    [null, "identity"],
    ["", "identity"],
    ["br", "br"],
    ["gzip, deflate, br;q=0.1", "gzip"],
    ["gzip;q=0.5, br;q=0.5", "br"],
    ["gzip;q=0.8, *;q=0.9", "br"],
    ["*, br;q=0", "gzip"],
    ["identity, gzip;q=0.5", "identity"],
    ["identity;q=0.1, gzip;q=0.5", "gzip"],
    ["identity;q=0, gzip;q=0.001", "gzip"],
    ["identity;q=0", undefined],
    ["identity;q=0, zstd", undefined],
    ["*;q=0, identity", "identity"],
    ["x-gzip", "gzip"],
    [" , gzip ; q = 1 ,", "gzip"],
    ["gzip", "gzip"],
    ["br;q=0, gzip;q=0.5", "gzip"],
    ["*", "br"],
    ["*;q=0", undefined],
    ["BR;Q=1", "br"],
    ["zstd", "identity"],
    ["gzip;q=x", "identity"],
    ["gzip;q=2, br;q=-1", "identity"],
  ];
  test.each(cases)("for Accept-Encoding %j is %s", (accepted, coding) => {
    expect(chooseCoding(accepted, ["br", "gzip", "identity"])).toBe(coding as "br");
  });
});

describe("a path that nothing serves", () => {
  const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const ask = (
    path: string,
    headers: Record<string, string>,
    method = "GET",
    files: typeof FILES | undefined = FILES,
  ) => {
    const answer = missingPage(files, () => ({ adminTokenSha256: "token" }) as AccessSettings);
    return answer(new Request(`http://localhost:7070${path}`, { method, headers }));
  };

  test.each(["/nowhere", "/logs/deeper", "/logs.html", "/apis", "/%00%ff", "/v1/logs"])(
    "gives a browser the app, with status 404: %s",
    async (path) => {
      const response = ask(path, { accept: BROWSER, "if-none-match": "*" });
      expect([response?.status, await response?.text(), response?.headers.get("etag")]).toEqual([404, PAGE, null]);
      expect(response?.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(response?.headers.get("cache-control")).toBe("no-cache");
    },
  );

  test("gives HEAD no body", async () => {
    const response = ask("/nowhere", { accept: BROWSER }, "HEAD");
    expect([response?.status, await response?.text()]).toEqual([404, ""]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["/api/v1/nothing", { accept: BROWSER }, "GET"],
    ["/api", { accept: BROWSER }, "GET"],
    ["/nowhere", { accept: "*/*" }, "GET"],
    ["/nowhere", { accept: "application/json" }, "GET"],
    ["/nowhere", { accept: "text/htmlish, image/webp" }, "GET"],
    ["/nowhere", {}, "GET"],
    ["/nowhere", { accept: BROWSER }, "POST"],
  ])("is left to JSON otherwise: %s %j %s", (path, headers, method) => {
    expect(ask(path, headers, method)).toBeUndefined();
  });

  test("is left to JSON where the app is not built, or no coding of it is wanted", () => {
    expect(ask("/nowhere", { accept: BROWSER }, "GET", [])).toBeUndefined();
    expect(ask("/nowhere", { accept: BROWSER, "accept-encoding": "identity;q=0" })).toBeUndefined();
  });
});
