// What a retention that becomes shorter does to a real data file, over hours that a test sets: nothing is deleted by a
// slip.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { AgeClock, type ClockReading } from "../../src/core/clock.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { Maintenance } from "../../src/store/space/maintenance.ts";
import type { ShippedData } from "../../src/store/space/retention.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { DataReader } from "../../src/store/tables_reader.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOW, recordOf } from "../support/groups.ts";
import { withSmallDisk } from "../support/small_disk.ts";

const HOUR_MS = 3_600_000;
const MIB = 2 ** 20;
const DEFAULT_DAYS = 30;

/** A server that is started and stopped on one data file, with a configuration and clocks that the test sets. */
class Stage {
  readonly log: string[] = [];
  readonly file: string;
  /** Retention in days by project, as configured. */
  days: Record<string, number> = { shop: 365 };
  wall = NOW;
  monotonic = 0;
  bytesMax = 1e12;
  /** What a cluster has; undefined: there is none. */
  shipped: ShippedData | undefined;
  /** Undefined while the server does not run. */
  #clock: AgeClock | undefined;
  #saved: ClockReading | undefined;
  #store: StoreWriter | undefined;
  #maintenance: Maintenance | undefined;

  constructor(folder: string) {
    this.file = join(folder, "simplelogs.db");
  }

  get store(): StoreWriter {
    if (this.#store === undefined) throw new Error("the server does not run");
    return this.#store;
  }

  get maintenance(): Maintenance {
    if (this.#maintenance === undefined) throw new Error("the server does not run");
    return this.#maintenance;
  }

  start(steps = true): void {
    const clock = new AgeClock({ saved: this.#saved, wall: () => this.wall, monotonic: () => this.monotonic });
    this.#clock = clock;
    this.#store = new StoreWriter(this.file, "write", "run");
    this.#maintenance = new Maintenance(this.#store, {
      file: this.file,
      bytesMax: () => this.bytesMax,
      clock: () => clock.reading,
      retentionMsOf: (project) => (this.days[project] ?? DEFAULT_DAYS) * DAY_MS,
      configured: () => Object.keys(this.days),
      shipped: () => this.shipped,
      log: (level, message) => this.log.push(`${level}: ${message}`),
    });
    // As a process that dies at once would leave it.
    if (steps) this.maintenance.step(false);
  }

  stop(): void {
    this.#saved = this.#clock?.read();
    this.#clock = undefined;
    this.maintenance.close();
    this.#store?.close();
    this.#store = undefined;
    this.#maintenance = undefined;
  }

  /** One record a day, `count` of them, the newest of them half a day old. */
  fill(project: string, count: number, firstId = 1): void {
    for (let index = 0; index < count; index++) {
      const time = NOW - (count - index - 0.5) * DAY_MS;
      this.store.commit(groupOf(project, [recordOf(firstId + index, { time })]));
    }
  }

  reload(days: Record<string, number>): void {
    this.days = days;
    this.maintenance.rulesChanged();
  }

  passes(ms: number): void {
    this.monotonic += ms;
    this.set(ms);
  }

  /** Sets the machine's clock. */
  set(byMs: number): void {
    this.wall += byMs;
    this.#clock?.read();
  }

  /** Lets retention do all it wants to; answers how many records are left. */
  left(): number {
    while (this.maintenance.step(true));
    return this.store.catalog.records;
  }
}

async function withStage(work: (stage: Stage) => void): Promise<void> {
  await withFolder((folder) => {
    const stage = new Stage(folder);
    stage.start();
    try {
      work(stage);
    } finally {
      stage.stop();
    }
  });
}

const SLIPS: readonly [name: string, days: Record<string, number>][] = [
  ["by a lower number", { shop: 3 }],
  ["because its table is gone", {}],
  ["because its table's name is mistyped", { shpo: 365 }],
];

describe("a retention that becomes shorter", () => {
  for (const [name, days] of SLIPS) {
    test(`${name} deletes nothing for an hour, and what it hides after it`, async () => {
      await withStage((stage) => {
        stage.fill("shop", 299);
        stage.reload(days);
        const left = [stage.left()];
        stage.passes(HOUR_MS - 1_000);
        left.push(stage.left());
        stage.passes(11_000);
        left.push(stage.left());
        expect(left).toEqual([299, 299, days["shop"] ?? DEFAULT_DAYS]);
      });
    });

    test(`${name} over a restart deletes nothing for an hour either, however long the server was off`, async () => {
      await withStage((stage) => {
        stage.fill("shop", 299);
        stage.stop();
        stage.set(2 * HOUR_MS);
        stage.days = days;
        stage.start();
        const left = [stage.left()];
        stage.passes(HOUR_MS - 1_000);
        left.push(stage.left());
        stage.passes(11_000);
        left.push(stage.left());
        expect(left).toEqual([299, 299, days["shop"] ?? DEFAULT_DAYS]);
      });
    });
  }

  test("logs how many records and bytes will be deleted, and when, and what was deleted", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      const bytes = Number([...stage.store.catalog.all()][0]?.bytes);
      stage.reload({ shop: 3 });
      const said = stage.log.splice(0);
      stage.passes(HOUR_MS + 10_000);
      stage.left();
      stage.maintenance.step(true);
      const amount = (records: number) => new RegExp(`^${records} records \\([\\d.]+ (B|KiB)\\)$`);
      const [, hidden = "", at] = /: ([^:]*) are hidden, and will be deleted at (\S+) unless/.exec(said[0] ?? "") ?? [];
      expect(said[0]).toStartWith('warn: project "shop" keeps records for 3 d now, before for 365 d: ');
      expect([hidden, at]).toEqual([expect.stringMatching(amount(296)), new Date(NOW + HOUR_MS).toISOString()]);
      const [, gone = ""] =
        /^info: deleted (.*) of project "shop": older than its retention of 3 d$/.exec(stage.log[0] ?? "") ?? [];
      expect([said.length, stage.log.length, gone]).toEqual([1, 1, hidden]);
      expect(bytes).toBeGreaterThan(0);
    });
  });

