// What a data file has, as the shortest thing to compare: the messages of its records, in the order of their ids.

import { exportLines } from "../../src/query/stream/export.ts";
import { BlockReader } from "../../src/store/block_reader.ts";

export function messagesIn(file: string, project?: string): string[] {
  const reader = new BlockReader(file);
  const expiredBefore = () => Number.NEGATIVE_INFINITY;
  const filter = { project, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, expiredBefore };
  const onDamaged = (block: { readonly id: number }) => {
    throw new Error(`block ${block.id} is damaged`);
  };
  const lines = [...exportLines(reader, { filter, lineOf: ({ message }) => message ?? "", onDamaged })].flat();
  reader.close();
  return lines;
}
