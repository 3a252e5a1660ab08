// Names of the project's list of touchpoints that nobody registered and no record carries any more: after an erasure they may say
// as much about someone as the records did. In: the blocks that are left. Out: the names, gone from the list. It asks nothing of the
// erasure itself, so one that was cut off and is asked for again finds them all the same.

import { openBlock } from "../../block/open_block.ts";
import type { Database } from "../../runtime/driver.ts";
import type { StoreWriter } from "../store_writer.ts";
import { isDamage, loadPieces } from "./erase_chunks.ts";
import { type EraseProgress, progress } from "./erase_progress.ts";
import { securely } from "./secure_delete.ts";

/** So many blocks that came meanwhile are looked at in one step, so that under load there is an end to it. */
const LAST_BLOCKS_MAX = 8;

/** Removes them; what comes behind the last step comes behind the removal too. */
export function* removeUnusedNames(store: StoreWriter, project: number): Generator<EraseProgress, string[]> {
  const { database } = store;
  const sql = "SELECT name FROM touchpoints WHERE project = ? AND registered = 0";
  const unused = new Set((database.query(sql).all(project) as { name: string }[]).map(({ name }) => name));
  const list = database.query("SELECT id, records FROM blocks WHERE project = ? AND id >= ? ORDER BY id");
  for (let from = 0; unused.size > 0; ) {
    const blocks = list.all(project, from) as { id: number; records: number }[];
    for (const [index, { id, records }] of blocks.entries()) {
      for (const name of namesIn(database, id, records)) unused.delete(name);
      from = id + 1;
      if (unused.size === 0) break;
      if (blocks.length > LAST_BLOCKS_MAX) yield progress("blocks", index + 1, blocks.length);
    }
    if (blocks.length <= LAST_BLOCKS_MAX) break;
  }
  if (unused.size === 0) return [];
  const remove = database.query("DELETE FROM touchpoints WHERE project = ? AND name = ? AND registered = 0");
  const removeClients = database.query("DELETE FROM client_touchpoints WHERE project = ? AND name = ?");
  const removeAll = () => {
    for (const name of unused) {
      remove.run(project, name);
      removeClients.run(project, name);
    }
  };
  securely(database, () => store.transaction(removeAll));
  return [...unused];
}

function namesIn(database: Database, block: number, records: number): readonly string[] {
  const pieces = loadPieces(database, block);
  // Retention may have removed it meanwhile.
  if (pieces.length === 0) return [];
  try {
    return openBlock(pieces, records).touchpoint().dictionary;
  } catch (error) {
    // A name that is taken from the list comes back with the next record that carries it.
    if (isDamage(error)) return [];
    throw error;
  }
}
