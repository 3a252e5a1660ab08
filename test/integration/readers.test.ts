// The reader thread on a real data file: queries, streams, cancellation, and a thread that dies.

import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import type { QueryRequest, TailEvent } from "../../src/core/queries.ts";
import type { EntriesResponse } from "../../src/core/responses.ts";
import { TailHub } from "../../src/query/stream/tail.ts";
import { DataReader } from "../../src/store/tables_reader.ts";
import { Readers } from "../../src/threads/main/readers.ts";
import { untilTrue } from "../support/condition.ts";
import { isOrdered, orderDeath } from "../support/dying_on_demand.ts";
import { eventually } from "../support/eventually.ts";
import { type TestPipeline, withPipeline } from "../support/pipeline.ts";

const SOURCE = new URL("../../src/threads/", import.meta.url);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 1e12, monthlyEntries: undefined, overage: "continue" },
} as const;
const ALL = { project: undefined, q: "", from: undefined, to: undefined };
const ENTRIES: QueryRequest = { kind: "entries", scope: ALL, limit: 1_000, cursor: undefined };
const NEVER = new AbortController().signal;
/** Fewer heartbeats than a thread may leave unanswered. */
const IDLE_TICKS = 20;

async function withReaders(
  work: (readers: Readers, test: TestPipeline, logged: string[]) => Promise<void>,
  readerUrl = new URL("reader/reader.ts", SOURCE),
): Promise<void> {
  const logged: string[] = [];
  let readers: Readers | undefined;
  const committed = () => readers?.committed();
  await withPipeline({ committed }, async (test) => {
    const log = (_level: string, message: string) => void logged.push(message);
    const restarted = () => void test.restarted.push("reader");
    const clock = () => performance.now();
    readers = new Readers({ file: test.file, rules: RULES, readerUrl, clock, log, restarted, idleTicks: IDLE_TICKS });
    readers.start();
    try {
      await work(readers, test, logged);
    } finally {
      readers.stop();
    }
  });
}

