import { afterEach, describe, expect, test } from "bun:test";
import { listen } from "#runtime/listen.ts";
import type { TailEvent } from "../../../../src/core/queries.ts";
import { sharedQueries } from "../../../../src/http/access/viewer.ts";
import { PingTimer } from "../../../../src/http/read/response_stream.ts";
import { tailRoute } from "../../../../src/http/read/tail.ts";
import { Connections } from "../../../../src/runtime/contract/connections.ts";
import { ParseGuard } from "../../../../src/runtime/parse_guard.ts";
import { untilTrue } from "../../../support/condition.ts";
import { ADMIN, ADMIN_TOKEN, createFixture, type Fixture, outcome, sha256 } from "../fixture.ts";
import type { RawConnection } from "../raw.ts";
import { LOG, TIMING } from "../readers.ts";
import { connectTo, endAll, listeners, start } from "../serving.ts";

afterEach(endAll);

const TAIL = "/api/v1/tail";
const RECORDS: readonly TailEvent[] = [
  { kind: "record", id: TIMING.id, record: TIMING },
  { kind: "gap", id: 430, missed: 8 },
];

/** A source that a test feeds, and that knows what became of it. */
class Source {
  pulled = 0;
  returned = 0;
  #waiting: PromiseWithResolvers<readonly TailEvent[] | undefined> | undefined;
  readonly #ready: (readonly TailEvent[])[] = [];

  push(events: readonly TailEvent[]): void {
    this.#ready.push(events);
    this.#wake();
  }

  readonly open = async function* (this: Source, signal: AbortSignal): AsyncGenerator<readonly TailEvent[]> {
    signal.addEventListener("abort", () => this.#wake());
    try {
      while (!signal.aborted) {
        this.pulled++;
        const events = this.#ready.shift();
        if (events !== undefined) yield events;
        else {
          this.#waiting = Promise.withResolvers();
          await this.#waiting.promise;
        }
      }
    } finally {
      this.returned++;
    }
  }.bind(this);

  #wake(): void {
    this.#waiting?.resolve(undefined);
  }
}

