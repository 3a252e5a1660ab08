// The compactor thread: reads small blocks, merges them, hands the result back. It writes nothing, so it can be ended at
// any moment without harm; the writer then asks again.

import { decodeColumns } from "../block/decode.ts";
import { BlockEncoder } from "../block/encode.ts";
import { headerOf } from "../block/header.ts";
import { mergeColumns } from "../block/merge.ts";
import { listen, reply } from "../runtime/thread.ts";
import { BlockReader } from "../store/block_reader.ts";
import type { FromCompactor, MergeRequest, ToCompactor } from "./messages.ts";

const encoder = new BlockEncoder();
let reader: BlockReader | undefined;
let file = "";

function merge(request: MergeRequest): FromCompactor {
  const { job } = request;
  try {
    // Opened late and once: the writer makes the file.
    reader ??= new BlockReader(file);
    const blocks = reader.blocks(request.blocks);
    if (blocks.length !== request.blocks.length) return { kind: "failed", job, reason: "a block is gone" };
    const columns = mergeColumns(blocks.map((block) => decodeColumns(block.pieces, block.records)));
    return { kind: "merged", job, result: { header: headerOf(columns), encoded: encoder.columnar(columns) } };
  } catch (error) {
    return { kind: "failed", job, reason: error instanceof Error ? error.message : String(error) };
  }
}

listen<ToCompactor>((message) => {
  if (message.kind === "start") {
    file = message.file;
  } else if (message.kind === "merge") {
    reply<FromCompactor>(merge(message.request));
  } else {
    reader?.close();
    reply<FromCompactor>({ kind: "stopped" });
  }
});
