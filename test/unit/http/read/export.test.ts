import { afterEach, describe, expect, test } from "bun:test";
import { untilTrue } from "../../../support/condition.ts";
import { ADMIN, ADMIN_TOKEN, createFixture } from "../fixture.ts";
import { connectTo, endAll, start } from "../serving.ts";

afterEach(endAll);

const EXPORT = "/api/v1/export";
const ASK = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`;

describe("an export", () => {
  test.each([
    ["", "ndjson", "application/x-ndjson"],
    ["?format=ndjson", "ndjson", "application/x-ndjson"],
    ["?format=csv", "csv", "text/csv; charset=utf-8"],
    ["?format=csv&csv=exact", "csv", "text/csv; charset=utf-8"],
    ["?csv=exact", "csv", "text/csv; charset=utf-8"],
    ["?format=csv&csv=spreadsheet", "spreadsheet", "text/csv; charset=utf-8"],
    ["?csv=spreadsheet", "spreadsheet", "text/csv; charset=utf-8"],
  ] as const)("%s is %s, to be saved, and passed on piece by piece", async (query, format, type) => {
    const fixture = createFixture();
    fixture.readers.exported = async function* () {
      yield "one\n";
      yield "";
      yield "zwölf\n";
    };
    const { url } = await start(fixture);
    const response = await fetch(`${url}${EXPORT}${query}`, { headers: ADMIN });
    expect([response.status, await response.text()]).toEqual([200, "one\nzwölf\n"]);
    const { headers } = response;
    expect(headers.get("content-type")).toBe(type);
    expect(headers.get("content-disposition")).toBe(
      `attachment; filename="simplelogs.${format === "ndjson" ? "ndjson" : "csv"}"`,
    );
    expect(headers.get("cache-control")).toBe("no-store");
    expect(fixture.readers.asked).toEqual([
      { format, scope: { project: undefined, q: "", from: undefined, to: undefined } },
    ]);
  });

  test.each([
    ["?format=ndjson&csv=spreadsheet", "csv: needs format=csv"],
    ["?csv=excel", 'csv: expected "exact" or "spreadsheet", got "excel"'],
    ["?columns=time", "columns: needs format=csv"],
    [`?format=csv&columns=${"a,".repeat(50)}b`, "columns: expected at most 50, got 51"],
    ["?format=xlsx", 'format: expected "ndjson" or "csv", got "xlsx"'],
  ])("%s is refused", async (query, message) => {
    const response = await createFixture().read("GET", `${EXPORT}${query}`);
    expect([response.status, await response.json()]).toEqual([400, { message }]);
  });

  test("of nothing is empty", async () => {
    const response = await createFixture().read("GET", EXPORT);
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test("takes columns of CSV, whose names may have commas", async () => {
    const fixture = createFixture();
    await fixture.read(
      "GET",
      `${EXPORT}?format=csv&columns=${encodeURIComponent("time,metadata.a%2Cb,metadata.50%25")}`,
    );
    expect(fixture.readers.asked).toMatchObject([{ columns: ["time", "metadata.a,b", "metadata.50%"] }]);
  });

  test("takes a scope", async () => {
    const fixture = createFixture();
    await fixture.read("GET", `${EXPORT}?project=shop&q=level:error&from=2000-01-01&to=1s`);
    expect(fixture.readers.asked).toEqual([
      {
        format: "ndjson",
        scope: { project: "shop", q: "level:error", from: Date.UTC(2000, 0, 1), to: fixture.now - 1000 },
      },
    ]);
  });

  test("follows the client's pace, and ends when it disconnects", async () => {
    const fixture = createFixture();
    const state = { pulled: 0, ended: false };
    fixture.readers.exported = async function* () {
      try {
        for (;;) {
          state.pulled++;
          await new Promise((resolve) => setImmediate(resolve));
          yield "x".repeat(256 * 1024);
        }
      } finally {
        state.ended = true;
      }
    };
    const connection = await connectTo(await start(fixture));
    connection.pause();
    connection.write(ASK(EXPORT));
    let still = 0;
    let before = -1;
    await untilTrue("pulling has stopped", () => {
      still = state.pulled === before ? still + 1 : 0;
      before = state.pulled;
      return state.pulled > 0 && still > 50;
    });
    expect(state.pulled * 256 * 1024).toBeLessThan(64 * 2 ** 20);
    expect(state.ended).toBe(false);
    connection.destroy();
    await untilTrue("the source has ended", () => state.ended);
    expect(fixture.readers.signals.map((signal) => signal.aborted)).toEqual([true]);
  }, 20_000);
});

describe("an export that fails on its way", () => {
  test("breaks the connection, so that a partial export never looks complete, and logs why", async () => {
    const fixture = createFixture();
    fixture.readers.exported = async function* () {
      yield "one\n";
      // The first piece is out before the failure.
      await untilTrue("the first piece has arrived", () => connection.received.includes("one"));
      throw new Error("secret");
    };
    const connection = await connectTo(await start(fixture));
    connection.write(ASK(EXPORT));
    const received = await connection.until(() => false);
    expect(connection.isClosed).toBe(true);
    expect(received).toContain("Transfer-Encoding: chunked");
    expect(received).not.toContain("\r\n0\r\n\r\n");
    expect(received).not.toContain("secret");
    expect(fixture.logged).toEqual(["error an export failed"]);
  });
});

describe("a client that disconnects", () => {
  test.each(["GET /api/v1/entries", "GET /api/v1/keys", "HEAD /api/v1/timings"])(
    "stops the work of %s",
    async (line) => {
      const fixture = createFixture();
      const seen: AbortSignal[] = [];
      fixture.readers.askAnswer = (_, signal) => {
        seen.push(signal);
        return new Promise((resolve) => {
          signal.addEventListener("abort", () =>
            resolve({ ok: false, refusal: { code: "cancelled", message: "the client has gone" } }),
          );
        });
      };
      const connection = await connectTo(await start(fixture));
      connection.write(`${line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
      await untilTrue("the question is asked", () => seen.length === 1);
      expect(seen.map((signal) => signal.aborted)).toEqual([false]);
      connection.destroy();
      await untilTrue("the work is stopped", () => seen[0]?.aborted === true);
      expect(fixture.logged).toEqual([]);
    },
  );

  test("stops it behind a Host header that the router cannot read too", async () => {
    const fixture = createFixture();
    const seen: AbortSignal[] = [];
    fixture.readers.askAnswer = (_, signal) => {
      seen.push(signal);
      return new Promise(() => {});
    };
    const connection = await connectTo(await start(fixture));
    connection.write(`GET /api/v1/entries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
    await untilTrue("the question is asked", () => seen.length === 1);
    connection.destroy();
    await untilTrue("the work is stopped", () => seen[0]?.aborted === true);
  });
});