/** Listens, and opens a connection that asks for a tail. */
async function tail(fixture: Fixture, path = TAIL, headers: Record<string, string> = ADMIN): Promise<RawConnection> {
  const listener = await start(fixture);
  const connection = await connectTo(listener);
  const lines = Object.entries({ host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return connection;
}

/** What a chunked body holds so far. */
function bodyOf(received: string): string {
  let rest = received.slice(received.indexOf("\r\n\r\n") + 4);
  let body = "";
  for (;;) {
    const [line, size] = /^([0-9a-f]+)\r\n/.exec(rest) ?? [];
    if (line === undefined || size === undefined) return body;
    const end = line.length + Number.parseInt(size, 16);
    body += rest.slice(line.length, end);
    rest = rest.slice(end + 2);
  }
}

describe("a live tail", () => {
  test("sends records and gaps as events, each batch as it comes", async () => {
    const fixture = createFixture();
    const source = new Source();
    fixture.readers.tailed = source.open;
    const connection = await tail(fixture, `${TAIL}?project=shop&q=level:error`);
    const head = await connection.until((received) => received.includes("retry: 2000\n\n"));
    expect(head).toContain("HTTP/1.1 200 OK");
    expect(head.toLowerCase()).toContain("content-type: text/event-stream\r\n");
    expect(head.toLowerCase()).toContain("cache-control: no-store\r\n");
    expect(fixture.readers.asked).toEqual([{ project: "shop", q: "level:error", after: undefined }]);

    source.push(RECORDS);
    source.push([{ kind: "record", id: LOG.id, record: LOG }]);
    await connection.until((received) => received.includes("line"));
    expect(bodyOf(connection.received)).toBe(
      [
        "retry: 2000\n\n",
        `id: 421\nevent: record\ndata: ${JSON.stringify(TIMING)}\n\n`,
        'id: 430\nevent: gap\ndata: {"missed":8}\n\n',
        `id: 7\nevent: record\ndata: ${JSON.stringify(LOG)}\n\n`,
      ].join(""),
    );
  });

  test.each([
    ["the header", "", { "last-event-id": "41" }, 41],
    ["the parameter", "?lastEventId=7", {}, 7],
    ["the header, which is newer, where there are both", "?lastEventId=7", { "last-event-id": "41" }, 41],
    ["now, when the header is empty", "", { "last-event-id": "" }, undefined],
  ] as const)("goes on behind %s", async (_, query, headers, after) => {
    const fixture = createFixture();
    const connection = await tail(fixture, TAIL + query, { ...ADMIN, ...headers });
    await connection.until((received) => received.includes("retry"));
    expect(fixture.readers.asked).toEqual([{ project: undefined, q: "", after }]);
  });

  test("ends its source when the client disconnects while nothing happens", async () => {
    const fixture = createFixture();
    const source = new Source();
    fixture.readers.tailed = source.open;
    const connection = await tail(fixture);
    await connection.until((received) => received.includes("retry"));
    await untilTrue("the source waits", () => source.pulled === 1);
    connection.destroy();
    await untilTrue("the source has ended", () => source.returned === 1);
    expect(fixture.readers.signals.map((signal) => signal.aborted)).toEqual([true]);
  });

  test("ends its source when the client disconnects before the readers respond", async () => {
    const fixture = createFixture();
    const source = new Source();
    const answered = Promise.withResolvers<void>();
    const { readers } = fixture;
    const answer = readers.tail.bind(readers);
    readers.tail = async (request, signal) => {
      const outcome = await answer(request, signal);
      await answered.promise;
      return outcome;
    };
    readers.tailed = source.open;
    const connection = await tail(fixture);
    await untilTrue("the readers are asked", () => readers.signals.length === 1);
    connection.destroy();
    await untilTrue("the readers hear of it", () => readers.signals[0]?.aborted === true);
    answered.resolve();
  });

  test("stops pulling while the client does not read, and ends when it disconnects", async () => {
    const fixture = createFixture();
    const record: TailEvent = { kind: "record", id: 1, record: { ...LOG, message: "x".repeat(64 * 1024) } };
    const state = { pulled: 0, ended: false };
    fixture.readers.tailed = async function* () {
      try {
        for (;;) {
          state.pulled++;
          // A real source waits for the readers' thread.
          await new Promise((resolve) => setImmediate(resolve));
          yield [record];
        }
      } finally {
        state.ended = true;
      }
    };
    const connection = await tail(fixture);
    connection.pause();
    // What the sockets hold goes out; then, over many turns of the event loop, nothing moves.
    let still = 0;
    let before = -1;
    await untilTrue("pulling has stopped", () => {
      still = state.pulled === before ? still + 1 : 0;
      before = state.pulled;
      return state.pulled > 0 && still > 50;
    });
    expect(state.pulled * 64 * 1024).toBeLessThan(64 * 2 ** 20);
    expect(state.ended).toBe(false);
    const stoppedAt = state.pulled;
    connection.resume();
    await untilTrue("pulling goes on", () => state.pulled > stoppedAt + 10);
    connection.destroy();
    await untilTrue("the source has ended", () => state.ended);
  }, 20_000);

  test("ends when the server stops, and one that is asked for then at once", async () => {
    const fixture = createFixture();
    const source = new Source();
    fixture.readers.tailed = source.open;
    const connection = await tail(fixture);
    await connection.until((received) => received.includes("retry"));
    fixture.stopping.abort();
    await connection.until((received) => received.endsWith("\r\n0\r\n\r\n"));
    await untilTrue("the source has ended", () => source.returned === 1);
    const late = await fixture.read("GET", TAIL);
    expect([late.status, await late.text()]).toEqual([200, "retry: 2000\n\n"]);
  });

  test("asked for by HEAD ends its source at once", async () => {
    const fixture = createFixture();
    fixture.readers.tailed = new Source().open;
    const response = await fixture.read("HEAD", TAIL);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    expect(fixture.readers.signals.map((signal) => signal.aborted)).toEqual([true]);
  });

  test("of many others ends as they do when the server stops", async () => {
    const fixture = createFixture();
    const sources = Array.from({ length: 200 }, () => new Source());
    fixture.readers.tailed = (signal) => (sources[fixture.readers.signals.length - 1] as Source).open(signal);
    const readers = await Promise.all(
      sources.map(async () => {
        const { body } = await fixture.read("GET", TAIL);
        if (body === null) throw new Error("a tail has a body");
        return body.getReader();
      }),
    );
    const heads = await Promise.all(readers.map((reader) => reader.read()));
    expect(heads.every((head) => !head.done)).toBe(true);
    const waiting = readers.map((reader) => reader.read());
    await untilTrue("all wait", () => sources.every((source) => source.pulled === 1));
    fixture.stopping.abort();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ done: true, value: undefined })));
    await untilTrue("all have ended", () => sources.every((source) => source.returned === 1));
  });
});

