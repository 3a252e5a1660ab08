// What a clock that was set does to a real data file: what is deleted by age, and what a restart goes on with.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { AgeClock, earliestNow, TRUST_AFTER_MS } from "../../src/core/clock.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { Maintenance } from "../../src/store/space/maintenance.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOTHING, NOW, recordOf } from "../support/groups.ts";

const HOUR_MS = DAY_MS / 24;
const YEARS_MS = 73 * 365 * DAY_MS;
const RETENTION_MS = 30 * DAY_MS;
/** When the records of the file expire, from NOW on. */
const EXPIRY_MS = [HOUR_MS, 3 * DAY_MS, 30 * DAY_MS] as const;

/** A server on a data file with three records. */
class Server {
  readonly log: string[] = [];
  readonly #file: string;
  #wall = NOW;
  #monotonic = 0;
  #store: StoreWriter;
  clock: AgeClock;
  #maintenance: Maintenance;

  constructor(folder: string) {
    this.#file = join(folder, "simplelogs.db");
    this.#store = new StoreWriter(this.#file, "write", "run");
    for (const [index, ms] of EXPIRY_MS.entries()) {
      const id = index + 1;
      this.#store.commit(groupOf("shop", [recordOf(id, { time: NOW + ms - RETENTION_MS })]));
    }
    [this.clock, this.#maintenance] = this.#open();
    this.#save();
  }

  #open(): [AgeClock, Maintenance] {
    const clock = new AgeClock({
      saved: this.#store.clock(),
      log: (_, message) => this.log.push(message),
      wall: () => this.#wall,
      monotonic: () => this.#monotonic,
    });
    const maintenance = new Maintenance(this.#store, {
      file: this.#file,
      bytesMax: () => 1e12,
      clock: () => clock.reading,
      retentionMsOf: () => RETENTION_MS,
    });
    return [clock, maintenance];
  }

  /** As every commit does. */
  #save(): void {
    this.#store.commit({ ...NOTHING, nextRecordId: EXPIRY_MS.length + 1 }, this.clock.read());
  }

  restart(offMs: number): void {
    this.#save();
    this.#store.close();
    this.#wall += offMs;
    this.#monotonic = 77;
    this.#store = new StoreWriter(this.#file, "write", "next run");
    [this.clock, this.#maintenance] = this.#open();
  }

  passes(ms: number): void {
    this.#monotonic += ms;
    this.set(ms);
  }

  /** Sets the machine's clock. */
  set(byMs: number): void {
    this.#wall += byMs;
    this.clock.read();
  }

  /** Lets retention do all it wants to; answers how many records are left. */
  left(): number {
    while (this.#maintenance.step(true));
    return this.#store.catalog.size;
  }

  close(): void {
    this.#store.close();
  }
}

async function withServer(work: (server: Server) => void): Promise<void> {
  await withFolder((folder) => {
    const server = new Server(folder);
    try {
      work(server);
    } finally {
      server.close();
    }
  });
}

describe("retention", () => {
  test("deletes nothing at once when the clock is decades ahead, then one day of records for each hour", async () => {
    await withServer((server) => {
      server.set(YEARS_MS);
      const left = [server.left()];
      for (let hour = 1; hour <= 3; hour++) {
        server.passes(HOUR_MS);
        left.push(server.left());
      }
      expect(left).toEqual([3, 2, 2, 1]);
      server.set(-YEARS_MS);
      const { reading } = server.clock;
      expect([server.left(), earliestNow(reading)]).toEqual([1, reading.wall]);
      expect(server.log).toEqual([
        "the machine's clock was set 26645 days ahead, or the machine slept; deletion by age follows by a day an hour",
        "the machine's clock was set 26645 days back",
      ]);
    });
  });

  test("deletes no record that had not expired if the clock is corrected within minutes", async () => {
    await withServer((server) => {
      server.set(YEARS_MS);
      server.passes(HOUR_MS / 25);
      const left = [server.left()];
      server.set(-YEARS_MS);
      server.passes(HOUR_MS - HOUR_MS / 25);
      left.push(server.left());
      server.passes(10_000);
      expect([...left, server.left()]).toEqual([3, 3, 2]);
    });
  });

  test("trusts a clock that was not set for a day", async () => {
    await withServer((server) => {
      server.set(YEARS_MS);
      server.passes(TRUST_AFTER_MS);
      expect(server.left()).toBe(0);
    });
  });

  test("goes on after the clock was set back", async () => {
    await withServer((server) => {
      server.set(-2 * DAY_MS);
      const before = server.left();
      server.passes(2 * DAY_MS + HOUR_MS + 1);
      expect([before, server.left()]).toEqual([3, 2]);
    });
  });

  test("catches up within three hours after three days off, or with a clock three days ahead", async () => {
    await withServer((server) => {
      server.restart(3 * DAY_MS);
      const left = [server.left()];
      for (let hour = 1; hour <= 3; hour++) {
        server.passes(HOUR_MS);
        left.push(server.left());
      }
      expect([...left, server.clock.reading.trusted]).toEqual([3, 2, 2, 1, server.clock.reading.wall]);
    });
  });

  test("deletes at the start what has expired where the server was off for a day at most", async () => {
    await withServer((server) => {
      server.restart(DAY_MS);
      expect([server.left(), server.log]).toEqual([2, []]);
    });
  });

  test("deletes at once after a long time off if the disk is full, but not if the clock was set", async () => {
    await withServer((server) => {
      server.set(YEARS_MS);
      server.clock.trustStart();
      const set = server.left();
      server.set(-YEARS_MS);
      server.restart(YEARS_MS);
      server.clock.trustStart();
      expect([set, server.left()]).toEqual([3, 0]);
    });
  });

  test("continues in the next process with the clock state of the last, however far it was set", async () => {
    await withServer((server) => {
      server.set(YEARS_MS);
      server.restart(1_000);
      const left = [server.left()];
      server.set(-YEARS_MS);
      server.passes(HOUR_MS - 2_000);
      left.push(server.left());
      server.passes(12_000);
      expect([...left, server.left()]).toEqual([3, 3, 2]);
    });
  });
});
