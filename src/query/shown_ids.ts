// Ids as they are shown where several nodes have one history: a node's number times 2^40, and the id that its data file
// has. Blocks get their shown ids where they are read, so searches, cursors, pages, exports and tails know no others.

import { IDS_PER_NODE } from "./scan/ids.ts";
import type { QueryBlock, QuerySource } from "./scan/source.ts";
import type { ExportSource } from "./stream/export.ts";

/** A data file's blocks with the ids that are shown. @param node 0: those of the data file itself */
export function shownIds<S extends QuerySource & ExportSource>(source: S, node: number): QuerySource & ExportSource {
  if (node === 0) return source;
  const idOffset = node * IDS_PER_NODE;
  const shown = <B extends Pick<QueryBlock, "idMin" | "idMax">>(block: B): B => {
    return { ...block, idMin: block.idMin + idOffset, idMax: block.idMax + idOffset, idOffset };
  };
  return {
    begin: () => source.begin(),
    end: () => source.end(),
    list: (filter) => source.list(filter).map(shown),
    listIds: (from, to) => source.listIds(from - idOffset, to - idOffset).map(shown),
    open: (block) => source.open(block),
    nextRecordId: () => source.nextRecordId() + idOffset,
    projects: () => source.projects(),
    overlapping: (from, to) => source.overlapping(from - idOffset, to - idOffset).map(shown),
    chunks: (block) => source.chunks(block),
    damagedZoneMaps: () => source.damagedZoneMaps(),
  };
}
