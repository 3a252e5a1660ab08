// What the file keeps of the machine's clock: the journal's times, of which each part keeps its age when the clock is set, and how far
// the clock was in doubt. In: the store, which only the writer has.

import type { StoreWriter } from "./store_writer.ts";

/** Moves the receipt of the journal's parts after an instant by so many ms, in one transaction. Throws SQLite's error. */
export function moveJournal(store: StoreWriter, byMs: number, after = Number.NEGATIVE_INFINITY): void {
  const sql = "UPDATE journal SET received_at = received_at + ? WHERE received_at > ?";
  store.transaction(() => store.database.query(sql).run(byMs, after));
}

/** The latest receipt that the journal knows of, Unix ms, or undefined when it is empty. */
export function journalEnd(store: StoreWriter): number | undefined {
  const row = store.database.query("SELECT max(received_at) AS latest FROM journal").get() as {
    readonly latest: number | null;
  };
  return row.latest ?? undefined;
}

/** When the newest record was received (or, in its block, one near it), Unix ms; undefined without any. */
export function newestReceipt(store: StoreWriter): number | undefined {
  const row = store.database.query("SELECT received_max AS latest FROM blocks ORDER BY id_max DESC LIMIT 1").get();
  return (row as { readonly latest: number } | null)?.latest;
}

/** How far the clock was in doubt, in ms, below 0 for behind; 0 where it was believed. */
export function keptDoubt(store: StoreWriter): number {
  const row = store.database.query("SELECT value FROM meta WHERE name = 'clock_doubt'").get();
  return Number((row as { readonly value: string | number } | null)?.value ?? 0);
}

/** Keeps how far the clock is in doubt, for the next start. Throws SQLite's error. */
export function keepDoubt(store: StoreWriter, doubtMs: number): void {
  const sql =
    "INSERT INTO meta (name, value) VALUES ('clock_doubt', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
  store.transaction(() => store.database.query(sql).run(doubtMs));
}
