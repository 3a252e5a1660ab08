// What a clock that was set does to a real data file: what is deleted by age, and what a restart remembers.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { DOUBT_FOR_MS } from "../../src/core/clock_watch.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { Maintenance } from "../../src/store/maintenance.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { ClockJumps } from "../../src/threads/clock_jumps.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOW, recordOf } from "../support/groups.ts";

const YEARS_MS = 73 * 365 * DAY_MS;
const RETENTION_MS = 30 * DAY_MS;

/** Counts how far it was told that the clock jumped. */
class JumpedWorker {
  jumpedMs = 0;
  clockJumped(byMs: number): void {
    this.jumpedMs += byMs;
  }
}

interface Stage {
  readonly store: StoreWriter;
  readonly jumps: ClockJumps;
  readonly maintenance: Maintenance;
  readonly worker: JumpedWorker;
  readonly log: string[];
  readonly passes: (ms: number) => void;
  readonly set: (byMs: number) => void;
  /** Lets retention do all it wants to; answers how many blocks are left. */
  readonly blocksLeft: () => number;
}

/** A data file with a record of now, and one that expires in an hour; the clocks begin `awayMs` after it was written. */
async function withStage(awayMs: number, work: (stage: Stage) => void): Promise<void> {
  await withFolder((folder) => {
    const file = join(folder, "simplelogs.db");
    const store = new StoreWriter(file, "write", "run");
    const journal = [{ kind: "dedupe", receivedAt: NOW, data: new Uint8Array(0) }];
    store.commit(groupOf("shop", [recordOf(1, { time: NOW - RETENTION_MS + DAY_MS / 24 })]));
    store.commit(groupOf("shop", [recordOf(2)], { journal }));
    const clocks = { wall: NOW + awayMs, steady: 0 };
    const log: string[] = [];
    const jumps = new ClockJumps(
      store,
      (_, message) => log.push(message),
      () => clocks.wall,
      () => clocks.steady,
    );
    const maintenance = new Maintenance(store, {
      file,
      bytesMax: () => 1e12,
      clock: () => clocks.wall,
      doubtMs: () => Math.max(0, jumps.doubtMs),
      retentionMsOf: () => RETENTION_MS,
    });
    const worker = new JumpedWorker();
    const look = () => jumps.look(worker);
    try {
      work({
        store,
        jumps,
        maintenance,
        worker,
        log,
        passes: (ms) => {
          clocks.wall += ms;
          clocks.steady += ms;
          look();
        },
        set: (byMs) => {
          clocks.wall += byMs;
          look();
        },
        blocksLeft: () => {
          while (maintenance.step(true));
          return store.catalog.size;
        },
      });
    } finally {
      store.close();
    }
  });
}

function journalTimes(jumps: ClockJumps): number[] {
  return jumps.restore().journal.map((part) => part.receivedAt);
}

describe("retention", () => {
  test("deletes nothing because of a clock that is decades ahead for less than an hour", async () => {
    await withStage(0, ({ set, passes, blocksLeft, log }) => {
      set(YEARS_MS);
      const left = [blocksLeft()];
      passes(DOUBT_FOR_MS - 60_000);
      left.push(blocksLeft());
      set(-YEARS_MS);
      left.push(blocksLeft());
      passes(DOUBT_FOR_MS);
      expect([...left, blocksLeft()]).toEqual([2, 2, 2, 1]);
      expect(log).toEqual([
        "the machine's clock was set 26645 days ahead, or the machine slept; nothing is deleted by age because of it for 60 minutes",
        "the machine's clock was set 26645 days back",
      ]);
    });
  });

  test("believes the clock after an hour", async () => {
    await withStage(0, ({ set, passes, blocksLeft }) => {
      set(YEARS_MS);
      const before = blocksLeft();
      passes(DOUBT_FOR_MS);
      expect([before, blocksLeft()]).toEqual([2, 0]);
    });
  });

  test("goes on, meanwhile, with what expires by the clock as it was", async () => {
    await withStage(0, ({ set, passes, blocksLeft }) => {
      passes(DOUBT_FOR_MS - 1_000);
      set(YEARS_MS);
      const before = blocksLeft();
      passes(20_000);
      expect([before, blocksLeft()]).toEqual([2, 1]);
    });
  });

  test("goes on after the clock was set back", async () => {
    await withStage(0, ({ set, passes, blocksLeft }) => {
      const before = blocksLeft();
      set(-2 * DAY_MS);
      blocksLeft();
      passes(2 * DAY_MS + DOUBT_FOR_MS + 1);
      expect([before, blocksLeft()]).toEqual([2, 1]);
    });
  });

  test("deletes nothing for an hour when the newest record is older than a day at the start", async () => {
    await withStage(YEARS_MS, ({ passes, blocksLeft, log }) => {
      const before = blocksLeft();
      passes(DOUBT_FOR_MS + 1);
      expect([before, blocksLeft()]).toEqual([2, 0]);
      expect(log).toEqual([
        "the newest record was received 26645 days ago; in case the clock is wrong, nothing is deleted by age because of it for 60 minutes",
      ]);
    });
  });

  test("deletes at once at such a start where only that makes room", async () => {
    await withStage(YEARS_MS, ({ jumps, blocksLeft }) => {
      jumps.believeStart();
      expect(blocksLeft()).toBe(0);
    });
  });

  test("takes a start with a clock behind the newest record for a wrong one", async () => {
    await withStage(-YEARS_MS / 2, ({ jumps, blocksLeft, log }) => {
      expect([jumps.doubtMs, blocksLeft(), log]).toEqual([
        -YEARS_MS / 2,
        2,
        ["the newest record was received 13323 days after now: is the clock behind?"],
      ]);
    });
  });

  test("does not where the clock was set since", async () => {
    await withStage(0, ({ jumps, set, blocksLeft }) => {
      set(YEARS_MS);
      jumps.believeStart();
      expect(blocksLeft()).toBe(2);
    });
  });

  test("deletes at the start what has expired when the newest record is of the last day", async () => {
    await withStage(DAY_MS, ({ blocksLeft, log }) => {
      expect([blocksLeft(), log]).toEqual([1, []]);
    });
  });
});

