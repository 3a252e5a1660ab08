// The remote source over a real socket: which address a query gets, how a tail goes on, and what is said when a
// server does not answer as it should.

import { describe, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RemoteServer } from "../../../src/cli/remote_server.ts";
import { RemoteSource } from "../../../src/cli/remote_source.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import type { TailEvent } from "../../../src/core/queries.ts";
import { failureOf } from "../../support/failure.ts";
import { recordOf } from "./reading.ts";

const TOKEN = "an-admin-token-for-tests";
const SCOPE = { project: undefined, q: "", from: undefined, to: undefined };
const EMPTY_PAGE = { entries: [], nextCursor: null };
const EVENTS = { "content-type": "text/event-stream" };

interface Remote {
  readonly url: string;
  readonly source: RemoteSource;
  readonly server: RemoteServer;
  readonly requests: IncomingMessage[];
  readonly notices: string[];
}

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of the test's own that answers each request by `respond`. */
async function withRemote(respond: Respond, work: (remote: Remote) => Promise<void>): Promise<void> {
  const requests: IncomingMessage[] = [];
  const listener = createServer((request, response) => {
    requests.push(request);
    respond(request, response);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const notices: string[] = [];
  const server = new RemoteServer({ url, token: TOKEN });
  const source = new RemoteSource({ server, onNotice: (text) => notices.push(text), retryMs: [0] });
  try {
    await work({ url, source, server, requests, notices });
  } finally {
    listener.closeAllConnections();
    await new Promise((resolve) => listener.close(resolve));
  }
}

const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}): Respond =>
  (_, response) => {
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  };

const UNEXPECTED = "the server's response has an unexpected shape";
const WHO = "is it a SimpleLogs server of this version?";

describe("a query", () => {
  test.each([
    [{ kind: "entries", scope: SCOPE, limit: 5, cursor: undefined } as const, EMPTY_PAGE, "/api/v1/entries?limit=5"],
    [
      {
        kind: "entries",
        scope: { project: "a b", q: "x:y&z", from: 1_718_900_000_000.5, to: 2 },
        limit: 1,
        cursor: "c",
      } as const,
      EMPTY_PAGE,
      "/api/v1/entries?project=a+b&q=x%3Ay%26z&from=1718900000000.5&to=1970-01-01T00%3A00%3A00.002Z&limit=1&cursor=c",
    ],
    [
      { kind: "histogram", scope: SCOPE, intervalMs: 60_000 } as const,
      { interval: 60_000, buckets: [] },
      "/api/v1/histogram?interval=60000",
    ],
    [{ kind: "timings", scope: { ...SCOPE, q: "a" } } as const, { touchpoints: [] }, "/api/v1/timings?q=a"],
    [
      { kind: "timings", scope: SCOPE, byCategory: true } as const,
      { touchpoints: [], categories: [] },
      "/api/v1/timings?by=category",
    ],
    [
      { kind: "series", scope: SCOPE, intervalMs: undefined, byTouchpoint: true } as const,
      { interval: 1, touchpoints: [] },
      "/api/v1/timings/series?by=touchpoint",
    ],
    [{ kind: "usage" } as const, { usage: [], storage: [] }, "/api/v1/usage"],
  ])("%j goes to its route with the token", async (query, body, path) => {
    await withRemote(answering(200, body), async ({ source, requests }) => {
      expect(await source.query(query)).toEqual(body as never);
      expect(requests.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
        ["GET", path, `Bearer ${TOKEN}`],
      ]);
    });
  });

  test("can go to a server behind a path", async () => {
    await withRemote(answering(200, EMPTY_PAGE), async ({ url, requests }) => {
      const server = new RemoteServer({ url: `${url}/logs`, token: TOKEN });
      await new RemoteSource({ server, onNotice: () => undefined }).query({
        kind: "entries",
        scope: SCOPE,
        limit: 1,
        cursor: undefined,
      });
      expect(requests.map(({ url: path }) => path)).toEqual(["/logs/api/v1/entries?limit=1"]);
    });
  });
});

