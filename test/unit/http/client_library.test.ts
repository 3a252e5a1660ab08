// The client library over HTTP: to pages of every origin, by coding, with how long it may be kept, and what is answered
// for what is not there.

import { describe, expect, test } from "bun:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { createHostGuard } from "../../../src/http/access/hosts.ts";
import type { ClientLibrary } from "../../../src/runtime/client_library.ts";
import { createFixture } from "./fixture.ts";

const SCRIPT = "window.SimpleLogs = {};".repeat(20);
const bytes = (text: string) => new TextEncoder().encode(text);
const JAVASCRIPT = "text/javascript; charset=utf-8";
const LIBRARY: ClientLibrary = {
  version: "1.2.3",
  files: [
    {
      name: "simplelogs.js",
      type: JAVASCRIPT,
      bodies: { gzip: new Uint8Array(gzipSync(SCRIPT)), identity: bytes(SCRIPT) },
    },
    { name: "simplelogs.mjs", type: JAVASCRIPT, bodies: { identity: bytes("export {};") } },
    { name: "simplelogs.d.mts", type: "application/typescript", bodies: { identity: bytes("export {};") } },
    { name: "simplelogs.tgz", type: "application/gzip", bodies: { identity: bytes("packed") } },
  ],
};
const PLAIN = "/sdk/simplelogs.js";
const VERSIONED = "/sdk/1.2.3/simplelogs.js";

function withLibrary(isBuilt = true) {
  const fixture = createFixture([], isBuilt ? LIBRARY : undefined);
  return (path: string, headers: Record<string, string> = {}, method = "GET") =>
    fixture.fetch(new Request(`http://localhost:7070${path}`, { method, headers }));
}

/** Headers of the answer, of these names. */
function named(answer: Response, ...names: string[]): (string | null)[] {
  return names.map((name) => answer.headers.get(name));
}

describe("the client library is served", () => {
  test("under its plain paths for five minutes, and under those with its version for ever", async () => {
    const get = withLibrary();
    for (const [path, caching] of [
      [PLAIN, "public, max-age=300"],
      [`${PLAIN}?v=1`, "public, max-age=300"],
      [VERSIONED, "public, max-age=31536000, immutable"],
    ] as const) {
      const answer = await get(path);
      expect([answer.status, await answer.text()]).toEqual([200, SCRIPT]);
      expect(named(answer, "cache-control", "content-type", "content-length")).toEqual([
        caching,
        JAVASCRIPT,
        String(SCRIPT.length),
      ]);
    }
  });

  test("to every page: readable, embeddable and timeable, whatever its origin; the refusals too", async () => {
    const get = withLibrary();
    for (const path of [PLAIN, VERSIONED, "/sdk/", "/sdk/simplelogs.tgz", "/sdk/none.js", "/sdk/0.0.1/simplelogs.js"]) {
      const answer = await get(path, { origin: "https://anywhere.example" });
      expect(
        named(
          answer,
          "access-control-allow-origin",
          "access-control-allow-credentials",
          "cross-origin-resource-policy",
          "timing-allow-origin",
          "x-content-type-options",
          "content-security-policy",
        ),
      ).toEqual(["*", null, "cross-origin", "*", "nosniff", null]);
    }
  });

  test("compressed for clients that accept it, each coding with an ETag of its own", async () => {
    const get = withLibrary();
    const plain = await get(VERSIONED);
    const packed = await get(VERSIONED, { "accept-encoding": "gzip, deflate, br" });
    expect(named(packed, "content-encoding", "vary")).toEqual(["gzip", "accept-encoding"]);
    expect(gunzipSync(await packed.bytes()).toString()).toBe(SCRIPT);
    expect(packed.headers.get("etag")).not.toBe(plain.headers.get("etag"));
    expect(plain.headers.get("etag")).toMatch(/^"[\w-]+"$/);
  });

  test("as 304 to clients that have it, with its cache lifetime", async () => {
    const get = withLibrary();
    const { headers } = await get(PLAIN);
    const etag = headers.get("etag") ?? "";
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const answer = await get(PLAIN, { "if-none-match": tag });
      expect([answer.status, (await answer.bytes()).length]).toEqual([304, 0]);
      expect(named(answer, "etag", "cache-control", "access-control-allow-origin")).toEqual([
        etag,
        "public, max-age=300",
        "*",
      ]);
    }
    expect((await get(PLAIN, { "if-none-match": '"x"' })).status).toBe(200);
  });

  test("to HEAD as to GET, without the body", async () => {
    const get = withLibrary();
    for (const path of [PLAIN, VERSIONED, "/sdk/"]) {
      const whole = await get(path);
      const head = await get(path, {}, "HEAD");
      expect([head.status, await head.text()]).toEqual([200, ""]);
      expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(whole.headers));
    }
  });

  test("with where a module's types are", async () => {
    const get = withLibrary();
    const types = async (path: string) => (await get(path)).headers.get("x-typescript-types");
    expect(await types("/sdk/simplelogs.mjs")).toBe("/sdk/1.2.3/simplelogs.d.mts");
    expect(await types(PLAIN)).toBeNull();
  });

  test("with a list of its files: sizes, and the integrity of what is served", async () => {
    const get = withLibrary();
    for (const path of ["/sdk/", "/sdk"]) {
      const answer = await get(path);
      expect(answer.headers.get("content-type")).toBe("application/json");
      const { version, files } = (await answer.json()) as { version: string; files: Record<string, unknown>[] };
      expect([version, files.map(({ name }) => name)]).toEqual(["1.2.3", LIBRARY.files.map(({ name }) => name)]);
      const digest = await crypto.subtle.digest("SHA-384", await (await get(PLAIN)).arrayBuffer());
      expect(files[0]).toEqual({
        name: "simplelogs.js",
        path: PLAIN,
        versionedPath: VERSIONED,
        type: JAVASCRIPT,
        bytes: SCRIPT.length,
        loadedBytes: gzipSync(SCRIPT).length,
        integrity: `sha384-${Buffer.from(digest).toString("base64")}`,
      });
    }
  });
});