  test("and is lengthened again within the hour deletes nothing, and logs that all records are shown again", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      stage.reload({ shop: 3 });
      stage.passes(HOUR_MS - 1_000);
      stage.left();
      stage.log.length = 0;
      stage.reload({ shop: 365 });
      stage.passes(24 * HOUR_MS);
      expect(stage.left()).toBe(299);
      expect(stage.log[0]).toMatch(
        /^info: project "shop" keeps records for 365 d now, before for 3 d: 29\d records \(.*\) are shown again$/,
      );
    });
  });

  test("deletes no planned records after it is corrected between two steps", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      stage.reload({ shop: 3 });
      stage.passes(HOUR_MS + 1_000);
      stage.maintenance.step(true);
      const before = stage.store.catalog.records;
      stage.reload({ shop: 365 });
      expect([before < 299, stage.left()]).toEqual([true, before]);
    });
  });

  test("twice gives each part its own hour", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      stage.reload({ shop: 100 });
      stage.passes(HOUR_MS / 2);
      stage.reload({ shop: 3 });
      stage.passes(HOUR_MS / 2 + 10_000);
      const first = stage.left();
      stage.passes(HOUR_MS / 2 + 10_000);
      expect([first, stage.left()]).toEqual([100, 3]);
    });
  });

  test("and longer, but not as long as it was, deletes what stays hidden when its first hour is over", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      stage.reload({ shop: 3 });
      stage.passes(HOUR_MS / 2);
      stage.reload({ shop: 100 });
      stage.passes(HOUR_MS / 2 - 1_000);
      const before = stage.left();
      stage.passes(11_000);
      expect([before, stage.left()]).toEqual([299, 100]);
    });
  });

  test("again and again keeps no more than the longest one, and for an hour after the last change at most", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      for (let days = 200; days > 100; days--) {
        stage.reload({ shop: days });
        stage.passes(1_000);
      }
      const before = stage.left();
      stage.passes(HOUR_MS + 10_000);
      expect([before, stage.left()]).toEqual([299, 101]);
    });
  });

  test("before a restart waits for the rest of its hour, and the log says so at the start", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      stage.reload({ shop: 3 });
      stage.left();
      stage.stop();
      stage.set(HOUR_MS / 2);
      stage.log.length = 0;
      stage.start();
      const left = [stage.left()];
      expect(stage.log).toEqual([
        expect.stringMatching(
          /^warn: project "shop" keeps records for 3 d: 296 records \(.*\) are hidden, and will be deleted at/,
        ),
      ]);
      stage.passes(HOUR_MS / 2 - 1_000);
      left.push(stage.left());
      stage.passes(11_000);
      expect([...left, stage.left()]).toEqual([299, 299, 3]);
    });
  });

  test("and a clock that is set meanwhile, in either direction, change nothing about the hour", async () => {
    for (const byMs of [2 * HOUR_MS, 50 * 60_000, -2 * HOUR_MS]) {
      await withStage((stage) => {
        stage.fill("shop", 299);
        stage.reload({ shop: 3 });
        stage.left();
        stage.set(byMs);
        const left = [stage.left()];
        stage.passes(HOUR_MS - 1_000);
        left.push(stage.left());
        // Nor is it another hour after a restart.
        stage.stop();
        stage.start();
        left.push(stage.left());
        stage.passes(11_000);
        expect([...left, stage.left()]).toEqual([299, 299, 299, 3]);
      });
    }
  });

  test("at a start with a clock that may be ahead waits for its hour, whether it is corrected or not", async () => {
    for (const byMs of [0, -70 * 365 * DAY_MS]) {
      await withStage((stage) => {
        stage.fill("shop", 299);
        stage.reload({ shop: 3 });
        stage.left();
        stage.stop();
        stage.set(70 * 365 * DAY_MS);
        stage.start();
        const left = [stage.left()];
        stage.set(byMs);
        stage.passes(HOUR_MS - 10_000);
        left.push(stage.left());
        stage.passes(20_000);
        // A clock that stays wrong has made a record a day older meanwhile.
        expect([...left, stage.left()]).toEqual([299, 299, byMs === 0 ? 2 : 3]);
      });
    }
  });

  test("deletes hidden records first, and no others, when the file is over its size limit", async () => {
    await withStage((stage) => {
      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("base64");
      for (let id = 1; id <= 60; id++) {
        const time = NOW - (id % 2 === 0 ? 1 : 100) * DAY_MS;
        stage.store.commit(groupOf(id % 2 === 0 ? "other" : "shop", [recordOf(id, { time, message: noise() })]));
      }
      stage.reload({ shop: 3 });
      stage.bytesMax = 3_000_000;
      stage.left();
      const left = [...stage.store.catalog.all()].map(({ project }) => stage.store.projects.nameOf(project));
      const others = left.filter((project) => project === "other").length;
      expect([others, left.length > 30, left.length < 60]).toEqual([30, true, true]);
    });
  });

  test("deletes hidden records at once on a full disk, and no more than needed", async () => {
    await withSmallDisk(32 * MIB, async (disk) => {
      const stage = new Stage(disk.folder);
      stage.start();
      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(400_000))).toString("base64");
      for (let id = 1; id <= 24; id++) {
        const time = NOW - (id % 2 === 0 ? 1 : 100) * DAY_MS;
        stage.store.commit(groupOf(id % 2 === 0 ? "other" : "shop", [recordOf(id, { time, message: noise() })]));
      }
      stage.store.database.query("PRAGMA wal_checkpoint(TRUNCATE)").all();
      stage.maintenance.prepare();
      disk.addBallast(disk.freeBytes);
      const before = [stage.maintenance.recover(), stage.store.catalog.size];
      stage.reload({ shop: 3 });
      const after = stage.maintenance.recover();
      const left = [...stage.store.catalog.all()].map(({ project }) => stage.store.projects.nameOf(project));
      const [others, hidden] = ["other", "shop"].map((name) => left.filter((project) => project === name).length);
      stage.stop();
      expect([before, after, others]).toEqual([[false, 24], true, 12]);
      expect(hidden).toBeGreaterThan(0);
      expect(hidden).toBeLessThan(12);
      expect(stage.log.at(-1)).toMatch(
        /^warn: deleted .* of project "shop": older than .* of 3 d, and room was needed at once$/,
      );
    });
  });

  test("is unknown in a file of an older format, where the configured one is in force", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      stage.store.database.run("DELETE FROM retention");
      stage.stop();
      stage.days = { shop: 100 };
      stage.start();
      expect(stage.left()).toBe(100);
    });
  });
});

