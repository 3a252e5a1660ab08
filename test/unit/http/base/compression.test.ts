import { afterEach, describe, expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { untilTrue } from "../../../support/condition.ts";
import { ADMIN, createFixture, type Fixture } from "../fixture.ts";
import { endAll, start } from "../serving.ts";

afterEach(endAll);

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  zstd: zstdDecompressSync,
  br: brotliDecompressSync,
  gzip: gunzipSync,
};
const LARGE = "/openapi.json";
const EXPORT = "/api/v1/export";

function get(fixture: Fixture, path: string, accepted: string | undefined, method = "GET"): Promise<Response> {
  const headers = { ...ADMIN, ...(accepted === undefined ? {} : { "accept-encoding": accepted }) };
  return fixture.fetch(new Request(`http://localhost:7070${path}`, { method, headers }));
}

async function decoded(response: Response): Promise<string> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const coding = response.headers.get("content-encoding");
  return new TextDecoder().decode(coding === null ? bytes : DECODERS[coding]?.(bytes));
}

describe("an answer", () => {
  test.each([
    ["gzip, deflate, br, zstd", "zstd"],
    ["gzip, deflate, br", "br"],
    ["gzip", "gzip"],
    ["gzip;q=1, br;q=0.9", "gzip"],
    ["*", "zstd"],
    ["*;q=0.5, zstd;q=0", "br"],
    ["identity;q=0, gzip;q=0.1", "gzip"],
    ["deflate", null],
    ["identity, gzip;q=0.5", null],
    ["", null],
    [undefined, null],
  ])("for Accept-Encoding %p is sent as %p, and is the same", async (accepted, coding) => {
    const fixture = createFixture();
    const plain = await (await get(fixture, LARGE, undefined)).text();
    const response = await get(fixture, LARGE, accepted);
    const { headers } = response;
    expect([headers.get("content-encoding"), headers.get("vary")]).toEqual([coding, "Accept-Encoding"]);
    expect(headers.get("content-type")).toBe("application/json");
    const length = Number(headers.get("content-length"));
    expect(coding === null ? length === Buffer.byteLength(plain) : length > 0 && length < plain.length / 4).toBe(true);
    expect(await decoded(response)).toBe(plain);
  });

  test("that fits into a packet stays as it is, unless that is refused", async () => {
    const fixture = createFixture();
    const plain = await get(fixture, "/api/v1/usage", "gzip");
    expect([plain.headers.get("content-encoding"), plain.headers.get("vary")]).toEqual([null, "Accept-Encoding"]);
    const forced = await get(fixture, "/api/v1/usage", "gzip, identity;q=0");
    expect(forced.headers.get("content-encoding")).toBe("gzip");
    expect(JSON.parse(await decoded(forced))).toEqual(await plain.json());
  });

  test.each(["identity;q=0", "*;q=0", "identity;q=0, deflate"])(
    "with nothing that %s takes is 406",
    async (accepted) => {
      for (const path of [LARGE, EXPORT, "/metrics"]) {
        const response = await get(createFixture(), path, accepted);
        expect([response.status, response.headers.get("vary")]).toEqual([406, "Accept-Encoding"]);
      }
    },
  );

  test("to HEAD has the headers of the one to GET, and no body", async () => {
    const fixture = createFixture();
    for (const accepted of ["gzip", "identity"]) {
      const response = await get(fixture, LARGE, accepted, "HEAD");
      const { headers } = await get(fixture, LARGE, accepted);
      for (const name of ["content-encoding", "content-length", "content-type", "vary"]) {
        expect([name, response.headers.get(name)]).toEqual([name, headers.get(name)]);
      }
      expect(await response.text()).toBe("");
    }
  });

  test("that refuses is not compressed", async () => {
    const refused = await get(createFixture(), `/api/v1/entries?from=${"x".repeat(5_000)}`, "gzip");
    expect([refused.status, refused.headers.get("content-encoding")]).toEqual([400, null]);
  });

  test("of metrics is compressed too; probes and events are not", async () => {
    const fixture = createFixture();
    expect((await get(fixture, "/metrics", "gzip")).headers.get("content-encoding")).toBe("gzip");
    expect((await get(fixture, "/healthz", "gzip, identity;q=0")).headers.get("content-encoding")).toBeNull();
    const tail = await get(fixture, "/api/v1/tail", "gzip");
    expect([tail.status, tail.headers.get("content-encoding")]).toEqual([200, null]);
    await tail.body?.cancel();
  });

  test("is understood by a client on a socket", async () => {
    const { url } = await start(createFixture());
    for (const accepted of ["gzip", "br", "zstd", "identity"]) {
      const response = await fetch(`${url}${LARGE}`, { headers: { "accept-encoding": accepted } });
      expect(Object.keys((await response.json()) as object)).toContain("openapi");
    }
  });
});

describe("an export", () => {
  const LINES = Array.from({ length: 2_000 }, (_, index) => `{"id":${index},"message":"Größe ${index % 7}"}\n`);

  test.each(["zstd", "br", "gzip"])("is streamed as %s", async (coding) => {
    const fixture = createFixture();
    fixture.readers.exported = async function* () {
      for (let from = 0; from < LINES.length; from += 100) yield LINES.slice(from, from + 100).join("");
    };
    const response = await get(fixture, EXPORT, coding);
    expect([response.headers.get("content-encoding"), response.headers.get("vary")]).toEqual([
      coding,
      "Accept-Encoding",
    ]);
    expect(response.headers.has("content-length")).toBe(false);
    expect(await decoded(response)).toBe(LINES.join(""));
  });

  test("of nothing is a whole coding of nothing", async () => {
    expect(await decoded(await get(createFixture(), EXPORT, "gzip"))).toBe("");
  });

  test.each(["zstd", "br", "gzip"])("as %s follows the client's pace, and ends when it disconnects", async (coding) => {
    const fixture = createFixture();
    const state = { pulled: 0, ended: false };
    fixture.readers.exported = async function* () {
      try {
        for (;;) {
          state.pulled++;
          await new Promise((resolve) => setImmediate(resolve));
          // Noise, so that it stays large.
          yield Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("base64");
        }
      } finally {
        state.ended = true;
      }
    };
    const response = await get(fixture, EXPORT, coding);
    const reader = response.body?.getReader();
    await reader?.read();
    const pulled = state.pulled;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(state.pulled).toBe(pulled);
    expect(pulled).toBeLessThan(60);
    await reader?.cancel();
    await untilTrue("the export ended", () => state.ended);
  });

  test.each(["zstd", "br", "gzip"])("that fails on its way as %s does not look complete", async (coding) => {
    const fixture = createFixture();
    fixture.readers.exported = async function* () {
      yield "one\n";
      await Promise.resolve();
      throw new Error("damaged");
    };
    const response = await get(fixture, EXPORT, coding);
    const failure = await response.arrayBuffer().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Error);
  });
});
