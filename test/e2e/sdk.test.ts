// The client library of the executable: served as it is listed, and written as it is served.

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { get, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { configText, type TestServer, withServer } from "../support/server.ts";

const { version: VERSION } = JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8")) as {
  version: string;
};

const EXPECTED_FILES = [
  "simplelogs.js",
  "simplelogs.d.ts",
  "simplelogs.mjs",
  "simplelogs.d.mts",
  "vitals.js",
  "node.mjs",
  "node.d.mts",
  "simplelogs.py",
  "simplelogs.tgz",
];

interface Listed {
  readonly name: string;
  readonly path: string;
  readonly versionedPath: string;
  readonly type: string;
  readonly bytes: number;
  readonly loadedBytes: number;
  readonly integrity: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it came, not decompressed. */
  readonly body: Buffer;
}

/** Node's client leaves bodies and headers as they are. */
function ask(url: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, method, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) });
      });
    });
    request.on("error", reject);
  });
}

async function listed({ url }: TestServer): Promise<readonly Listed[]> {
  const { version, files } = JSON.parse((await ask(`${url}/sdk/`)).body.toString()) as {
    version: string;
    files: readonly Listed[];
  };
  expect(version).toBe(VERSION);
  return files;
}

const sha384 = (bytes: Uint8Array) => `sha384-${createHash("sha384").update(bytes).digest("base64")}`;

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: (bytes) => brotliDecompressSync(bytes),
  gzip: (bytes) => gunzipSync(bytes),
};

describe("the executable serves the client library", () => {
  test("with every listed file under both paths, with its size, type and integrity, in each coding", () =>
    withServer(configText(), async (server) => {
      const files = await listed(server);
      const names = files.map(({ name }) => name);
      expect(EXPECTED_FILES.filter((name) => !names.includes(name))).toEqual([]);
      for (const { name, path, versionedPath, type, bytes, loadedBytes, integrity } of files) {
        expect([path, versionedPath]).toEqual([`/sdk/${name}`, `/sdk/${VERSION}/${name}`]);
        let smallest = Number.POSITIVE_INFINITY;
        for (const url of [path, versionedPath]) {
          const plain = await ask(`${server.url}${url}`, { "accept-encoding": "identity" });
          expect([plain.status, plain.headers["content-type"], plain.body.length]).toEqual([200, type, bytes]);
          expect(sha384(plain.body)).toBe(integrity);
          for (const [coding, decode] of Object.entries(DECODERS)) {
            const packed = await ask(`${server.url}${url}`, { "accept-encoding": coding });
            const isPacked = packed.headers["content-encoding"] === coding;
            expect(sha384(isPacked ? decode(packed.body) : packed.body)).toBe(integrity);
            smallest = Math.min(smallest, packed.body.length);
          }
        }
        expect([name, smallest]).toEqual([name, loadedBytes]);
      }
    }));

  test("with cache headers: 304 by its ETag, and immutable under the path with the version", () =>
    withServer(configText(), async (server) => {
      for (const [path, caching] of [
        ["/sdk/simplelogs.mjs", "public, max-age=300"],
        [`/sdk/${VERSION}/simplelogs.mjs`, "public, max-age=31536000, immutable"],
      ] as const) {
        for (const coding of ["identity", "gzip", "br"]) {
          const first = await ask(`${server.url}${path}`, { "accept-encoding": coding });
          const etag = first.headers.etag ?? "";
          const again = await ask(`${server.url}${path}`, { "accept-encoding": coding, "if-none-match": etag });
          expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag]);
          expect([first.headers["cache-control"], again.headers["cache-control"]]).toEqual([caching, caching]);
          const head = await ask(`${server.url}${path}`, { "accept-encoding": coding }, "HEAD");
          expect([head.status, head.body.length, head.headers["content-length"], head.headers.etag]).toEqual([
            200,
            0,
            String(first.body.length),
            etag,
          ]);
        }
      }
    }));

  test("to other origins, which can read nothing else of the server", () =>
    withServer(configText(), async (server) => {
      const origin = "https://elsewhere.example";
      for (const path of ["/sdk/simplelogs.js", "/sdk/", "/sdk/none.js", "/sdk/0.0.0/simplelogs.js"]) {
        const { headers, body } = await ask(`${server.url}${path}`, { origin, cookie: "a=b" });
        expect([headers["access-control-allow-origin"], headers["cross-origin-resource-policy"]]).toEqual([
          "*",
          "cross-origin",
        ]);
        expect([headers["set-cookie"], headers["timing-allow-origin"]]).toEqual([undefined, "*"]);
        expect(body.toString()).not.toContain(server.folder);
      }
      const other = await ask(`${server.url}/openapi.json`, { origin });
      expect(other.headers["access-control-allow-origin"]).toBeUndefined();
    }));

  test("and answers 404 for an unknown file or version, naming its own version", () =>
    withServer(configText(), async (server) => {
      const statuses = await Promise.all(
        [
          "/sdk/none.js",
          "/sdk/0.0.0/simplelogs.js",
          `/sdk/${VERSION}/`,
          "/sdk/../simplelogs.toml",
          "/sdk/%2e%2e%2fx",
        ].map(async (path) => (await ask(`${server.url}${path}`)).status),
      );
      expect(new Set(statuses)).toEqual(new Set([404]));
      const { body } = await ask(`${server.url}/sdk/0.0.0/simplelogs.js`);
      expect(body.toString()).toContain(`/sdk/${VERSION}/simplelogs.js`);
    }));

  test("under every allowed Host, and changes no metric but that of refused hosts", () =>
    withServer(configText({ settings: 'hosts = ["logs.example.com"]' }), async (server) => {
      const before = await server.metrics();
      const status = async (host: string) => (await ask(`${server.url}/sdk/simplelogs.js`, { host })).status;
      expect([await status("logs.example.com"), await status("other.example.com")]).toEqual([200, 421]);
      const after = await server.metrics();
      const changed = [...after].filter(
        ([name, value]) => name.startsWith("simplelogs_") && before.get(name) !== value,
      );
      const names = changed.map(([name]) => name).filter((name) => !/uptime|bytes|commit/.test(name));
      expect(names).toEqual(["simplelogs_host_refusals_total"]);
    }));
});