describe("the client library is not served", () => {
  const cases: readonly (readonly [path: string, says: RegExp])[] = [
    ["/sdk/none.js", /\/sdk\/ lists/],
    ["/sdk/1.2.3/none.js", /\/sdk\/ lists/],
    ["/sdk/1.2.3", /\/sdk\/ lists/],
    ["/sdk/1.2.3/", /\/sdk\/ lists/],
    ["/sdk/1.2.3/simplelogs.js/x", /\/sdk\/ lists/],
    ["/sdk/0.9.0/simplelogs.js", /has version 1\.2\.3 .*\/sdk\/1\.2\.3\/simplelogs\.js/],
    ["/sdk/latest/simplelogs.tgz", /has version 1\.2\.3/],
    ["/sdk//simplelogs.js", /has version 1\.2\.3/],
    ["/sdk/%2e%2e/simplelogs.js", /Not found/],
    ["/sdk/SIMPLELOGS.JS", /\/sdk\/ lists/],
    ["/sdk/constructor", /\/sdk\/ lists/],
  ];
  test.each(cases)("at %s, which is answered 404 with what there is", async (path, says) => {
    const answer = await withLibrary()(path);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([404, "no-store"]);
    expect(((await answer.json()) as { message: string }).message).toMatch(says);
  });

  test("to other methods", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await withLibrary()(PLAIN, {}, method);
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
  });

  test("anywhere when it was not built", async () => {
    const get = withLibrary(false);
    for (const path of ["/sdk/", PLAIN]) {
      const answer = await get(path);
      expect([answer.status, await answer.json()]).toEqual([
        404,
        { message: "There is no client library: it was not built" },
      ]);
    }
  });

  test("to a Host that is not answered, and a page can read why", async () => {
    const fixture = createFixture([], LIBRARY);
    const refuse = createHostGuard({
      ...fixture,
      access: () => fixture.access,
      clock: () => fixture.now,
      log: () => {},
    });
    const asked = (host: string) => refuse(new Request(`http://localhost:7070${PLAIN}`, { headers: { host } }));
    expect(asked("localhost:7070")).toBeUndefined();
    const refused = asked("evil.example");
    expect([refused?.status, refused?.headers.get("access-control-allow-origin")]).toEqual([421, "*"]);
  });
});
