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
      "SELECT coalesce(sum(round(bytes * (id_max - max(id_min, ?1) + 1.0) / (id_max - id_min + 1))), 0) AS bytes " +
      "FROM blocks WHERE id_max >= ?1";
    const { bytes } = database.query(sql).get(state?.shippedBelow ?? 1) as { bytes: number };
    return { state, nextId: Number(value("next_record_id") ?? 1), backlogBytes: bytes };
  } finally {
    database.close();
  }
}