describe("simplelogs sdk", () => {
  test("lists the same files as the server", () =>
    withServer(configText(), async (server) => {
      const { exitCode, stdout } = await server.command("sdk", "--json", "--url", server.url);
      const report = JSON.parse(stdout) as { version: string; files: (Listed & { url: string; plainUrl: string })[] };
      expect([exitCode, report.version]).toEqual([0, VERSION]);
      const shown = report.files.map(({ name, url, plainUrl, bytes, loadedBytes, integrity }) => {
        return { name, url, plainUrl, bytes, loadedBytes, integrity };
      });
      expect(shown).toEqual(
        (await listed(server)).map(({ name, path, versionedPath, bytes, loadedBytes, integrity }) => {
          const [url, plainUrl] = [`${server.url}${versionedPath}`, `${server.url}${path}`];
          return { name, url, plainUrl, bytes, loadedBytes, integrity };
        }),
      );
    }));

  test("writes the files that the server serves, and the package that the build made", () =>
    withServer(configText(), async (server) => {
      const { exitCode } = await server.command("sdk", "--out", "sdk", "--pack");
      expect(exitCode).toBe(0);
      const folder = join(server.folder, "sdk");
      for (const { name, integrity } of await listed(server)) {
        const file = name === "simplelogs.tgz" ? `simplelogs-${VERSION}.tgz` : name;
        expect([name, sha384(readFileSync(join(folder, file)))]).toEqual([name, integrity]);
      }
      expect(readdirSync(folder)).toHaveLength((await listed(server)).length);
      const built = join(import.meta.dir, `../../dist/simplelogs-${VERSION}.tgz`);
      expect(sha384(readFileSync(built))).toBe(sha384(readFileSync(join(folder, `simplelogs-${VERSION}.tgz`))));
    }));
});