describe("a block with a damaged header that names an unknown project", () => {
  test("stays, and other blocks are still deleted, shown and reported", async () => {
    await withStage((stage) => {
      stage.fill("shop", 299);
      stage.reload({ shop: 100 });
      stage.left();
      stage.store.database.run("UPDATE blocks SET project = 77 WHERE id IN (1, 299)");
      stage.stop();
      stage.start();
      stage.reload({ shop: 3 });
      stage.passes(HOUR_MS + 10_000);
      expect([stage.left(), stage.log.length]).toEqual([4, 4]);
    });
  });
});

describe("retention in force", () => {
  test("is stored in the file as soon as the server has started", async () => {
    await withFolder((folder) => {
      const stage = new Stage(folder);
      stage.start(false);
      stage.fill("shop", 299);
      stage.stop();
      stage.days = { shop: 3 };
      stage.start();
      const left = stage.left();
      stage.stop();
      expect(left).toBe(299);
    });
  });

  test("is kept for the projects that are configured or have records, and for no others", async () => {
    await withStage((stage) => {
      stage.fill("old", 2);
      stage.reload({ shop: 365, gone: 7 });
      stage.left();
      stage.reload({ constructor: 3 });
      stage.left();
      const rows = stage.store.database.query("SELECT project, retention_ms, until FROM retention ORDER BY project");
      expect(rows.all()).toEqual([
        { project: "constructor", retention_ms: 3 * DAY_MS, until: null },
        { project: "old", retention_ms: DEFAULT_DAYS * DAY_MS, until: null },
      ]);
    });
  });
});

