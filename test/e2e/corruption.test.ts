// The executable on a data file whose bytes were changed on the disk: what is damaged is left out and said to be,
// everything else goes on, and nothing that is damaged is merged into what is whole.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EntriesResponse, HistogramResponse, TimingsResponse } from "../../src/core/responses.ts";
import { CHUNKS_MAX } from "../../src/store/schema.ts";
import { eventually } from "../support/eventually.ts";
import { integer, type Random, runSeed, seededRandom } from "../support/random.ts";
import { AUTHORIZATION, read } from "../support/read_api.ts";
import { configText, TestServer, withStoppedServer } from "../support/server.ts";

/** Records of the first day, which become one merged block, and of each small batch of the second. */
const MERGED = 3_000;
const SMALL = 10;
const SMALL_BATCHES = 4;
const ALL = MERGED + SMALL * SMALL_BATCHES;
const DAY_MS = 86_400_000;
/** Of yesterday (UTC): what is sent at it or soon after is of one day, whenever the test runs. */
const NOON = (Math.floor(Date.now() / DAY_MS) - 0.5) * DAY_MS;
/** Of a piece: enough that no other begins so. */
const BEGINNING_BYTES = 40;

interface Block {
  readonly id: number;
  readonly records: number;
}

/**
 * The data of a server that stored records in one merged block and a few small ones, and was stopped. Each test changes
 * a copy.
 */
let stored: { readonly server: TestServer; readonly blocks: Block[] };

beforeAll(async () => {
  const server = new TestServer(mkdtempSync(join(tmpdir(), "simplelogs-stored-")), configText());
  await server.start();
  try {
    stored = { server, blocks: await storeRecords(server) };
  } finally {
    await server.kill();
  }
}, 180_000);

afterAll(() => {
  rmSync(stored.server.folder, { recursive: true, force: true });
});

async function storeRecords(server: TestServer): Promise<Block[]> {
  for (let batch = 0; batch < MERGED / 300; batch++) {
    const entries = Array.from({ length: 300 }, (_, index) => ({
      timestamp: NOON + index,
      message: `merged ${batch} ${index}`,
      touchpoint: "api/old",
      ...(index % 3 === 0 ? { duration: index } : {}),
    }));
    await server.send(entries);
  }
  await eventually("they are merged", async () => (await server.metrics()).get("simplelogs_blocks") === 1);
  for (let batch = 0; batch < SMALL_BATCHES; batch++) {
    // Kept apart by the day, or they would be merged before they can be damaged.
    const timestamp = NOON - (batch + 1) * DAY_MS;
    await server.send(Array.from({ length: SMALL }, (_, index) => ({ timestamp, message: `small ${batch} ${index}` })));
  }
  expect(await server.stop()).toBe(0);
  const database = new Database(server.dataFile, { readonly: true });
  const blocks = database.query("SELECT id, records FROM blocks ORDER BY records DESC, id").all() as Block[];
  database.close();
  expect(blocks.map(({ records }) => records)).toEqual([MERGED, ...new Array(SMALL_BATCHES).fill(SMALL)]);
  return blocks;
}

/** A stopped server with a copy of the stored data. */
function withStoredRecords(work: (server: TestServer, blocks: Block[]) => Promise<void>): Promise<void> {
  return withStoppedServer(configText(), async (server) => {
    copyFileSync(stored.server.dataFile, server.dataFile);
    await work(server, stored.blocks);
  });
}

/** Turns over a bit of a piece of the block, as it lies in the file; of the largest one where no name is given. */
function damage(file: string, { id }: Block, random: Random, name?: string): void {
  const database = new Database(file, { readonly: true });
  const rows = database
    .query("SELECT name, data FROM pieces WHERE key / ? = ? ORDER BY length(data) DESC")
    .all(CHUNKS_MAX, id) as { name: string; data: Uint8Array }[];
  database.close();
  const piece = name === undefined ? rows[0] : rows.find((row) => row.name === name);
  if (piece === undefined) throw new Error(`block ${id} has no piece ${name}`);
  // Its beginning lies together on one page; and it may lie on free pages as well, from before the last merge.
  const beginning = piece.data.subarray(0, BEGINNING_BYTES);
  const bytes = readFileSync(file);
  const [offset, bit] = [integer(random, beginning.length - 1), integer(random, 7)];
  let places = 0;
  for (let at = bytes.indexOf(beginning); at !== -1; at = bytes.indexOf(beginning, at + 1), places++) {
    write(file, at + offset, (byte) => byte ^ (1 << bit));
  }
  if (places === 0) throw new Error(`the piece of block ${id} is not in the file`);
}

function write(file: string, at: number, change: (byte: number) => number): void {
  const handle = openSync(file, "r+");
  writeSync(handle, Uint8Array.of(change(readFileSync(file)[at] as number)), 0, 1, at);
  closeSync(handle);
}

/** Whether small blocks from before were merged with what came later. */
function hasMergedSmallOnes(file: string): boolean {
  const database = new Database(file, { readonly: true });
  try {
    return database.query("SELECT 1 FROM blocks WHERE records > ? AND records < ?").get(SMALL, MERGED) !== null;
  } finally {
    database.close();
  }
}