describe("a doubt", () => {
  test("outlives the process, and is taken back by the next one too", async () => {
    await withStage(0, ({ store, set }) => {
      set(YEARS_MS);
      // What is received then looks like now to the next process.
      store.commit(groupOf("shop", [recordOf(3, { receivedAt: NOW + YEARS_MS })]));
      const clocks = { wall: NOW + YEARS_MS, steady: 0 };
      const again = () =>
        new ClockJumps(
          store,
          () => undefined,
          () => clocks.wall,
          () => clocks.steady,
        );
      const doubts = [again().doubtMs];
      clocks.wall = NOW;
      const backAgain = again();
      doubts.push(backAgain.doubtMs);
      backAgain.look(new JumpedWorker());
      doubts.push(again().doubtMs);
      expect(doubts).toEqual([YEARS_MS, 0, -YEARS_MS]);
    });
  });

  test("is taken back by the next process to the hour, where the jump was of no more than a day", async () => {
    await withStage(0, ({ store, set }) => {
      set(DAY_MS);
      store.commit(groupOf("shop", [recordOf(3, { receivedAt: NOW + DAY_MS })]));
      const doubts = [NOW + DAY_MS, NOW + 1].map(
        (wall) =>
          new ClockJumps(
            store,
            () => undefined,
            () => wall,
            () => 0,
          ).doubtMs,
      );
      expect(doubts).toEqual([DAY_MS, 0]);
    });
  });

  test("is over for the next process where it was over for the last", async () => {
    await withStage(0, ({ store, set, passes }) => {
      set(YEARS_MS);
      store.commit(groupOf("shop", [recordOf(3, { receivedAt: NOW + YEARS_MS })]));
      passes(DOUBT_FOR_MS);
      const next = new ClockJumps(
        store,
        () => undefined,
        () => NOW + YEARS_MS + DOUBT_FOR_MS,
        () => 0,
      );
      expect(next.doubtMs).toBe(0);
    });
  });
});

describe("the journal", () => {
  test("follows the clock in both directions, and the worker is told as much", async () => {
    await withStage(0, ({ jumps, set, worker }) => {
      const seen: number[][] = [];
      for (const byMs of [YEARS_MS, -YEARS_MS, -DAY_MS]) {
        set(byMs);
        seen.push([worker.jumpedMs, ...journalTimes(jumps)]);
      }
      expect(seen).toEqual([
        [YEARS_MS, NOW + YEARS_MS],
        [0, NOW],
        [-DAY_MS, NOW - DAY_MS],
      ]);
    });
  });

  test("has no part of the future after a start with a clock that is behind", async () => {
    await withStage(-DAY_MS, ({ jumps }) => {
      expect(journalTimes(jumps)).toEqual([NOW - DAY_MS]);
    });
  });

  test("keeps its times when the clock is right", async () => {
    await withStage(DAY_MS / 24, ({ jumps }) => {
      expect(journalTimes(jumps)).toEqual([NOW]);
    });
  });
});

describe("the start of the process, from which grace is counted", () => {
  test("is where the clock was set to, and never later than now", async () => {
    await withStage(0, ({ jumps, set }) => {
      const seen = [jumps.startedAt(NOW - 5), jumps.startedAt(NOW + YEARS_MS)];
      set(-DAY_MS);
      seen.push(jumps.startedAt(NOW));
      set(YEARS_MS);
      seen.push(jumps.startedAt(NOW));
      expect(seen).toEqual([NOW - 5, NOW, NOW - DAY_MS, NOW - DAY_MS + YEARS_MS]);
    });
  });
});