describe("a file over its size limit", () => {
  test("loses the records that were received first, whatever their own times", async () => {
    await withStage((stage) => {
      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(30_000))).toString("base64");
      // One project's browsers claim to be 23 hours ahead, and send more than there is room for.
      for (let id = 1; id <= 200; id++) {
        const isClaimed = id % 10 !== 0;
        const time = NOW + (isClaimed ? 23 * HOUR_MS : 0);
        stage.store.commit(groupOf(isClaimed ? "web" : "shop", [recordOf(id, { time, message: noise() })]));
      }
      stage.bytesMax = 3_000_000;
      stage.left();
      const ids = [...stage.store.catalog.all()].map(({ idMin }) => idMin);
      expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => 201 - ids.length + index));
      expect(ids.filter((id) => id % 10 === 0).length).toBeGreaterThan(4);
      stage.maintenance.close();
      expect(stage.log.map((line) => line.replace(/\d+ records \(.*?\)/, "…")).sort()).toEqual([
        'warn: deleted … of project "shop": received first, and storage.max_size is 2.9 MiB',
        'warn: deleted … of project "web": received first, and storage.max_size is 2.9 MiB',
      ]);
    });
  });
});

describe("with a cluster, the data file says what it lacks", () => {
  const removedFrom = (file: string) => {
    const reader = new DataReader(file);
    try {
      return reader.tables.removed();
    } finally {
      reader.close();
    }
  };

  test("which is nothing at first, then what is removed, and still so after a restart", () =>
    withStage((stage) => {
      stage.fill("shop", 10);
      stage.shipped = { below: 8, keepMs: 100 * DAY_MS };
      expect([stage.left(), removedFrom(stage.file)]).toEqual([10, { below: 1, receivedUpTo: 0 }]);
      stage.shipped = { below: 8, keepMs: 5 * DAY_MS };
      stage.passes(HOUR_MS);
      expect(stage.left()).toBe(5);
      const [oldest] = stage.store.catalog.all();
      expect(oldest?.idMin).toBe(6);
      const removed = removedFrom(stage.file);
      expect(removed).toEqual({ below: 6, receivedUpTo: NOW });
      stage.stop();
      stage.start();
      expect([stage.left(), removedFrom(stage.file)]).toEqual([5, removed]);
    }));

  test("without one it says nothing", () =>
    withStage((stage) => {
      stage.fill("blog", 40);
      stage.passes(HOUR_MS);
      expect([stage.left(), removedFrom(stage.file)]).toEqual([30, { below: 1, receivedUpTo: 0 }]);
    }));
});
