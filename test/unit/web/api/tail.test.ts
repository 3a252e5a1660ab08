// The live tail over fake streams: batches, resuming after the last id, pausing, and what stops it.

import { describe, expect, test } from "bun:test";
import { Tail, type TailBatch } from "../../../../src/web/api/tail.ts";
import { untilTrue } from "../../../support/condition.ts";
import { ManualSchedule } from "../../../support/manual_schedule.ts";

interface Connection {
  readonly path: string;
  readonly lastEventId: string | null;
  readonly signal: AbortSignal;
  send(text: string): void;
  end(): void;
}

/** Connects as often as it is requested to; `refuse` responses instead while it is set. */
function makeTail() {
  const time = new ManualSchedule();
  const connections: Connection[] = [];
  const batches: TailBatch[] = [];
  const server: { refuse?: () => Response } = {};
  const tail = new Tail({
    fetch: async (path, init) => {
      const { signal } = init;
      if (signal === undefined || signal === null) throw new Error("a tail can always be ended");
      let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (stream = controller) });
      signal.addEventListener("abort", () => stream?.error(new DOMException("aborted", "AbortError")));
      connections.push({
        path,
        lastEventId: new Headers(init.headers).get("last-event-id"),
        signal,
        send: (text) => stream?.enqueue(new TextEncoder().encode(text)),
        end: () => stream?.close(),
      });
      return server.refuse?.() ?? new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
    schedule: time.schedule,
    onBatch: (batch) => batches.push(batch),
  });
  const connected = async (count: number): Promise<Connection> => {
    await untilTrue(`connection ${count} is made`, () => connections.length === count);
    const connection = connections[count - 1];
    if (connection === undefined) throw new Error("unreachable");
    return connection;
  };
  /** Hands on what has come, once it has been read: then a batch waits beside the watch for silence. */
  const handOn = async (count: number) => {
    await untilTrue("the events are read", () => time.waits.length === 2);
    time.pass(100);
    await untilTrue("the batch is handed on", () => batches.length === count);
  };
  return { tail, time, connections, batches, server, connected, handOn };
}

const record = (id: number) => `id: ${id}\nevent: record\ndata: ${JSON.stringify({ id, message: `m${id}` })}\n\n`;
const shown = (id: number) => expect.objectContaining({ id, message: `m${id}` });

describe("a live tail", () => {
  test("hands records on in batches, with how many were missed", async () => {
    const { tail, batches, connected, handOn } = makeTail();
    tail.start({ project: "web shop", q: "level:error" });
    const connection = await connected(1);
    expect([connection.path, connection.lastEventId]).toEqual(["/api/v1/tail?project=web+shop&q=level%3Aerror", null]);
    connection.send(
      `retry: 2000\n\nid: 4\n\n: ping\n\n${record(5)}${record(7)}id: 9\nevent: gap\ndata: {"missed":2}\n\n`,
    );
    await handOn(1);
    expect(batches).toEqual([{ records: [shown(5), shown(7)], missed: 2 }]);
    expect(tail.state.value).toBe("live");
    tail.stop();
  });

  test("continues after the last id when the connection broke", async () => {
    const { tail, time, batches, connected, handOn } = makeTail();
    tail.start({});
    const first = await connected(1);
    first.send(record(5));
    await handOn(1);
    first.end();
    await untilTrue("it waits to connect again", () => tail.state.value === "connecting");
    expect(time.waits).toEqual([1_000]);
    time.pass(1_000);
    const second = await connected(2);
    expect(second.lastEventId).toBe("5");
    second.send(record(6));
    await handOn(2);
    expect(batches).toEqual([
      { records: [shown(5)], missed: 0 },
      { records: [shown(6)], missed: 0 },
    ]);
    tail.stop();
  });

  test("knows its position before the first record", async () => {
    const { tail, time, connected } = makeTail();
    tail.start({});
    (await connected(1)).send("id: 41\n\n");
    // The pieces are read in order: the record behind it shows that the first was.
    (await connected(1)).send(`id: 42\nevent: record\ndata: {"id":42`);
    await untilTrue("it is live", () => tail.state.value === "live");
    (await connected(1)).end();
    await untilTrue("it waits to connect again", () => tail.state.value === "connecting");
    time.pass(1_000);
    // Half of a record is none: it comes again.
    expect((await connected(2)).lastEventId).toBe("41");
    tail.stop();
  });

  test("pauses without losing anything, and resumes where it was", async () => {
    const { tail, connections, batches, connected, handOn, time } = makeTail();
    tail.start({});
    const first = await connected(1);
    first.send(record(5));
    await untilTrue("the record is read", () => time.waits.length === 2);
    tail.pause();
    expect(first.signal.aborted).toBe(true);
    expect(batches).toEqual([{ records: [shown(5)], missed: 0 }]);
    expect(tail.state.value).toBe("paused");
    time.pass(120_000);
    expect(connections.length).toBe(1);
    tail.resume();
    const second = await connected(2);
    expect(second.lastEventId).toBe("5");
    second.send(record(6));
    await handOn(2);
    tail.stop();
  });

  test("connects again when the server falls silent", async () => {
    const { tail, time, connected } = makeTail();
    tail.start({ after: 3 });
    const first = await connected(1);
    expect(first.lastEventId).toBe("3");
    await untilTrue("it is live", () => tail.state.value === "live" && time.waits.length === 1);
    time.pass(60_000);
    expect(first.signal.aborted).toBe(true);
    await untilTrue("it waits to connect again", () => time.waits.length === 1);
    time.pass(1_000);
    await connected(2);
    tail.stop();
  });
});

describe("a live tail ends", () => {
  test("with the reason, when its search is wrong", async () => {
    const { tail, server, time } = makeTail();
    server.refuse = () => Response.json({ message: "expected a value", at: 6, length: 1 }, { status: 400 });
    tail.start({ q: "level:" });
    await untilTrue("it is stopped", () => tail.state.value === "stopped");
    expect(tail.problem.value).toEqual({ kind: "refused", status: 400, message: "expected a value", at: 6, length: 1 });
    expect(time.waits).toEqual([]);
  });

  test("and when nobody is signed in any more", async () => {
    const { tail, server, time } = makeTail();
    server.refuse = () => Response.json({ message: "no" }, { status: 401 });
    tail.start({});
    await untilTrue("it is stopped", () => tail.state.value === "stopped");
    expect([tail.problem.value?.kind, time.waits]).toEqual(["signed_out", []]);
  });

  test("but not when the server is busy or away: it tries ever more rarely", async () => {
    const { tail, server, time, connected } = makeTail();
    server.refuse = () => Response.json({ message: "later" }, { status: 503 });
    tail.start({});
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 7; attempt++) {
      await connected(attempt);
      await untilTrue("it waits", () => time.waits.length === 1);
      waits.push(...time.waits);
      time.pass(30_000);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(tail.problem.value?.kind).toBe("busy");
    tail.stop();
    expect(time.waits).toEqual([]);
  });
});
