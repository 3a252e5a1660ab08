// Data files for the commands that read them: written by the store and the worker themselves.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { batchesOf } from "../../../src/commit/redo_group.ts";
import { Ingester } from "../../../src/ingest/ingester.ts";
import { StoreWriter } from "../../../src/store/store_writer.ts";
import { readingAt } from "../../support/clock_reading.ts";
import { withFolder } from "../../support/folder.ts";

const KEYS = [{ project: "shop", name: "web shop", type: "server" }] as const;

const CONFIG = `[[keys]]
name = "web shop"
project = "shop"
server = "sk_0123456789abcdef"

[projects.empty]
retention = "3d"
`;

/** Writes groups into a data file; each group becomes a block. */
export class DataFile {
  readonly file: string;
  readonly #store: StoreWriter;
  readonly #worker: Ingester;
  #batches = 0;
  #isOpen = true;

  constructor(folder: string) {
    this.file = join(folder, "simplelogs.db");
    this.#store = new StoreWriter(this.file, "write", "run");
    this.#worker = new Ingester({
      state: this.#store.restore(),
      pairing: { openMax: 100, openBytesMax: 1e7, clientShare: 0.5, timeoutMs: 3_600_000, orphanGraceMs: 60_000 },
      requests: { windowMs: 600_000, requests: 1_000, clientShare: 0.5 },
      run: "run",
      rules: {
        keys: KEYS,
        projects: {},
        defaultProject: { retentionMs: 1e12, monthlyEntries: undefined, overage: "continue" },
      },
      deadlinesFrom: 0,
      clock: readingAt(0),
    });
  }

  /** One batch of project "shop", received now. */
  write(entries: readonly object[]): void {
    const number = ++this.#batches;
    const body = { key: "k", source: "server", entries };
    const now = Date.now();
    const batches = batchesOf(JSON.stringify([number, 0, now, 10, "s", body]), KEYS);
    this.#store.commit(this.#worker.group(batches, number, readingAt(now)));
    this.#worker.committed();
  }

  /** Once is enough. */
  close(): void {
    if (this.#isOpen) this.#store.close();
    this.#isOpen = false;
  }
}

/** A folder with a configuration and a data file that is open for writing, both gone afterwards. */
export async function withDataFile(work: (data: DataFile, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, "simplelogs.toml"), CONFIG, { mode: 0o600 });
    const data = new DataFile(folder);
    try {
      await work(data, folder);
    } finally {
      data.close();
    }
  });
}