/** How often this process has the file open, or one that SQLite keeps beside it. */
function handlesOf(file: string): number {
  const targets = readdirSync("/proc/self/fd").map((handle) => {
    try {
      return readlinkSync(`/proc/self/fd/${handle}`);
    } catch {
      // The one that listed them is closed by now.
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(file)).length;
}

async function messagesOf(readers: Readers): Promise<(string | undefined)[]> {
  const outcome = await readers.query(ENTRIES, NEVER);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return messagesIn(outcome.answer);
}

function messagesIn(answer: string): (string | undefined)[] {
  return (JSON.parse(answer) as EntriesResponse).entries.map(({ message }) => message);
}

describe("the readers", () => {
  test("answer many queries at a time, each with all committed records", async () => {
    await withReaders(async (readers, test) => {
      await test.send("one", "two");
      const answers = await Promise.all(Array.from({ length: 20 }, () => messagesOf(readers)));
      for (const messages of answers) expect(messages).toEqual(["two", "one"]);
    });
  });

  test("send an export in chunks, and its end", async () => {
    await withReaders(async (readers, test) => {
      await test.send(...Array.from({ length: 5_000 }, (_, index) => `message ${index} ${"x".repeat(200)}`));
      const outcome = await readers.export({ format: "ndjson", scope: ALL }, NEVER);
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      const chunks: string[] = [];
      for await (const chunk of outcome.answer) chunks.push(chunk);
      expect(chunks.length).toBeGreaterThan(1);
      expect(chunks.join("").trimEnd().split("\n")).toHaveLength(5_000);
    });
  });

  test("send a tail the records that are committed from then on", async () => {
    await withReaders(async (readers, test) => {
      await test.send("before");
      const outcome = await readers.tail({ project: undefined, q: "message", after: undefined }, NEVER);
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      const events: TailEvent[] = [];
      const sending = (async () => {
        for (let batch = 0; batch < 10; batch++) await test.send(`message ${batch}`, "other");
      })();
      for await (const batch of outcome.answer) {
        events.push(...batch);
        if (events.length === 11) break;
      }
      await sending;
      expect(events.shift()).toEqual({ kind: "position", id: 1 });
      const messages = events.map((event) => (event.kind === "record" ? event.record.message : event.kind));
      expect(messages).toEqual(Array.from({ length: 10 }, (_, batch) => `message ${batch}`));
    });
  });
});

describe("a reader of the data file", () => {
  test("leaves no file handle open once it is closed", async () => {
    await withPipeline({}, async (test) => {
      await test.send("one");
      const before = handlesOf(test.file);
      for (let opened = 0; opened < 20; opened++) {
        const reader = new DataReader(test.file);
        reader.blocks.list({ project: undefined, from: 0, to: Number.POSITIVE_INFINITY });
        reader.tables.usageCounters();
        reader.close();
      }
      // SQLite keeps one for the next connection.
      expect(handlesOf(test.file)).toBeLessThanOrEqual(before + 1);
    });
  });

  test("whose snapshot is still held lets a tail start at the present end of the data", async () => {
    await withPipeline({}, async (test) => {
      await test.send("one");
      const [held, fresh] = [new DataReader(test.file), new DataReader(test.file)];
      try {
        const hub = new TailHub({ source: held.blocks, expiredBefore: () => 0 });
        hub.open(1, { project: undefined, q: "", after: 0 });
        const collection = hub.collect([1]);
        collection.next();
        await test.send("two");
        hub.open(2, { project: undefined, q: "", after: 2 }, fresh.blocks.nextRecordId());
        collection.return(new Map());
        expect([hub.positionOf(2), hub.behind([2])]).toEqual([2, []]);
      } finally {
        held.close();
        fresh.close();
      }
    });
  });
});

describe("the readers refuse", () => {
  test("a query that was cancelled; the next one is answered", async () => {
    await withReaders(async (readers, test) => {
      await test.send("one");
      const gone = new AbortController();
      const asked = readers.query(ENTRIES, gone.signal);
      gone.abort();
      expect(await asked).toMatchObject({ ok: false, refusal: { code: "cancelled" } });
      expect(await readers.query(ENTRIES, gone.signal)).toMatchObject({ ok: false, refusal: { code: "cancelled" } });
      expect(await messagesOf(readers)).toEqual(["one"]);
    });
  });

  test("a tail that was cancelled: it ends", async () => {
    await withReaders(async (readers) => {
      const gone = new AbortController();
      const outcome = await readers.tail({ project: undefined, q: "", after: undefined }, gone.signal);
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      const events = outcome.answer[Symbol.asyncIterator]();
      await events.next();
      const next = events.next();
      gone.abort();
      expect((await next).done).toBe(true);
    });
  });

  test("more queries than can wait", async () => {
    await withReaders(async (readers) => {
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => readers.query(ENTRIES, NEVER)));
      const codes = outcomes.map((outcome) => (outcome.ok ? "answered" : outcome.refusal.code));
      expect([
        codes.filter((code) => code === "answered").length,
        codes.filter((code) => code === "busy").length,
      ]).toEqual([64, 36]);
    });
  });

  test("queries that were open when the thread died; another thread answers the next query", async () => {
    await withReaders(
      async (readers, test, logged) => {
        await test.send("one");
        const tail = await readers.tail({ project: undefined, q: "", after: undefined }, NEVER);
        if (!tail.ok) throw new Error(tail.refusal.message);
        const events = tail.answer[Symbol.asyncIterator]();
        expect((await events.next()).value).toEqual([{ kind: "position", id: 1 }]);
        const next = events.next();
        const died = await readers.query({ kind: "keys" }, NEVER);
        expect(died).toMatchObject({ ok: false, refusal: { code: "unavailable" } });
        expect(next).rejects.toThrow("started again");
        expect(logged).toEqual([expect.stringContaining("this reader dies of keys")]);
        expect(test.restarted).toEqual(["reader"]);
        let messages: (string | undefined)[] = [];
        await eventually("another thread answers", async () => {
          const outcome = await readers.query(ENTRIES, NEVER);
          if (outcome.ok) messages = messagesIn(outcome.answer);
          return outcome.ok;
        });
        expect(messages).toEqual(["one"]);
      },
      new URL("../support/dying_reader.ts", import.meta.url),
    );
  });

  test("queries to a thread that does not answer any more; another one answers the next query", async () => {
    await withReaders(
      async (readers, test, logged) => {
        await test.send("one");
        expect(await messagesOf(readers)).toEqual(["one"]);
        orderDeath(test.file, "reader", "hang");
        await untilTrue("it hangs", () => !isOrdered(test.file, "reader"));
        const asked = readers.query(ENTRIES, NEVER);
        for (let tick = 0; tick <= 30; tick++) readers.tick();
        expect(await asked).toMatchObject({ ok: false, refusal: { code: "unavailable" } });
        expect([logged, test.restarted]).toEqual([["the reader thread does not answer; starting another"], ["reader"]]);
        await eventually("another thread answers", async () => (await readers.query(ENTRIES, NEVER)).ok);
      },
      new URL("../support/dying_reader_on_demand.ts", import.meta.url),
    );
  });

  test("no query while the thread answers heartbeats, however many there are", async () => {
    await withReaders(async (readers, test) => {
      await test.send("one");
      for (let round = 0; round < 5; round++) {
        for (let tick = 0; tick < 20; tick++) readers.tick();
        expect(await messagesOf(readers)).toEqual(["one"]);
      }
      expect(test.restarted).toEqual([]);
    });
  });

  test("the rest of an export when they stop, and it does not end as if it were complete", async () => {
    await withReaders(async (readers, test) => {
      await test.send(...Array.from({ length: 5_000 }, (_, index) => `message ${index} ${"x".repeat(200)}`));
      const outcome = await readers.export({ format: "ndjson", scope: ALL }, NEVER);
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      const chunks = outcome.answer[Symbol.asyncIterator]();
      expect((await chunks.next()).done).toBe(false);
      readers.stop();
      expect(chunks.next()).rejects.toThrow("The server is stopping");
    });
  });

  test("every query, once they have stopped", async () => {
    await withReaders(async (readers) => {
      readers.stop();
      expect(await readers.query(ENTRIES, NEVER)).toMatchObject({ ok: false, refusal: { code: "unavailable" } });
    });
  });
});