/** All pages of records, and how many blocks they left out. */
async function entriesOf(server: TestServer): Promise<{ messages: Set<string | undefined>; damagedBlocks: number }> {
  const messages = new Set<string | undefined>();
  let damagedBlocks = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const path = `entries?limit=1000${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer: EntriesResponse = await read(server, path);
    for (const { message } of answer.entries) messages.add(message);
    damagedBlocks = Math.max(damagedBlocks, answer.damagedBlocks ?? 0);
    cursor = answer.nextCursor;
  }
  return { messages, damagedBlocks };
}

/** Every kind of answer leaves out the damaged blocks, the merged one among them, says so, and has all others. */
async function expectLeftOut(server: TestServer, damaged: readonly Block[], all = ALL): Promise<void> {
  const lost = damaged.reduce((sum, { records }) => sum + records, 0);
  const { messages, damagedBlocks } = await entriesOf(server);
  expect([messages.size, damagedBlocks]).toEqual([all - lost, damaged.length]);
  const histogram: HistogramResponse = await read(server, "histogram?q=small%20OR%20merged");
  const counted = histogram.buckets.reduce((sum, { info, timing }) => sum + info + timing, 0);
  expect([counted, histogram.damagedBlocks]).toEqual([all - lost, damaged.length]);
  const timings: TimingsResponse = await read(server, "timings?q=merged%20OR%20small");
  // The small ones hold none, by their headers, which are whole.
  expect([timings.damagedBlocks, timings.touchpoints]).toEqual([1, []]);
  // What is missing must not look like the end.
  const streamed = fetch(`${server.url}/api/v1/export`, { headers: AUTHORIZATION }).then((answer) => answer.text());
  expect(streamed).rejects.toThrow();
  const exported = await server.command("export");
  expect([exported.exitCode, exported.stdout.trimEnd().split("\n").length]).toEqual([1, all - lost]);
  for (const { id } of damaged) expect(exported.stderr).toContain(`block ${id} `);
}

async function expectFindings(server: TestServer, damaged: readonly Block[], ...commandLine: string[]): Promise<void> {
  const { exitCode, stdout } = await server.command("doctor", ...commandLine);
  expect([exitCode, damaged.filter(({ id }) => !stdout.includes(`block ${id}:`))]).toEqual([1, []]);
}

describe("damaged blocks", () => {
  test("are left out of every answer, reported by doctor, copied by backup, never merged, and deleted by retention", async () => {
    const random = seededRandom(runSeed("damaged blocks"));
    await withStoredRecords(async (server, blocks) => {
      const damaged = [blocks[0], blocks[2]] as Block[];
      for (const block of damaged) damage(server.dataFile, block, random);
      await server.start();
      await expectLeftOut(server, damaged);
      await expectFindings(server, damaged);

      // It goes on, and what comes to the damaged ones' days is not merged with them for ever in vain.
      for (let batch = 0; batch < 40; batch++) {
        const timestamp = NOON - (batch % 5) * DAY_MS;
        await server.send([{ timestamp, message: `small later ${batch}` }]);
      }
      const [second] = damaged.slice(1) as [Block];
      await eventually("the compactor has met a damaged one", async () =>
        server.logLines.some(({ message }) => message.startsWith(`blocks were not merged: block ${second.id}: `)),
      );
      await eventually("what is whole is merged", async () => hasMergedSmallOnes(server.dataFile));
      await expectLeftOut(server, damaged, ALL + 40);
      const figures = await server.metrics();
      for (const thread of ["writer", "compactor", "reader"]) {
        expect(figures.get(`simplelogs_thread_restarts_total{thread="${thread}"}`)).toBe(0);
      }
      const refusals = server.logLines.filter(({ message }) => message.startsWith("blocks were not merged"));
      expect(refusals.length).toBeLessThanOrEqual(damaged.length);

      const copy = join(server.folder, "copy.db");
      expect((await server.command("backup", copy)).exitCode).toBe(0);
      await expectFindings(server, damaged, "--data", copy);

      expect(await server.stop()).toBe(0);
      // Or what is shorter now would be waited for.
      const stopped = new Database(server.dataFile);
      stopped.run("DELETE FROM retention");
      stopped.close();
      server.writeConfig(configText({ tables: '[projects.default]\nretention = "1s"' }));
      await server.start();
      await eventually(
        "retention has removed them",
        async () => (await server.metrics()).get("simplelogs_records") === 0,
      );
      const healed = await server.command("doctor");
      expect([healed.exitCode, healed.stdout.includes("block")]).toEqual([0, true]);
    });
  }, 180_000);

  test("that are damaged while the server runs are left out of the next answer", async () => {
    const random = seededRandom(runSeed("damage while it runs"));
    await withStoredRecords(async (server, blocks) => {
      await server.start();
      expect((await entriesOf(server)).messages.size).toBe(ALL);
      const [merged] = blocks as [Block];
      damage(server.dataFile, merged, random);
      await server.send([{ message: "small after" }]);
      await expectLeftOut(server, [merged], ALL + 1);
      await expectFindings(server, [merged]);
      expect(await server.stop()).toBe(0);
    });
  }, 180_000);

  test("with a damaged header are left out, and retention does not delete them by that header", async () => {
    await withStoredRecords(async (server, blocks) => {
      const [merged] = blocks as [Block];
      const database = new Database(server.dataFile);
      // Another project, and so old that retention would have removed it.
      database.query("UPDATE blocks SET project = 7, time_max = 5, time_min = 5 WHERE id = ?").run(merged.id);
      database.close();
      await server.start();
      const { messages, damagedBlocks } = await entriesOf(server);
      expect([messages.size, damagedBlocks]).toEqual([ALL - MERGED, 1]);
      const recent: HistogramResponse = await read(server, "histogram?from=1h&project=default");
      expect(recent.damagedBlocks).toBe(1);
      await expectFindings(server, [merged]);
      await server.send([{ message: "small after" }]);
      await eventually("the writer has been at rest", async () => {
        return ((await server.metrics()).get("simplelogs_blocks") ?? Number.NaN) >= blocks.length + 1;
      });
      expect(await server.stop()).toBe(0);
      const after = new Database(server.dataFile, { readonly: true });
      expect(after.query("SELECT records FROM blocks WHERE id = ?").get(merged.id)).toEqual({ records: MERGED });
      after.close();
    });
  }, 180_000);

  test.each(["summary", "filter", "touchpoint"])(
    "with a damaged %s cause no wrong answer",
    async (name) => {
      const random = seededRandom(runSeed(name));
      await withStoredRecords(async (server, blocks) => {
        const [merged] = blocks as [Block];
        const database = new Database(server.dataFile, { readonly: true });
        const names = database.query("SELECT name FROM pieces WHERE key / ? = ?").values(CHUNKS_MAX, merged.id).flat();
        database.close();
        const piece = names.find((one) => String(one).includes(name));
        // A block of this size has no filter.
        if (piece === undefined) {
          expect(name).toBe("filter");
          return;
        }
        damage(server.dataFile, merged, random, String(piece));
        await server.start();
        const timings: TimingsResponse = await read(server, "timings");
        const whole = timings.touchpoints.find(({ touchpoint }) => touchpoint === "api/old");
        if (timings.damagedBlocks === undefined) expect(whole?.count).toBe(MERGED / 3);
        else expect([timings.damagedBlocks, whole]).toEqual([1, undefined]);
        const old: EntriesResponse = await read(server, "entries?q=touchpoint:api/old&limit=1000");
        if (old.damagedBlocks === undefined) expect(old.entries.length).toBe(1_000);
        else expect([old.damagedBlocks, old.entries.length]).toEqual([1, 0]);
        await expectFindings(server, [merged]);
      });
    },
    180_000,
  );
});

describe("a damaged file", () => {
  test("with a damaged first page is refused with advice, and not overwritten", async () => {
    await withStoredRecords(async (server) => {
      for (let at = 0; at < 16; at++) write(server.dataFile, at, () => 0x78);
      const before = readFileSync(server.dataFile);
      const { exitCode, stderr } = await server.command("serve");
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("file is not a database")]);
      const doctor = await server.command("doctor");
      expect([doctor.exitCode, doctor.stdout]).toEqual([1, expect.stringContaining("file is not a database")]);
      expect(readFileSync(server.dataFile).equals(before)).toBe(true);
    });
  }, 180_000);

  test("that has lost a page of its chunk table is still served, and doctor reports the fault", async () => {
    await withStoredRecords(async (server, blocks) => {
      const database = new Database(server.dataFile, { readonly: true });
      const sql = "SELECT pageno FROM dbstat WHERE name = 'pieces' AND pagetype = 'leaf' ORDER BY pageno DESC LIMIT 1";
      const [page] = database.query(sql).values().flat() as [number];
      database.close();
      for (let at = 0; at < 64; at++) write(server.dataFile, (page - 1) * 4_096 + at, () => 0xee);
      await server.start();
      const { messages, damagedBlocks } = await entriesOf(server);
      expect(damagedBlocks).toBeGreaterThan(0);
      expect(damagedBlocks).toBeLessThanOrEqual(blocks.length);
      expect(messages.size).toBeLessThan(ALL);
      const doctor = await server.command("doctor");
      expect([doctor.exitCode, doctor.stdout]).toEqual([1, expect.stringContaining("the file's pages are damaged")]);
      expect(await server.stop()).toBe(0);
    });
  }, 180_000);

  test("with changed tables is refused with advice", async () => {
    await withStoredRecords(async (server) => {
      const at = readFileSync(server.dataFile).indexOf("raw_bytes INTEGER");
      write(server.dataFile, at, () => 0x71);
      const { exitCode, stderr } = await server.command("serve");
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("its tables are damaged")]);
      expect((await server.command("doctor")).exitCode).toBe(1);
      const exported = await server.command("export");
      expect([exported.exitCode, exported.stderr]).toEqual([1, expect.stringContaining("its tables are damaged")]);
    });
  }, 180_000);
});
