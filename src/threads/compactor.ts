// The compactor thread: reads small blocks, merges them, hands the result back. It writes nothing, so it can be ended at
// any moment without harm; the writer then asks again.

import type { Columns } from "../block/columns.ts";
import { BlockDamagedError } from "../block/damage.ts";
import { decodeColumns } from "../block/decode.ts";
import { BlockEncoder } from "../block/encode.ts";
import { headerOf } from "../block/header.ts";
import { mergeColumns } from "../block/merge.ts";
import { encodeMerged } from "../block/merged.ts";
import { OperatingError } from "../core/errors.ts";
import { listen, reply } from "../runtime/thread.ts";
import { BlockReader } from "../store/block_reader.ts";
import { isStoreError } from "../store/database.ts";
import type { FromCompactor, MergeRequest, ToCompactor } from "./messages.ts";

const encoder = new BlockEncoder();
let reader: BlockReader | undefined;
let file = "";

function merge({ job, blocks: ids }: MergeRequest): FromCompactor {
  try {
    // Opened late and once: the writer makes the file.
    reader ??= new BlockReader(file);
    const blocks: Columns[] = [];
    for (const id of ids) {
      try {
        const [block] = reader.blocks([id]);
        if (block === undefined) return { kind: "failed", job, reason: `block ${id} is gone`, unmergeable: [] };
        blocks.push(decodeColumns(block.pieces, block.records));
      } catch (error) {
        if (!(error instanceof BlockDamagedError)) throw error;
        return { kind: "failed", job, reason: `block ${id}: ${error.message}`, unmergeable: [id] };
      }
    }
    const columns = mergeColumns(blocks);
    return { kind: "merged", job, result: { header: headerOf(columns), encoded: encodeMerged(encoder, columns) } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // A file that cannot be read now says nothing of the blocks.
    const isPassing = isStoreError(error) || error instanceof OperatingError;
    return { kind: "failed", job, reason, unmergeable: isPassing ? [] : ids };
  }
}

listen<ToCompactor>((message) => {
  if (message.kind === "start") file = message.file;
  else reply<FromCompactor>(merge(message.request));
});