describe("a query fails", () => {
  const query = { kind: "entries", scope: { ...SCOPE, q: "a level:eror" }, limit: 1, cursor: undefined } as const;

  test.each([
    [
      400,
      { message: "no such level", at: 8, length: 4 },
      "usage",
      "cannot understand the search: no such level\n  a level:eror\n          ^^^^",
    ],
    [400, { message: "limit: no" }, "usage", "URL answered 400: limit: no"],
    [401, { message: "Admin token is missing\u001b" }, "usage", "URL answered 401: Admin token is missing\\x1b"],
    [404, { message: "there is no project" }, "usage", "URL answered 404: there is no project"],
    [503, { message: "busy" }, "io", "URL answered 503: busy"],
    [502, "<html>", "io", "URL answered 502: is it a SimpleLogs server? <html>"],
    [200, "<html>", "io", "URL did not respond with JSON: is it a SimpleLogs server?"],
    [200, {}, "io", `${UNEXPECTED} at response.entries: ${WHO}`],
    [200, "null", "io", `${UNEXPECTED} at response: ${WHO}`],
  ])("plainly at a %d with %j", async (status, body, code, message) => {
    await withRemote(answering(status, body), async ({ source, url }) => {
      const error = (await failureOf(source.query(query))) as OperatingError;
      expect([error.code, error.message.replace(url, "URL")]).toEqual([code as never, message]);
    });
  });

  test("at a redirect, without sending the token on", async () => {
    await withRemote(answering(200, EMPTY_PAGE), async ({ url: other, requests }) => {
      await withRemote(answering(301, "", { location: `${other}/x` }), async ({ source, url }) => {
        const error = (await failureOf(source.query(query))) as OperatingError;
        expect([error.code, error.message]).toEqual(["usage", `${url} redirects to ${other}/x: give that address`]);
      });
      expect(requests).toEqual([]);
    });
  });

  test("where the server dies in the middle of its response", async () => {
    const dying: Respond = (_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"entries":[', () => response.destroy());
    };
    await withRemote(dying, async ({ source, url }) => {
      const message = `${url} did not end its response: the connection was lost`;
      expect(await failureOf(source.query(query))).toMatchObject({ code: "io", message });
    });
  });

  test("where nothing listens", async () => {
    let gone = "";
    await withRemote(answering(200, ""), ({ url }) => {
      gone = url;
      return Promise.resolve();
    });
    const server = new RemoteServer({ url: gone, token: TOKEN });
    const error = (await failureOf(server.get("/", {}))) as OperatingError;
    expect([error.code, error.message]).toEqual([
      "io",
      `cannot reach ${gone}: nothing listens there; does the server run?`,
    ]);
  });
});

const event = (id: number, data: unknown, name = "record") =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** The first `count` events. */
async function take(source: RemoteSource, count: number, after?: number): Promise<TailEvent[]> {
  const stop = new AbortController();
  const taken: TailEvent[] = [];
  for await (const events of await source.tail({ project: "shop", q: "a b", after }, stop.signal)) {
    taken.push(...events);
    if (taken.length >= count) stop.abort();
  }
  return taken;
}

describe("a tail", () => {
  test("gives records and gaps, however they are cut into chunks, and passes over pings", async () => {
    const record = recordOf({ id: 7, message: "ä" });
    const bytes = Buffer.from(
      `retry: 2000\n\n: ping\n\n${event(7, record)}${event(9, { missed: 2 }, "gap")}event: new\ndata: {}\n\n`,
    );
    const respond: Respond = (_, response) => {
      response.writeHead(200, EVENTS);
      for (const byte of bytes) response.write(Buffer.from([byte]));
    };
    await withRemote(respond, async ({ source, requests, notices }) => {
      expect(await take(source, 2, 5)).toEqual([
        { kind: "record", id: 7, record },
        { kind: "gap", id: 9, missed: 2 },
      ]);
      expect(requests.map(({ url, headers }) => [url, headers["last-event-id"], headers.accept])).toEqual([
        ["/api/v1/tail?project=shop&q=a+b", "5", "text/event-stream"],
      ]);
      expect(notices).toEqual([]);
    });
  });

  test("continues after the last event after the connection is lost and while the server is away", async () => {
    const answers: Respond[] = [
      (_, response) => response.writeHead(200, EVENTS).end(event(3, recordOf({ id: 3 }))),
      answering(503, { message: "starting" }),
      (_, response) => response.socket?.destroy(),
      // An id without an event says where to go on as well.
      (_, response) => response.writeHead(200, EVENTS).end("id: 20\n\n"),
      (_, response) => response.writeHead(200, EVENTS).write(event(21, recordOf({ id: 21 }))),
    ];
    await withRemote(
      (request, response) => answers.shift()?.(request, response),
      async ({ source, requests, notices }) => {
        expect((await take(source, 2)).map(({ id }) => id)).toEqual([3, 21]);
        expect(requests.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "3", "3", "3", "20"]);
        const lost = ["the connection was lost; connecting again", "connected again"];
        expect(notices).toEqual([...lost, ...lost]);
      },
    );
  });
});

describe("a tail fails", () => {
  test("at once if the server refuses, with the place in the search", async () => {
    await withRemote(answering(400, { message: "no", at: 2, length: 1 }), async ({ source }) => {
      expect(await failureOf(take(source, 1))).toMatchObject({
        code: "usage",
        message: "cannot understand the search: no\n  a b\n    ^",
      });
    });
  });

  test("if the server refuses to continue it", async () => {
    const answers: Respond[] = [
      (_, response) => response.writeHead(200, EVENTS).end(),
      answering(401, { message: "no" }),
    ];
    await withRemote(
      (request, response) => answers.shift()?.(request, response),
      async ({ source }) => {
        expect(await failureOf(take(source, 1))).toMatchObject({ code: "usage" });
      },
    );
  });

  test("where the response is no stream of events, as of another program", async () => {
    await withRemote(answering(200, "<html>"), async ({ source, url, requests }) => {
      const message = `${url} did not respond with events: is it a SimpleLogs server?`;
      expect(await failureOf(take(source, 1))).toEqual(new OperatingError("io", message));
      expect(requests.length).toBe(1);
    });
  });

  test("at an event that is not JSON, and does not connect again", async () => {
    await withRemote(
      (_, response) => response.writeHead(200, EVENTS).end("id: 1\nevent: record\ndata: {\n\n"),
      async ({ source, requests }) => {
        expect(await failureOf(take(source, 1))).toMatchObject({ code: "io" });
        expect(requests.length).toBe(1);
      },
    );
  });
});

describe("a change", () => {
  test("is posted as JSON", async () => {
    let body = "";
    const respond: Respond = (request, response) => {
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => response.end('{"erased":{}}'));
    };
    await withRemote(respond, async ({ server, requests }) => {
      expect(await server.post("/api/v1/erase", { project: "shop" })).toEqual({ erased: {} });
      expect([body, requests[0]?.method, requests[0]?.headers["content-type"]]).toEqual([
        '{"project":"shop"}',
        "POST",
        "application/json",
      ]);
    });
  });
});
