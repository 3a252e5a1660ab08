// How far a data file is shipped, for commands that read it beside its server.

import { readShippingState, type ShippingState } from "../commit/shipping_state.ts";
import { openForReading } from "./database.ts";

/** What a data file says of shipping. */
export interface FileShipping {
  /** Undefined: nothing was ever shipped from it. */
  readonly state: ShippingState | undefined;
  /** All records have smaller ids. */
  readonly nextId: number;
  /** Compressed bytes of the records that are not shipped. */
  readonly backlogBytes: number;
  /** When the oldest of them was received, about and at the latest, Unix ms; undefined: all are shipped. */
  readonly oldestReceivedAt: number | undefined;
}

/** Reads a data file. Throws OperatingError. */
export function shippingOf(file: string): FileShipping {
  const database = openForReading(file);
  try {
    const value = (name: string) =>
      (database.query("SELECT value FROM meta WHERE name = ?").get(name) as { value: string | number } | null)?.value;
    const state = readShippingState(value("shipping"));
    // As BlockCatalog.bytesFrom counts them.
    const sql =
      "SELECT coalesce(sum(round(bytes * (id_max - max(id_min, ?1) + 1.0) / (id_max - id_min + 1))), 0) AS bytes, " +
      "min(received_min) AS oldest FROM blocks WHERE id_max >= ?1";
    const row = database.query(sql).get(state?.shippedBelow ?? 1);
    const { bytes, oldest } = row as { readonly bytes: number; readonly oldest: number | null };
    const nextId = Number(value("next_record_id") ?? 1);
    return { state, nextId, backlogBytes: bytes, oldestReceivedAt: oldest ?? undefined };
  } finally {
    database.close();
  }
}