describe("a live tail that fails", () => {
  test("ends, so that the client comes back, and the log says why", async () => {
    const fixture = createFixture();
    fixture.readers.tailed = async function* () {
      yield RECORDS;
      throw new Error("secret");
    };
    const connection = await tail(fixture);
    const received = await connection.until((text) => text.endsWith("\r\n0\r\n\r\n"));
    expect(received).toContain("event: gap");
    expect(received).not.toContain("secret");
    expect(fixture.logged).toEqual(["error a live tail failed"]);
  });

  test.each(["-1", "1.5", "x", "9007199254740992", "1, 2"])("for Last-Event-ID %p is answered 400", async (id) => {
    const fixture = createFixture();
    const response = await fixture.fetch(
      new Request(`http://localhost:7070${TAIL}`, { headers: { ...ADMIN, "last-event-id": id } }),
    );
    expect(await outcome(response)).toEqual([
      400,
      { message: `last-event-id: expected the id of a record, got "${id}"` },
    ]);
    expect(fixture.readers.asked).toEqual([]);
  });
});

describe("pings", () => {
  /** A server with one route, whose pings come every few milliseconds. */
  async function startWith(fixture: Fixture, pings: PingTimer) {
    const dependencies = {
      queries: sharedQueries(fixture.readers),
      changes: fixture.readers,
      clock: () => fixture.now,
      access: () => fixture.access,
      sessions: fixture.sessions,
      gate: fixture.gate,
      guard: new ParseGuard(),
      log: () => {},
      stopping: fixture.stopping.signal,
    };
    const { GET } = tailRoute(dependencies, pings).operations;
    const listener = await listen({
      host: "127.0.0.1",
      port: 0,
      connections: new Connections(),
      fetch: (request) => GET?.handle(request) ?? new Response(null, { status: 404 }),
      onError: () => {},
    });
    listeners.push(listener);
    return listener;
  }

  test("reach every tail by one timer, which runs only while there are tails", async () => {
    const fixture = createFixture();
    fixture.readers.tailed = (signal) => new Source().open(signal);
    const pings = new PingTimer(5);
    const listener = await startWith(fixture, pings);
    expect(pings.isRunning).toBe(false);
    const connections = [await connectTo(listener), await connectTo(listener)];
    for (const connection of connections) {
      connection.write(`GET ${TAIL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
    }
    for (const connection of connections) {
      await connection.until((received) => received.split(": ping\n\n").length > 3);
    }
    expect([pings.isRunning, pings.count]).toEqual([true, 2]);
    connections[0]?.destroy();
    await untilTrue("one tail has gone", () => pings.count === 1);
    expect(pings.isRunning).toBe(true);
    connections[1]?.destroy();
    await untilTrue("all tails have gone", () => pings.count === 0);
    expect(pings.isRunning).toBe(false);
  });

  test("end a tail whose token is no longer the one", async () => {
    const fixture = createFixture();
    const source = new Source();
    fixture.readers.tailed = source.open;
    const pings = new PingTimer(5);
    const connection = await connectTo(await startWith(fixture, pings));
    connection.write(`GET ${TAIL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
    await connection.until((received) => received.includes(": ping"));
    fixture.access = { ...fixture.access, adminTokenSha256: sha256("another token of ours") };
    await connection.until((received) => received.endsWith("\r\n0\r\n\r\n"));
    await untilTrue("the source has ended", () => source.returned === 1);
    expect(pings.count).toBe(0);
  });

  test("do not pile up for a client that takes nothing", async () => {
    const fixture = createFixture();
    fixture.readers.tailed = (signal) => new Source().open(signal);
    const pings = new PingTimer(1);
    const dependencies = { ...fixture, queries: sharedQueries(fixture.readers), changes: fixture.readers };
    const { GET } = tailRoute(
      {
        ...dependencies,
        clock: () => fixture.now,
        access: () => fixture.access,
        guard: new ParseGuard(),
        log: () => {},
        stopping: fixture.stopping.signal,
      },
      pings,
    ).operations;
    const response = await GET?.handle(new Request(`http://localhost:7070${TAIL}`, { headers: ADMIN }));
    let ticks = 0;
    const count = () => ticks++;
    pings.add(count);
    await untilTrue("many pings", () => ticks > 20);
    pings.remove(count);
    fixture.stopping.abort();
    expect(await response?.text()).toBe("retry: 2000\n\n");
  });
});