describe("a reader thread without queries", () => {
  /** Until it is ended, which takes no longer and no shorter. */
  function leaveIdle(readers: Readers): void {
    // Real ticks come once a second as well.
    for (let tick = 0; tick < IDLE_TICKS - 5; tick++) readers.tick();
    expect(readers.isRunning).toBe(true);
    for (let tick = 0; tick <= 5; tick++) readers.tick();
    expect(readers.isRunning).toBe(false);
  }

  test("does not run before the first query, is ended when it was idle for long, and is started for the next query", async () => {
    await withReaders(async (readers, test, logged) => {
      await test.send("one");
      expect(readers.isRunning).toBe(false);
      for (let round = 0; round < 3; round++) {
        expect(await messagesOf(readers)).toEqual(["one"]);
        leaveIdle(readers);
        for (let tick = 0; tick < 10; tick++) readers.tick();
      }
      expect([logged, test.restarted]).toEqual([[], []]);
    });
  });

  test("is started for queries, an export and a tail that come at once after it was ended", async () => {
    await withReaders(async (readers, test) => {
      await test.send("one");
      expect(await messagesOf(readers)).toEqual(["one"]);
      leaveIdle(readers);
      const questions = Array.from({ length: 10 }, () => messagesOf(readers));
      const [exported, tail] = await Promise.all([
        readers.export({ format: "ndjson", scope: ALL }, NEVER),
        readers.tail({ project: undefined, q: "", after: undefined }, NEVER),
      ]);
      expect(await Promise.all(questions)).toEqual(questions.map(() => ["one"]));
      expect([exported.ok, tail.ok, test.restarted]).toEqual([true, true, []]);
    });
  });

  test("has the rules that came while it was not running", async () => {
    await withReaders(async (readers, test) => {
      await test.send("one");
      expect(await messagesOf(readers)).toEqual(["one"]);
      leaveIdle(readers);
      readers.setRules({ ...RULES, defaultProject: { ...RULES.defaultProject, retentionMs: 1 } });
      await eventually("nothing is younger than the retention", async () => (await messagesOf(readers)).length === 0);
    });
  });

  test("is not ended while a tail is open", async () => {
    await withReaders(async (readers, test) => {
      const gone = new AbortController();
      const tail = await readers.tail({ project: undefined, q: "last", after: undefined }, gone.signal);
      if (!tail.ok) throw new Error(tail.refusal.message);
      const events = tail.answer[Symbol.asyncIterator]();
      await events.next();
      const next = events.next();
      // Answered in between, or it would count as dead.
      for (let tick = 0; tick < 3 * IDLE_TICKS; tick++) {
        readers.tick();
        if (tick % 10 === 0) expect(await readers.query({ kind: "keys" }, NEVER)).toMatchObject({ ok: true });
      }
      await test.send("the last");
      expect((await next).value).toMatchObject([{ kind: "record", record: { message: "the last" } }]);
      gone.abort();
      leaveIdle(readers);
    });
  });

  test("that dies of the query that started it is reported as dead", async () => {
    await withReaders(
      async (readers, test) => {
        await test.send("one");
        expect(await messagesOf(readers)).toEqual(["one"]);
        leaveIdle(readers);
        expect(await readers.query({ kind: "keys" }, NEVER)).toMatchObject({
          ok: false,
          refusal: { code: "unavailable" },
        });
        expect(test.restarted).toEqual(["reader"]);
        await eventually("another thread answers", async () => (await readers.query(ENTRIES, NEVER)).ok);
      },
      new URL("../support/dying_reader.ts", import.meta.url),
    );
  });
});
