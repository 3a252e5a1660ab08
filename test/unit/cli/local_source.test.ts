// Queries of a data file while another connection writes to it.

import { describe, expect, test } from "bun:test";
import { LocalSource } from "../../../src/cli/local_source.ts";
import { DEFAULT_PROJECT } from "../../../src/config/settings.ts";
import type { TailEvent } from "../../../src/core/queries.ts";
import { failureOf } from "../../support/failure.ts";
import { withFolder } from "../../support/folder.ts";
import { type DataFile, withDataFile } from "./data_file.ts";

const SCOPE = { project: undefined, q: "", from: undefined, to: undefined };
const RULES = { projects: { shop: DEFAULT_PROJECT }, defaultProject: DEFAULT_PROJECT };

/** A source over the file, closed afterwards. */
async function withSource(
  { file }: Pick<DataFile, "file">,
  work: (source: LocalSource, progress: (readonly [number, number] | "done")[]) => Promise<void>,
): Promise<void> {
  const progress: (readonly [number, number] | "done")[] = [];
  const onProgress = (done: number, total: number) => progress.push([done, total]);
  const onDone = () => progress.push("done");
  const source = new LocalSource({ file, rules: RULES, clock: () => Date.now(), onProgress, onDone });
  try {
    await work(source, progress);
  } finally {
    source.close();
  }
}

function messagesOf(events: readonly TailEvent[]): unknown[] {
  return events.map((event) => (event.kind === "record" ? event.record.message : event));
}

function byText(a = "", b = ""): number {
  return a < b ? -1 : Number(a > b);
}

describe("a local source", () => {
  test("returns what is committed, query after query", async () => {
    await withDataFile(async (data) => {
      data.write([{ message: "a", level: "error" }, { message: "b" }]);
      await withSource(data, async (source) => {
        const ask = async () => {
          const response = await source.query({
            kind: "entries",
            scope: { ...SCOPE, q: "level:error" },
            limit: 10,
            cursor: undefined,
          });
          return response.entries.map(({ message }) => message);
        };
        expect(await ask()).toEqual(["a"]);
        data.write([{ message: "c", level: "error" }]);
        expect((await ask()).toSorted(byText)).toEqual(["a", "c"]);
      });
    });
  });

  test("reports how many of the blocks it has read", async () => {
    await withDataFile(async (data) => {
      data.write([{ duration: 1 }]);
      data.write([{ duration: 2 }]);
      await withSource(data, async (source, progress) => {
        const { touchpoints } = await source.query({ kind: "timings", scope: SCOPE });
        expect(touchpoints.map(({ count }) => count)).toEqual([2]);
        expect(progress).toEqual([[1, 2], [2, 2], "done"]);
        progress.length = 0;
        await source.query({ kind: "entries", scope: { ...SCOPE, q: "nowhere" }, limit: 1, cursor: undefined });
        expect(progress).toEqual([[1, 2], [2, 2], "done"]);
        progress.length = 0;
        await failureOf(source.query({ kind: "timings", scope: { ...SCOPE, q: "(" } }));
        expect(progress).toEqual(["done"]);
      });
    });
  });

  test("tails records committed after it opened, in order, until it is stopped", async () => {
    await withDataFile(async (data) => {
      data.write([{ message: "before" }]);
      await withSource(data, async (source) => {
        const stop = new AbortController();
        const tail = await source.tail({ project: "shop", q: "-skip", after: undefined }, stop.signal);
        data.write([{ message: "one" }, { message: "skip" }]);
        data.write([{ message: "two" }]);
        const seen: unknown[] = [];
        for await (const events of tail) {
          seen.push(...messagesOf(events));
          if (seen.length === 2) data.write([{ message: "three" }]);
          if (seen.length === 3) stop.abort();
        }
        expect(seen).toEqual(["one", "two", "three"]);
      });
    });
  });

  test("tails from after an id", async () => {
    await withDataFile(async (data) => {
      data.write([{ message: "a" }, { message: "b" }, { message: "c" }]);
      await withSource(data, async (source) => {
        const stop = new AbortController();
        for await (const events of await source.tail({ project: undefined, q: "", after: 1 }, stop.signal)) {
          expect(messagesOf(events)).toEqual(["b", "c"]);
          stop.abort();
        }
      });
    });
  });
});

describe("a local source fails", () => {
  test("where there is no data file", async () => {
    await withFolder(async (folder) => {
      const file = `${folder}/none.db`;
      expect(await failureOf(withSource({ file }, () => Promise.resolve()))).toMatchObject({
        code: "data_unreadable",
        message: `cannot read ${file}: there is no such file; did the server ever run?`,
      });
    });
  });

  test("at a wrong search and at a project that is not there, in a query as in a tail", async () => {
    await withDataFile(async (data) => {
      data.write([{ message: "a" }]);
      await withSource(data, async (source) => {
        const { signal } = new AbortController();
        const wrong = { code: "usage", message: expect.stringContaining("\n  a (\n    ^") };
        const unknown = { code: "usage", message: 'there is no project "shp"; there are: shop' };
        const query = (scope: object) =>
          source.query({ kind: "entries", scope: { ...SCOPE, ...scope }, limit: 1, cursor: undefined });
        expect(await failureOf(query({ q: "a (" }))).toMatchObject(wrong);
        expect(await failureOf(source.tail({ project: undefined, q: "a (", after: undefined }, signal))).toMatchObject(
          wrong,
        );
        expect(await failureOf(query({ project: "shp" }))).toMatchObject(unknown);
        expect(await failureOf(source.tail({ project: "shp", q: "", after: undefined }, signal))).toMatchObject(
          unknown,
        );
      });
    });
  });
});
